// EasyTicket's refusals as its document describes them.
import { z } from 'zod';
import type { RefusalTexts } from '../http/api.ts';
import { pascal } from '../http/docs/names.ts';
import { spokenTexts } from '../http/docs/spoken.ts';
import { TABLE } from './errors.ts';

type Code = (typeof TABLE)[keyof typeof TABLE]['code'];

/** Codes with their meaning, and what stands in the body beside error, detail and field_errors. */
const CODES = {
  invalid: ['The request is not as described here, or contradicts what is so.', {}],
  invalid_credentials: ['The e-mail address or the password is wrong.', {}],
  email_not_verified: ['The password is right, but the address is not verified yet.', {}],
  token_not_valid: ['The token is not valid any more, or never was.', {}],
  not_authenticated: ['No credentials were sent.', {}],
  permission_denied: ["The caller may not do this: it is somebody else's, needs another role, or is not sold to them.", {}],
  not_found: ['There is no such thing, or it is not for the caller to see.', {}],
  not_changeable: ['What has been sold, has begun or was cancelled forbids this change.', {}],
  not_on_sale: ['It is not on sale now.', {}],
  event_over: ['The event has begun or is over: nothing is sold any more.', {}],
  event_cancelled: ['The event will not take place.', {}],
  sold_out: ['Nothing of it is left.', {}],
  not_available: ['Fewer are left than were asked for.', {}],
  limit_exceeded: ['More than may be bought at once, or less.', {}],
  order_expired: ['The order was not paid in time.', {}],
  order_not_payable: ['There is nothing to pay, or not any more.', { status: z.string().optional() }],
  order_not_cancellable: ['The order can no longer be cancelled.', {}],
  order_not_refundable: ['Nothing of it can be returned: it was not paid, or it is too late.', { status: z.string().optional() }],
  payment_failed: ['The payment was declined, or cannot be made so.', {}],
  unavailable: ['Not available right now: try again.', {}],
  key_reused: ['The Idempotency-Key was used for another request.', {}],
  key_in_use: ['The first request with this Idempotency-Key is still being worked on.', {}],
  throttled: ['Too many calls.', { limit: z.int(), retry_after: z.int().meta({ description: 'Seconds to wait.' }) }],
  method_not_allowed: ['This address does not know the method.', {}],
  too_large: ['The body is too large.', {}],
  server_error: ['A fault of the server.', {}],
} satisfies Record<Code, [meaning: string, facts: z.ZodRawShape]>;

function body(code: Code): z.ZodType {
  const [meaning, facts] = CODES[code];
  const name = pascal(code.replaceAll('_', ' '));
  return z
    .object({
      error: z.string().meta({ description: 'For people, in a few words.', example: meaning }),
      detail: z.string().meta({ description: 'For people, what to do about it.' }),
      code: z.literal(code),
      field_errors: z.record(z.string(), z.array(z.string())).optional().meta({ description: 'What is wrong with which field.' }),
      ...facts,
    })
    .meta({ id: name.endsWith('Error') ? name : `${name}Error`, description: meaning });
}

/** How EasyTicket documents each refusal. */
export const refusalTexts = (): RefusalTexts => spokenTexts(TABLE, { body, meaning: (code) => CODES[code][0] });
