// Evently's error codes as its document describes them: what each means, and what its details hold.
import { z } from 'zod';
import type { RefusalCode, RefusalTexts } from '../http/api.ts';
import { pascal } from '../http/docs/names.ts';
import { spokenTexts } from '../http/docs/spoken.ts';
import { TABLE } from './errors.ts';
import { amount, id, instant } from './shapes.ts';

type Code = (typeof TABLE)[keyof typeof TABLE]['code'];

const none = {};
const eventId = { event_id: z.string().optional() };
const bookingId = { order_id: id.optional().meta({ description: 'The booking.' }) };
const refund = {
  refund_status: z.enum(['processing', 'succeeded', 'failed', 'none']).optional().meta({ description: 'Of money that was sent back.' }),
  refund_amount: amount.optional(),
};
const offers = z
  .array(z.object({ id, name: z.string(), left: z.int().optional() }))
  .optional()
  .meta({ description: 'What it is about, and how much of it is left.' });
const fields = z
  .record(z.string(), z.string())
  .optional()
  .meta({ description: 'What is wrong with which field, a sentence each; parts of a field as `seat_configuration.sections.0.price`.' });
const seat = z.object({ id, section: z.string().nullable(), row: z.string().nullable(), seat_number: z.string().nullable() });

/** Codes with their meaning and what `details` may hold. */
const CODES = {
  VALIDATION_ERROR: [
    'The request is not as described here, or contradicts what is so.',
    {
      fields,
      field: z.string().optional().meta({ description: 'The one field or header that is wrong.' }),
      wanted: z.int().optional().meta({ description: 'How many seats were named.' }),
      known: z.int().optional().meta({ description: 'How many of them the event has.' }),
      quantity: z.int().optional(),
      max: z.int().optional().meta({ description: 'How many are allowed.' }),
      min: z.int().optional(),
      offers,
      event: z.string().optional(),
    },
  ],
  AUTH_INVALID_CREDENTIALS: [
    'The e-mail address, the password or the token is not valid, or there is no token.',
    {
      reason: z
        .enum(['wrong_email_or_password', 'email_not_verified', 'token_missing', 'token_invalid'])
        .meta({ description: 'Which of them it is.' }),
    },
  ],
  AUTH_TOKEN_EXPIRED: ['The access token has expired: refresh it.', { reason: z.literal('token_expired') }],
  AUTH_UNAUTHORIZED: [
    "The caller may not do this: it is somebody else's, needs another role, or is not sold to them.",
    {
      required_role: z.string().optional().meta({ description: 'The least role that may.' }),
      event_id: z.string().optional().meta({ description: 'The event that is not sold to the caller.' }),
    },
  ],
  NOT_FOUND: ['There is no such thing.', { what: z.string().optional().meta({ description: 'What there is none of.' }) }],
  EVENT_NOT_FOUND: ['There is no such event, or it is not published.', eventId],
  EVENT_NOT_CHANGEABLE: [
    'What has been sold, has begun or was cancelled forbids this change of the event.',
    {
      fields,
      because: z.enum(['cancelled', 'over', 'begun', 'ordered', 'sold', 'planned']).optional(),
      bookings: z.int().optional(),
      sold: z.int().optional(),
      held: z.int().optional(),
      seats: z
        .union([z.int(), z.array(seat.extend({ state: z.enum(['free', 'held', 'sold']) }))])
        .optional()
        .meta({ description: 'Seats in the way, or how many the plan has.' }),
    },
  ],
  BOOKING_SEATS_UNAVAILABLE: [
    'Seats are held or sold to somebody else, or the booking has given its seats back.',
    {
      ...eventId,
      ...bookingId,
      ...refund,
      wanted: z.int().optional(),
      seats: z.array(seat).optional().meta({ description: 'Which of the seats that were asked for are gone.' }),
      offers,
      waitlist: z.literal(true).optional().meta({ description: 'They are free, but for those who wait.' }),
      status: z.string().optional().meta({ description: 'How the booking or its payment stands.' }),
      free: z.literal(true).optional().meta({ description: 'There is nothing to pay.' }),
    },
  ],
  EVENT_NOT_ON_SALE: ['What was asked for is not on sale now: its sale has not begun, or is closed.', eventId],
  EVENT_OVER: ['The event has begun or is over: nothing is sold any more.', eventId],
  EVENT_CANCELLED: ['The event will not take place.', eventId],
  EVENT_SOLD_OUT: ['Nothing of this event is left.', eventId],
  WAITLIST_SEATS_AVAILABLE: ['There is nothing to wait for: enough seats can be booked now.', eventId],
  BOOKING_NOT_FOUND: ['There is no such booking.', bookingId],
  BOOKING_EXPIRED: ['The booking was not paid in time. Money that came too late is sent back.', { ...bookingId, ...refund }],
  PAYMENT_FAILED: [
    'The payment was declined, or this amount cannot be paid so. A hold keeps running until `expires_at`.',
    {
      decline_code: z.string().nullable().optional().meta({ example: 'insufficient_funds' }),
      booking_status: z.string().optional(),
      expires_at: instant.nullable().optional(),
    },
  ],
  SERVER_ERROR: [
    'Not the caller’s fault. With status 503 try again; nothing was lost.',
    { provider: z.string().optional(), reason: z.string().optional() },
  ],
  IDEMPOTENCY_KEY_REUSED: ['The Idempotency-Key was used for another request.', none],
  IDEMPOTENCY_KEY_IN_USE: ['The first request with this Idempotency-Key is still being worked on.', none],
  RATE_LIMIT_EXCEEDED: [
    'Too many calls.',
    { limit: z.int().meta({ description: 'How many are allowed.' }), retry_after: z.int().meta({ description: 'Seconds to wait.' }) },
  ],
  METHOD_NOT_ALLOWED: ['This address does not know the method.', none],
} satisfies Record<Code, [meaning: string, details: z.ZodRawShape]>;

/** Where one code of Evently's says several things, what it says here. */
const MEANINGS: { [C in RefusalCode]?: string } = {
  body_too_large: 'The body is too large.',
  server_error: 'A fault of the server.',
  unavailable: 'Not available right now: try again.',
  email_not_verified: 'The address is not verified: a mail with a link was sent to it.',
  token_invalid: 'The token is not valid, or there is none.',
  unauthenticated: 'The token is not valid, or there is none.',
};

/** The body of a refusal with this code. */
function body(code: Code): z.ZodType {
  const [meaning, details] = CODES[code];
  const name = pascal(code);
  const error = z.object({
    code: z.literal(code),
    message: z.string().meta({ description: 'For people.', example: meaning }),
    details: Object.keys(details).length ? z.object(details).meta({ id: `${name}Details` }) : NoDetails,
  });
  return z
    .object({
      success: z.literal(false),
      error: error.meta({ id: name.endsWith('Error') ? name : `${name}Error`, description: meaning }),
      timestamp: instant,
    })
    .meta({
      id: `${name}Response`,
    });
}

const NoDetails = z.object({}).meta({ id: 'NoDetails', description: 'Nothing more is to be said.' });

/** How Evently documents each refusal. */
export const refusalTexts = (): RefusalTexts => spokenTexts(TABLE, { body, meaning: (code, core) => MEANINGS[core] ?? CODES[code][0] });
