// The Registrations API's refusals as its document describes them: what each code means, and what its details hold.
import { z } from 'zod';
import type { RefusalTexts } from '../http/api.ts';
import { pascal } from '../http/docs/names.ts';
import { spokenTexts } from '../http/docs/spoken.ts';
import { TABLE } from './errors.ts';

type Code = (typeof TABLE)[keyof typeof TABLE]['code'];

const none = {};
const fields = z.record(z.string(), z.string()).optional().meta({ description: 'What is wrong with which field, a sentence each.' });

/** Codes with their meaning and what `details` may hold. */
const CODES = {
  VALIDATION_ERROR: ['The request is not as described here, or contradicts what is so.', { fields }],
  LIMIT_EXCEEDED: ['More than is allowed at once, or less.', { min: z.int().optional(), max: z.int().optional() }],
  UNAUTHORIZED: [
    'There is no API key, or it is not valid, or it has ended. Routes for people take an access token instead.',
    { reason: z.enum(['missing', 'invalid', 'ended']).optional().meta({ description: 'Which of them it is.' }) },
  ],
  FORBIDDEN: [
    'The key, or who is signed in, may not do this.',
    {
      requiredRole: z.string().optional().meta({ description: 'The least role that may.' }),
      requiredScope: z.string().optional().meta({ description: 'What the key would have to be for.' }),
    },
  ],
  NOT_FOUND: ['There is no such thing of yours.', { what: z.string().optional().meta({ description: 'What there is none of.' }) }],
  EVENT_NOT_FOUND: ['There is no such event of yours.', { eventId: z.string().optional() }],
  REGISTRATION_NOT_FOUND: ['There is no such registration for an event of yours.', none],
  METHOD_NOT_ALLOWED: ['This address does not know the method.', none],
  CAPACITY_EXCEEDED: [
    'The event, or this ticket type, is full.',
    {
      currentCapacity: z.int().optional().meta({ description: 'How many places are taken.', example: 500 }),
      maxCapacity: z.int().optional().meta({ description: 'Of how many.', example: 500 }),
      waitlistAvailable: z.boolean().optional().meta({ description: 'Whether one may wait for a place.' }),
    },
  ],
  ALREADY_REGISTERED: [
    'The participant has a registration for this event. Once it is cancelled there may be another.',
    { participantId: z.string() },
  ],
  CAPACITY_AVAILABLE: ['There is nothing to wait for: there are free places.', none],
  EVENT_NOT_CHANGEABLE: ['What is taken, has begun or was cancelled forbids this change.', { fields }],
  REGISTRATION_CLOSED: ['One cannot register now: registration has not begun, or is closed.', none],
  EVENT_OVER: ['The event has begun, or is over.', none],
  EVENT_CANCELLED: ['The event will not take place.', none],
  REGISTRATION_NOT_CONFIRMED: ['The registration has no ticket yet: it is waitlisted.', none],
  REGISTRATION_CANCELLED: ['The registration is cancelled, and so is its ticket.', none],
  TICKET_NOT_FOUND: ['This is not the code of a ticket for an event of yours.', none],
  TICKET_OF_OTHER_EVENT: ['The ticket is for another event of yours.', none],
  TICKET_ALREADY_USED: [
    'Somebody was checked in with this ticket before.',
    {
      checkedInAt: z.string().optional().meta({ description: 'When.', example: '2025-03-15T09:12:44Z' }),
      gate: z.string().optional().meta({ description: 'Where, if the scanner said.' }),
    },
  ],
  TICKET_CANCELLED: ['The ticket is void: its registration was cancelled, or it was paid back.', none],
  REGISTRATION_ENDED: ['The registration has ended.', none],
  REGISTRATION_NOT_CHANGEABLE: ['The registration can no longer be changed or cancelled.', none],
  IDEMPOTENCY_KEY_IN_USE: ['The first request with this Idempotency-Key is still being worked on.', none],
  IDEMPOTENCY_KEY_REUSED: ['The Idempotency-Key was used for another request.', none],
  BODY_TOO_LARGE: ['The body is too large.', none],
  RATE_LIMIT_EXCEEDED: [
    'Too many calls.',
    { limit: z.int().meta({ description: 'How many are allowed.' }), retryAfter: z.int().meta({ description: 'Seconds to wait.' }) },
  ],
  INTERNAL_ERROR: ['A fault of the server.', none],
  UNAVAILABLE: ['Not available right now: try again.', none],
} satisfies Record<Code, [meaning: string, details: z.ZodRawShape]>;

const NoDetails = z.object({}).meta({ id: 'NoDetails' });

function body(code: Code): z.ZodType {
  const [meaning, details] = CODES[code];
  const name = pascal(code).replace(/Error$/, '');
  const error = z.object({
    code: z.literal(code),
    message: z.string().meta({ description: 'For people.', example: meaning }),
    details: details === none ? NoDetails : z.object(details).meta({ id: `${name}Details` }),
  });
  return z.object({ error }).meta({ id: `${name}Error`, description: meaning });
}

/** How the Registrations API documents each refusal. */
export const refusalTexts = (): RefusalTexts => spokenTexts(TABLE, { body, meaning: (code) => CODES[code][0] });
