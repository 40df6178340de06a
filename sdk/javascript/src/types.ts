// The names that the client gives to what the document describes.
import type { components, operations, Refusals } from './generated';

type Schemas = components['schemas'];
type OperationId = keyof operations;

/** What an operation answers with: JSON, a file's bytes, or nothing. */
export type Answer<O extends OperationId> = {
  [S in keyof operations[O]['responses']]: Content<operations[O]['responses'][S]>;
}[keyof operations[O]['responses']];

type Content<Response> = Response extends { content: { 'application/json': infer Json } }
  ? Json
  : Response extends { content: object }
    ? Uint8Array
    : undefined;

/** What an operation is sent. */
export type Body<O extends OperationId> = operations[O] extends { requestBody?: { content: { 'application/json': infer Sent } } }
  ? Sent
  : undefined;

/** How a list may be narrowed. */
export type Query<O extends OperationId> = NonNullable<operations[O]['parameters']['query']>;

/** The same of a list that is paged for you: without the mark of a page. */
export type Filter<O extends OperationId> = Omit<Query<O>, 'cursor' | 'after'>;

export type Registration = Schemas['Registration'];
export type RegistrationPage = Schemas['Registrations'];
export type Ticket = Schemas['Ticket'];
export type CheckedIn = Schemas['CheckedIn'];
export type BulkJob = Schemas['BulkJob'];
export type BulkResult = Schemas['BulkResult'];
export type NewRegistration = Body<'createRegistration'>;
export type RegistrationChange = Body<'updateRegistration'>;
export type Capacity = Schemas['Capacity'];
export type EventSettings = Schemas['EventSettings'];
export type EventSettingsChange = Body<'updateEventSettings'>;
export type RegistrationStats = Schemas['RegistrationStats'];
export type Webhook = Schemas['Webhook'];
export type WebhookWithSecret = Schemas['WebhookWithSecret'];
export type NewWebhook = Body<'createWebhook'>;
export type WebhookChange = Body<'updateWebhook'>;
export type WebhookDelivery = Schemas['WebhookDelivery'];
export type WebhookDeliveryPage = Schemas['WebhookDeliveries'];
export type WebhookPayload = Schemas['WebhookPayload'];
export type ReplayRange = Body<'replayWebhookDeliveries'>;

/** The codes that the API refuses with. */
export type ErrorCode = keyof Refusals;
/** What the details of a refusal hold. */
export type Details<Code extends ErrorCode> = Refusals[Code];

/** What one call may say for itself. */
export type CallOptions = {
  /** Sent instead of one made for this call, where the operation takes one: the same key does the same thing once. */
  idempotencyKey?: string;
  /** For how many milliseconds to wait for each try's answer. */
  timeoutMs?: number;
  /** Ends the call. */
  signal?: AbortSignal;
};
