// How the Ticket API says no: {detail}, in the seed's own sentences, and facts beside it.
import type { Refusal, RefusalCode, RefusalTable } from '../http/api.ts';

/** Every core code as the Ticket API speaks it: 400, 401, 403 and 409 are the seed's. The codes are for its document alone. */
export const TABLE = {
  invalid: { status: 400, code: 'invalid' },
  malformed: { status: 400, code: 'invalid' },
  invalid_credentials: { status: 401, code: 'unauthorized' },
  token_expired: { status: 401, code: 'unauthorized' },
  token_invalid: { status: 401, code: 'unauthorized' },
  unauthenticated: { status: 401, code: 'unauthorized' },
  email_not_verified: { status: 401, code: 'unauthorized' },
  forbidden: { status: 403, code: 'forbidden' },
  blocked: { status: 403, code: 'forbidden' },
  not_found: { status: 404, code: 'not_found' },
  account_not_found: { status: 404, code: 'not_found' },
  email_taken: { status: 400, code: 'invalid' },
  // "Invalid quantity or event not found" is a 400 in the seed.
  event_not_found: { status: 400, code: 'invalid' },
  event_fixed: { status: 400, code: 'invalid' },
  event_not_on_sale: { status: 400, code: 'invalid' },
  event_over: { status: 400, code: 'invalid' },
  event_cancelled: { status: 400, code: 'invalid' },
  sold_out: { status: 409, code: 'conflict' },
  places_unavailable: { status: 409, code: 'conflict' },
  seats_available: { status: 409, code: 'conflict' },
  limit_exceeded: { status: 400, code: 'invalid' },
  already_registered: { status: 409, code: 'conflict' },
  order_not_found: { status: 404, code: 'not_found' },
  order_unconfirmed: { status: 400, code: 'invalid' },
  order_cancelled: { status: 400, code: 'invalid' },
  ticket_unknown: { status: 404, code: 'not_found' },
  ticket_elsewhere: { status: 400, code: 'invalid' },
  ticket_used: { status: 400, code: 'invalid' },
  ticket_void: { status: 400, code: 'invalid' },
  order_expired: { status: 400, code: 'invalid' },
  order_not_payable: { status: 400, code: 'invalid' },
  order_not_cancellable: { status: 400, code: 'invalid' },
  order_not_refundable: { status: 400, code: 'invalid' },
  payment_failed: { status: 400, code: 'invalid' },
  payment_unavailable: { status: 503, code: 'unavailable' },
  unavailable: { status: 503, code: 'unavailable' },
  payment_mismatch: { status: 400, code: 'invalid' },
  signature_invalid: { status: 400, code: 'invalid' },
  key_reused: { status: 422, code: 'key_reused' },
  key_in_use: { status: 409, code: 'conflict' },
  rate_limited: { status: 429, code: 'throttled' },
  route_not_found: { status: 404, code: 'not_found' },
  method_not_allowed: { status: 405, code: 'method_not_allowed' },
  body_too_large: { status: 413, code: 'too_large' },
  server_error: { status: 500, code: 'server_error' },
} as const satisfies RefusalTable;

/** Where the API has words of its own. */
const OWN: { [C in RefusalCode]?: (refusal: Refusal<C>) => { detail?: string; facts?: Record<string, unknown> } } = {
  unauthenticated: () => ({ detail: 'Authentication credentials were not provided.' }),
  malformed: ({ details }) => ({ facts: 'fields' in details ? { errors: details.fields } : {} }),
  places_unavailable: ({ details }) => ({
    detail: 'Insufficient tickets available',
    facts: details.offers?.[0] && { available: details.offers[0].left },
  }),
  sold_out: () => ({ detail: 'Insufficient tickets available', facts: { available: 0 } }),
  rate_limited: ({ details }) => ({ facts: { retry_after: details.retrySeconds } }),
};

/** A refusal in the Ticket API's words. */
export function refuse(refusal: Refusal): { status: number; body: unknown } {
  const own = OWN[refusal.code] as ((refusal: Refusal) => { detail?: string; facts?: object }) | undefined;
  const { detail = refusal.message, facts } = own?.(refusal) ?? {};
  return { status: TABLE[refusal.code].status, body: { detail, ...facts } };
}
