// The Ticket API's refusals as its document describes them: one shape, told apart by the status.
import { z } from 'zod';
import type { RefusalTexts } from '../http/api.ts';
import { spokenTexts } from '../http/docs/spoken.ts';
import { TABLE } from './errors.ts';

type Code = (typeof TABLE)[keyof typeof TABLE]['code'];

const MEANINGS: Record<Code, string> = {
  invalid: 'The request is not as described here, or cannot be done so: detail says why.',
  unauthorized: 'Nobody is signed in.',
  forbidden: 'The caller may not do this.',
  not_found: 'There is no such thing.',
  conflict: 'Fewer tickets are left than were asked for.',
  unavailable: 'Not available right now: try again.',
  key_reused: 'The Idempotency-Key, or the nonce, was used for something else.',
  throttled: 'Too many calls.',
  method_not_allowed: 'This address does not know the method.',
  too_large: 'The body is too large.',
  server_error: 'A fault of the server.',
};

const Body = z
  .object({
    detail: z.string(),
    errors: z.record(z.string(), z.string()).optional().meta({ description: 'What is wrong with which field.' }),
    available: z.int().optional().meta({ description: 'How many tickets are left.' }),
    retry_after: z.int().optional().meta({ description: 'Seconds to wait.' }),
  })
  .meta({ id: 'TicketApiError' });

/** How the Ticket API documents each refusal. */
export const refusalTexts = (): RefusalTexts => spokenTexts(TABLE, { body: () => Body, meaning: (code) => MEANINGS[code] });
