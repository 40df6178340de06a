// The ways the core says no. Services throw these; each API folder says how every code is spoken on its wire.

/** Every refusal the core knows. An API's error table must cover all of them or it does not compile. */
export const ERROR_CODES = [
  'invalid', // the request contradicts itself or the data it names: details.fields says where
  'invalid_credentials',
  'token_expired',
  'token_invalid',
  'unauthenticated',
  'forbidden',
  'not_found', // something without a code of its own, details.what names it
  'account_not_found',
  'email_taken',
  'event_not_found',
  'event_fixed', // what has been sold or has begun forbids this change: details.fields says what
  'event_not_on_sale', // not published, already begun, or outside the sales window
  'sold_out', // nothing of this event is left unsold
  'places_unavailable', // held or sold to somebody else right now
  'seats_available', // nothing to wait for: enough places can be booked now
  'limit_exceeded', // more places than one order may hold, or fewer than the offer's minimum
  'order_not_found',
  'order_expired',
  'order_not_payable', // cancelled, or already confirmed
  'order_not_cancellable',
  'payment_failed', // the provider declined: details.decline_code, the hold keeps running
  'payment_unavailable', // the provider did not answer in time: the outcome is unknown and will be found out
  'payment_mismatch', // a callback that contradicts the order it names
  'signature_invalid',
  'key_reused', // an idempotency key came again with another request
  'key_in_use', // the first request with this idempotency key is still being answered
  'rate_limited',
  'unavailable', // a dependency is down: try again
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** A refusal with a stable code, a sentence a person can act on, and facts for programs. Never carries HTTP. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'DomainError';
    this.code = code;
    this.details = details;
  }
}
