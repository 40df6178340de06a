import * as api from './dist/main.js';

declare class BilletterAPI extends api.BilletterAPI {}

declare namespace BilletterAPI {
  export import verifyWebhook = api.verifyWebhook;

  export import AlreadyRegistered = api.AlreadyRegistered;
  export import BadRequest = api.BadRequest;
  export import BilletterError = api.BilletterError;
  export import CapacityExceeded = api.CapacityExceeded;
  export import Conflict = api.Conflict;
  export import ConnectionFailed = api.ConnectionFailed;
  export import Forbidden = api.Forbidden;
  export import NotFound = api.NotFound;
  export import RateLimited = api.RateLimited;
  export import RegistrationClosed = api.RegistrationClosed;
  export import ServerError = api.ServerError;
  export import TimedOut = api.TimedOut;
  export import Unauthorized = api.Unauthorized;
  export import WebhookVerificationFailed = api.WebhookVerificationFailed;

  export type CallOptions = api.CallOptions;
  export type Capacity = api.Capacity;
  export type Environment = api.Environment;
  export type ErrorCode = api.ErrorCode;
  export type EventSettings = api.EventSettings;
  export type EventSettingsChange = api.EventSettingsChange;
  export type NewRegistration = api.NewRegistration;
  export type NewWebhook = api.NewWebhook;
  export type Options = api.Options;
  export type Registration = api.Registration;
  export type RegistrationChange = api.RegistrationChange;
  export type RegistrationStats = api.RegistrationStats;
  export type BulkJob = api.BulkJob;
  export type BulkResult = api.BulkResult;
  export type CheckedIn = api.CheckedIn;
  export type Ticket = api.Ticket;
  export type Webhook = api.Webhook;
  export type WebhookChange = api.WebhookChange;
  export type WebhookDelivery = api.WebhookDelivery;
  export type WebhookPayload = api.WebhookPayload;
}

export = BilletterAPI;
