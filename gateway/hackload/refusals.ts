// The Hackload API's refusals as its document describes them: one shape, told apart by the status.
import { z } from 'zod';
import type { RefusalTexts } from '../http/api.ts';
import { spokenTexts } from '../http/docs/spoken.ts';
import { TABLE } from './errors.ts';

type Code = (typeof TABLE)[keyof typeof TABLE]['code'];

const MEANINGS: Record<Code, string> = {
  bad_request: 'A parameter or the body is not as described here.',
  unauthorized: 'No credentials, or wrong ones.',
  forbidden: 'It is not yours, or your role does not reach so far.',
  not_found: 'There is no such thing.',
  method_not_allowed: 'This address does not know the method.',
  too_large: 'The body is too large.',
  conflict: 'It cannot be had, or not be done any more: somebody was faster, or time was.',
  limit: 'More than one buyer may have.',
  too_many_requests: 'Too many calls: Retry-After says when the next is let in.',
  server_error: 'A fault of the server.',
  unavailable: 'Not available right now: try again.',
};

const Body = z
  .object({
    error: z.string(),
    message: z.string(),
    fields: z.record(z.string(), z.string()).optional().meta({ description: 'What is wrong with which parameter.' }),
  })
  .meta({ id: 'HackloadError' });

/** How the Hackload API documents each refusal. */
export const refusalTexts = (): RefusalTexts => spokenTexts(TABLE, { body: () => Body, meaning: (code) => MEANINGS[code] });
