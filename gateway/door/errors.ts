// How the door's API says no: {error, detail}. Its page shows the detail, and decides by the error.
import { z } from 'zod';
import type { Refusal, RefusalTable, RefusalTexts } from '../http/api.ts';
import { spokenTexts } from '../http/docs/spoken.ts';

const NO = { status: 400, code: 'invalid' } as const;
const SIGN_IN = { status: 401, code: 'unauthenticated' } as const;
const NONE = { status: 404, code: 'not_found' } as const;
const AWAY = { status: 503, code: 'unavailable' } as const;

/** Every core code as the door speaks it. Nothing is sold at a door, so what only sales refuse is told as a plain no. */
const TABLE = {
  invalid: NO,
  malformed: NO,
  invalid_credentials: { status: 401, code: 'invalid_credentials' },
  token_expired: SIGN_IN,
  token_invalid: SIGN_IN,
  unauthenticated: SIGN_IN,
  account_not_found: SIGN_IN,
  email_not_verified: { status: 403, code: 'email_not_verified' },
  forbidden: { status: 403, code: 'forbidden' },
  not_found: NONE,
  event_not_found: NONE,
  order_not_found: NONE,
  route_not_found: NONE,
  email_taken: NO,
  already_registered: NO,
  blocked: NO,
  event_fixed: NO,
  event_not_on_sale: NO,
  event_over: NO,
  event_cancelled: NO,
  sold_out: NO,
  places_unavailable: NO,
  seats_available: NO,
  limit_exceeded: NO,
  order_unconfirmed: NO,
  order_cancelled: NO,
  ticket_unknown: NO,
  ticket_elsewhere: NO,
  ticket_used: NO,
  ticket_void: NO,
  order_expired: NO,
  order_not_payable: NO,
  order_not_cancellable: NO,
  order_not_refundable: NO,
  payment_failed: NO,
  payment_mismatch: NO,
  signature_invalid: NO,
  key_reused: NO,
  key_in_use: NO,
  payment_unavailable: AWAY,
  unavailable: AWAY,
  rate_limited: { status: 429, code: 'rate_limited' },
  method_not_allowed: { status: 405, code: 'method_not_allowed' },
  body_too_large: { status: 413, code: 'too_large' },
  server_error: { status: 500, code: 'server_error' },
} as const satisfies RefusalTable;

/** A refusal in the door's words. */
export const refuse = ({ code, message }: Refusal): { status: number; body: unknown } => ({
  status: TABLE[code].status,
  body: { error: TABLE[code].code, detail: message },
});

const MEANINGS: Record<(typeof TABLE)[keyof typeof TABLE]['code'], string> = {
  invalid: 'The request is not as described here: detail says why.',
  invalid_credentials: 'The address or the password is wrong.',
  unauthenticated: 'Nobody is signed in, or the sign-in is over.',
  email_not_verified: 'The address of this account is not confirmed yet.',
  forbidden: 'Not an organizer, or the call does not come from the page.',
  not_found: 'There is no such thing, or it is somebody else’s.',
  unavailable: 'Not available right now: try again.',
  rate_limited: 'Too many calls.',
  method_not_allowed: 'This address does not know the method.',
  too_large: 'The body is too large.',
  server_error: 'A fault of the server.',
};

const Body = z.object({ error: z.string(), detail: z.string() }).meta({ id: 'DoorError' });

/** How the door documents each refusal. */
export const refusalTexts = (): RefusalTexts => spokenTexts(TABLE, { body: () => Body, meaning: (code) => MEANINGS[code] });
