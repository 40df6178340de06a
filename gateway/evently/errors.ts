// How Evently says no: every core code as one of the seed's codes. The seed gives each code one status, and so does this table.
import { z } from 'zod';
import type { Refusal, RefusalTable } from '../http/api.ts';
import { failure } from './envelope.ts';
import { instant } from './shapes.ts';

export const ErrorBody = z.object({
  success: z.literal(false),
  error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }),
  timestamp: instant,
});

const TABLE = {
  invalid: { status: 400, code: 'VALIDATION_ERROR' },
  invalid_credentials: { status: 401, code: 'AUTH_INVALID_CREDENTIALS' },
  token_expired: { status: 401, code: 'AUTH_TOKEN_EXPIRED' },
  // The seed keeps AUTH_UNAUTHORIZED for 403. A missing or false token is a 401, and of its 401 codes this is the one that is true.
  token_invalid: { status: 401, code: 'AUTH_INVALID_CREDENTIALS' },
  unauthenticated: { status: 401, code: 'AUTH_INVALID_CREDENTIALS' },
  forbidden: { status: 403, code: 'AUTH_UNAUTHORIZED' },
  // The seed has no code for other missing things; a tickets file or an account is named in details.what.
  not_found: { status: 404, code: 'NOT_FOUND' },
  account_not_found: { status: 404, code: 'NOT_FOUND' },
  // The seed has no code for a taken address: it is a fault of the field, and VALIDATION_ERROR is a 400 there.
  email_taken: { status: 400, code: 'VALIDATION_ERROR' },
  event_not_found: { status: 404, code: 'EVENT_NOT_FOUND' },
  // "409 Conflict - Resource conflict" in the seed; its two 409 codes speak of buying, this is an organizer's change.
  event_fixed: { status: 409, code: 'EVENT_NOT_CHANGEABLE' },
  // The request is well formed, the event's state forbids it: the 409 whose sentence is true of it.
  event_not_on_sale: { status: 409, code: 'BOOKING_SEATS_UNAVAILABLE' },
  sold_out: { status: 409, code: 'EVENT_SOLD_OUT' },
  places_unavailable: { status: 409, code: 'BOOKING_SEATS_UNAVAILABLE' },
  // Sound request, wrong moment: a 409. The seed's two 409s both say that seats are gone, the opposite of what is true here.
  seats_available: { status: 409, code: 'WAITLIST_SEATS_AVAILABLE' },
  limit_exceeded: { status: 400, code: 'VALIDATION_ERROR' },
  order_not_found: { status: 404, code: 'BOOKING_NOT_FOUND' },
  order_expired: { status: 410, code: 'BOOKING_EXPIRED' },
  // A cancelled booking has given its seats back: for it they are no longer available, a 409 of the seed's.
  order_not_payable: { status: 409, code: 'BOOKING_SEATS_UNAVAILABLE' },
  order_not_cancellable: { status: 400, code: 'VALIDATION_ERROR' },
  payment_failed: { status: 402, code: 'PAYMENT_FAILED' },
  // What we depend on is away: 503 tells programs to come back, which 500 does not.
  payment_unavailable: { status: 503, code: 'SERVER_ERROR' },
  unavailable: { status: 503, code: 'SERVER_ERROR' },
  payment_mismatch: { status: 400, code: 'VALIDATION_ERROR' },
  signature_invalid: { status: 400, code: 'VALIDATION_ERROR' },
  // The seed promises "the same response" for a key and names no refusals; 422 and 409 are what the field uses (Stripe, the IETF draft).
  key_reused: { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' },
  key_in_use: { status: 409, code: 'IDEMPOTENCY_KEY_IN_USE' },
  rate_limited: { status: 429, code: 'RATE_LIMIT_EXCEEDED' },
  route_not_found: { status: 404, code: 'NOT_FOUND' },
  method_not_allowed: { status: 405, code: 'METHOD_NOT_ALLOWED' },
  body_too_large: { status: 413, code: 'VALIDATION_ERROR' },
  server_error: { status: 500, code: 'SERVER_ERROR' },
} satisfies RefusalTable;

/** A refusal in Evently's words. */
export function refuse({ code, message, details }: Refusal): { status: number; body: unknown } {
  const spoken = TABLE[code];
  return { status: spoken.status, body: failure(spoken.code, message, details) };
}
