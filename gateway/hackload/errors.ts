// How the Hackload API says no: {error, message} and the contract's statuses; 419 is a seat or a booking that cannot be had.
import type { Refusal, RefusalTable } from '../http/api.ts';

export const TABLE = {
  invalid: { status: 400, code: 'bad_request' },
  malformed: { status: 400, code: 'bad_request' },
  email_taken: { status: 400, code: 'bad_request' },
  key_reused: { status: 400, code: 'bad_request' },
  signature_invalid: { status: 400, code: 'bad_request' },
  payment_mismatch: { status: 400, code: 'bad_request' },
  event_fixed: { status: 400, code: 'bad_request' },
  invalid_credentials: { status: 401, code: 'unauthorized' },
  unauthenticated: { status: 401, code: 'unauthorized' },
  token_invalid: { status: 401, code: 'unauthorized' },
  token_expired: { status: 401, code: 'unauthorized' },
  email_not_verified: { status: 401, code: 'unauthorized' },
  forbidden: { status: 403, code: 'forbidden' },
  blocked: { status: 403, code: 'forbidden' },
  not_found: { status: 404, code: 'not_found' },
  account_not_found: { status: 404, code: 'not_found' },
  event_not_found: { status: 404, code: 'not_found' },
  order_not_found: { status: 404, code: 'not_found' },
  ticket_unknown: { status: 404, code: 'not_found' },
  route_not_found: { status: 404, code: 'not_found' },
  method_not_allowed: { status: 405, code: 'method_not_allowed' },
  body_too_large: { status: 413, code: 'too_large' },
  event_not_on_sale: { status: 419, code: 'conflict' },
  event_over: { status: 419, code: 'conflict' },
  event_cancelled: { status: 419, code: 'conflict' },
  sold_out: { status: 419, code: 'conflict' },
  places_unavailable: { status: 419, code: 'conflict' },
  seats_available: { status: 419, code: 'conflict' },
  limit_exceeded: { status: 419, code: 'limit' },
  already_registered: { status: 419, code: 'conflict' },
  order_unconfirmed: { status: 419, code: 'conflict' },
  order_cancelled: { status: 419, code: 'conflict' },
  order_expired: { status: 419, code: 'conflict' },
  order_not_payable: { status: 419, code: 'conflict' },
  order_not_cancellable: { status: 419, code: 'conflict' },
  order_not_refundable: { status: 419, code: 'conflict' },
  payment_failed: { status: 419, code: 'conflict' },
  ticket_elsewhere: { status: 419, code: 'conflict' },
  ticket_used: { status: 419, code: 'conflict' },
  ticket_void: { status: 419, code: 'conflict' },
  key_in_use: { status: 419, code: 'conflict' },
  rate_limited: { status: 429, code: 'too_many_requests' },
  server_error: { status: 500, code: 'server_error' },
  payment_unavailable: { status: 503, code: 'unavailable' },
  unavailable: { status: 503, code: 'unavailable' },
} as const satisfies RefusalTable;

/** A refusal in the Hackload API's words; `fields` says what is wrong with which parameter. */
export function refuse({ code, message, details }: Refusal): { status: number; body: unknown } {
  const { status, code: error } = TABLE[code];
  const fields = code === 'malformed' && 'fields' in details ? { fields: details.fields } : {};
  return { status, body: { error, message, ...fields } };
}
