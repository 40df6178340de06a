// The contract between the gateway, the workers and the workflows: ids, queues, names, shapes. Pure, so every side may import it.
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from '@temporalio/common';

/** One task queue per service; `worker --queues` picks which of them a process serves. */
export const QUEUES = ['orders', 'payments', 'inventory', 'notifications'] as const;
export type Queue = (typeof QUEUES)[number];

/** What operators can search for in the Temporal UI. Registered by deploy/local and by every worker at its start. */
export const SEARCH = {
  event: defineSearchAttributeKey('BilletterEvent', SearchAttributeType.KEYWORD),
  order: defineSearchAttributeKey('BilletterOrder', SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey('BilletterStatus', SearchAttributeType.KEYWORD),
  owner: defineSearchAttributeKey('BilletterOwner', SearchAttributeType.KEYWORD),
} as const;

export const WORKFLOWS = {
  order: 'order',
  sms: 'sms',
  mail: 'mail',
  webhook: 'webhook',
  waitlist: 'waitlist',
  eventNotice: 'eventNotice',
  ticketJob: 'ticketJob',
  externalSync: 'externalSync',
} as const;

/** Something about the order was written: look again. Sent by the relay after every commit that concerns the workflow. */
export const CHANGED = 'changed';

/** Decide this attempt to pay now; answers when the outcome is known. */
export const PAY = 'pay';
/** The id of the attempt's receipt, where the rest of it stands (services/payments/attempts.ts). */
export type PayRequest = { attempt: string };
export type PayResult =
  | { outcome: 'confirmed' | 'expired' | 'refunded' | 'processing' | 'not-payable' }
  | { outcome: 'declined'; declineCode: string; message: string };

/** Answers once the provider of an external event has the order as our rows have it. Orders of other events always are. */
export const IN_STEP = 'inStep';

/** `code` is the order's code for people, `event` the event's slug, `owner` the account's id. */
export type OrderInput = {
  orderId: string;
  code: string;
  event: string;
  owner: string;
  /** How much later than its hold's end an order that nobody pays is tidied up, in milliseconds (worker/holdEnds.ts). */
  lateMs?: number;
};

export const orderWorkflowId = (orderId: string) => `order/${orderId}`;
export const smsWorkflowId = (textId: string) => `sms/${textId}`;
export const mailWorkflowId = (mailId: string) => `mail/${mailId}`;
export const webhookWorkflowId = (deliveryId: string) => `webhook/${deliveryId}`;
export const waitlistWorkflowId = (eventId: string) => `waitlist/${eventId}`;

export const eventNoticeWorkflowId = (eventId: string) => `event/${eventId}`;

export const externalSyncWorkflowId = (eventId: string) => `external/${eventId}`;

export const ticketJobWorkflowId = (jobId: string) => `tickets/${jobId}`;

export type WaitlistInput = { eventId: string };
export type WebhookInput = { deliveryId: string };
export type EventNoticeInput = { eventId: string };
export type ExternalSyncInput = { eventId: string };
export type TicketJobInput = { jobId: string };

/**
 * What goes first where tasks wait, 1 before 5 (the engine's own default is 3). A workflow keeps the priority it was started with, so an order
 * has that of money before it is paid: else its buyer waited behind all who came later and paid at once. That unpaid ones are in nobody's
 * way is seen to by how few are started at a time (worker/starts.ts) and how few are tidied up (worker/holdEnds.ts).
 */
export const PRIORITY = {
  order: { priorityKey: 1 },
  webhook: { priorityKey: 4 },
  bulk: { priorityKey: 5 },
} as const;

/** Options that start (or find) the workflow of an order. */
export function orderStart(input: OrderInput) {
  const typedSearchAttributes: SearchAttributePair[] = [
    { key: SEARCH.event, value: input.event },
    { key: SEARCH.order, value: input.code },
    { key: SEARCH.owner, value: input.owner },
    { key: SEARCH.status, value: 'pending' },
  ];
  return {
    workflowId: orderWorkflowId(input.orderId),
    taskQueue: 'orders' satisfies Queue,
    args: [input] as [OrderInput],
    typedSearchAttributes,
    staticSummary: `${input.code} for ${input.event}`,
    priority: PRIORITY.order,
    // An order's story may have several chapters (late payment, refund): each is a run of the same workflow id.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
  };
}

/** Options for the start of an order nobody has paid yet. It is refused where somebody has started it before, whether that run is over or not. */
export const orderFirstStart = (input: OrderInput) => ({
  ...orderStart(input),
  workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
  workflowIdConflictPolicy: 'FAIL' as const,
});

/** Options that start the delivery of one message; starting it twice is one delivery. */
const deliveryStart = (workflowId: string, id: string, staticSummary: string) => ({
  workflowId,
  taskQueue: 'notifications' satisfies Queue,
  args: [id] as [string],
  staticSummary,
  workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
});

/** ... of one text message, of an order or of none. */
export const smsStart = (textId: string, orderId: string | null) =>
  deliveryStart(smsWorkflowId(textId), textId, orderId ? `text for order ${orderId}` : 'text');

/** ... of one mail that belongs to no order. */
export const mailStart = (mailId: string) => deliveryStart(mailWorkflowId(mailId), mailId, 'mail');

/** Options that start the delivery of one webhook; `owner` is the account whose endpoint it is. Where tasks wait, endpoints are served in turn. */
export function webhookStart({
  id,
  event,
  url,
  endpoint,
  owner,
}: {
  id: string;
  event: string;
  url: string;
  endpoint: string;
  owner: string;
}) {
  return {
    workflowId: webhookWorkflowId(id),
    taskQueue: 'notifications' satisfies Queue,
    args: [{ deliveryId: id }] as [WebhookInput],
    typedSearchAttributes: [{ key: SEARCH.owner, value: owner }] as SearchAttributePair[],
    // The host alone: what stands behind it may be somebody's secret.
    staticSummary: `${event} to ${new URL(url).host}, webhook ${endpoint}`,
    priority: { ...PRIORITY.webhook, fairnessKey: endpoint },
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  };
}

/** Options that start (or find) the one workflow that serves an event's waitlist. */
export function waitlistStart(eventId: string) {
  return {
    workflowId: waitlistWorkflowId(eventId),
    taskQueue: 'inventory' satisfies Queue,
    args: [{ eventId }] as [WaitlistInput],
    staticSummary: `waitlist of event ${eventId}`,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  };
}

/** Options that start (or find) the one workflow that carries an event's notices to its holders. `event`: the event's slug. */
export function eventNoticeStart(eventId: string, event: string) {
  return {
    workflowId: eventNoticeWorkflowId(eventId),
    taskQueue: 'inventory' satisfies Queue,
    args: [{ eventId }] as [EventNoticeInput],
    typedSearchAttributes: [{ key: SEARCH.event, value: event }] as SearchAttributePair[],
    staticSummary: `telling the holders of ${event}`,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  };
}

/** Options that start (or find) the one workflow that reads an external event's places. */
export function externalSyncStart(eventId: string) {
  return {
    workflowId: externalSyncWorkflowId(eventId),
    taskQueue: 'inventory' satisfies Queue,
    args: [{ eventId }] as [ExternalSyncInput],
    staticSummary: `places of external event ${eventId}`,
    priority: PRIORITY.bulk,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  };
}

/** Options that start (or find) the workflow of a job on many tickets; `owner` is the account whose program asked for it. */
export function ticketJobStart(jobId: string, { owner, operation, total }: { owner: string; operation: string; total: number }) {
  return {
    workflowId: ticketJobWorkflowId(jobId),
    taskQueue: 'inventory' satisfies Queue,
    args: [{ jobId }] as [TicketJobInput],
    typedSearchAttributes: [{ key: SEARCH.owner, value: owner }] as SearchAttributePair[],
    staticSummary: `${operation} the tickets of ${total} registrations`,
    // Jobs of several owners take turns.
    priority: { ...PRIORITY.bulk, fairnessKey: owner },
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  };
}
