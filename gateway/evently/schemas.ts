// Evently's shapes: what requests must look like, and what answers are documented to be. The presenters are typed by the latter.
import { z } from 'zod';
import { textable } from '../../services/outbox/texts.ts';

const id = z.guid().meta({ example: '550e8400-e29b-41d4-a716-446655440001' });
// Other years are written with a sign, which is no date-time any more. An offset can lead there too.
const isWritable = (text: string) => new Date(text).getUTCFullYear() >= 1 && new Date(text).getUTCFullYear() <= 9999;
const instant = z.iso
  .datetime({ offset: true })
  .refine(isWritable, 'must be in the years 1 to 9999 (UTC)')
  .meta({ example: '2024-07-15T18:00:00Z' });
const amount = z.number().meta({ example: 500.0 });
const label = (max: number) => z.string().trim().min(1).max(max);

// Paths carry ids as text: what is no uuid is "not found", which only the handler can say in the right words.
export const BookingPath = z.object({ id: z.string().meta({ description: 'The booking id.' }) });
export const TicketPath = BookingPath.extend({ ticketId: z.string() });
export const EventPath = z.object({ id: z.string().meta({ description: "The event's id or slug." }) });

/** A whole number in a query, once. Digits only: Number() also takes '', 0x10 and 1e3. */
const whole = (min: number, max: number) =>
  z.preprocess((given) => (typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given), z.int().min(min).max(max));

const paging = {
  page: whole(1, 1_000_000)
    .default(1)
    .meta({ override: { default: 1 } }),
  per_page: whole(1, 100)
    .default(20)
    .meta({ override: { default: 20 } }),
};

export const PHONE = 'With + and country code; spaces, dots, dashes and brackets are taken out.';
/** With + and country code, as text messages need it: services/outbox/texts.ts `textable` has its plain form. */
export const phone = z
  .string()
  .max(40)
  .refine((text) => textable(text) !== undefined, 'must be an international number: +4512345678')
  .nullish();

export const RegisterBody = z.object({
  email: z
    .email()
    .max(254)
    .refine((text) => text.indexOf('@') <= 64, 'must have at most 64 characters before the @')
    .meta({ example: 'user@example.com' }),
  password: z.string().min(8).max(128).meta({ example: 'SecurePass123!' }),
  full_name: label(200).meta({ example: 'John Doe' }),
  phone: phone.meta({ description: PHONE, example: '+1234567890' }),
});
// No rules of form here: an ill-formed address simply opens no account.
export const LoginBody = z.object({ email: z.string().min(1).max(254), password: z.string().min(1).max(1024) });
export const RefreshBody = z.object({ refresh_token: z.string().min(1).max(4096) });

const day = z.union([z.iso.date().refine(isWritable, 'must be in the years 1 to 9999'), instant]).transform((text) => new Date(text));
const DAY = { type: 'string', anyOf: [{ format: 'date' }, { format: 'date-time' }] } as const;
export const EventsQuery = z.object({
  ...paging,
  status: z.enum(['upcoming', 'ongoing', 'completed']).optional(),
  venue_id: id.optional(),
  start_date: day.optional().meta({ description: 'Events that start at or after this (UTC).', override: DAY }),
  end_date: day.optional().meta({ description: 'Events that start before this (UTC).', override: DAY }),
  search: z.string().trim().max(200).optional(),
});
export const SeatsQuery = z.object({
  section: z.string().max(200).optional(),
  price_tier: z.string().max(200).optional(),
  status: z.enum(['available', 'held', 'booked', 'all']).optional().meta({ description: 'Default: available; with `since`: all.' }),
  since: whole(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Addition to the seed: only seats that changed after this `seq` (X-Seats-Seq of an earlier answer).' }),
});

/** The body of a booking; how many seats it may name is configuration. */
export const bookingBody = (maxSeats: number) => z.object({ event_id: id, seat_ids: z.array(id).min(1).max(maxSeats) });
export const ConfirmBody = z.object({
  payment_method: z.string().max(50).default('credit_card'),
  payment_details: z.object({ token: z.string().min(1).max(255).meta({ example: 'tok_visa' }) }),
});
export const BookingsQuery = z.object({ ...paging, status: z.enum(['pending', 'confirmed', 'cancelled', 'expired']).optional() });

const Section = z.object({
  name: label(100).meta({ example: 'VIP' }),
  rows: z
    .union([z.array(label(20)).min(1).max(5_000), z.number().int().min(1).max(5_000)])
    .meta({ description: 'Names of the rows, or how many (they are then called A, B, ... Z, AA, ...).', example: ['A', 'B'] }),
  seats_per_row: z.number().int().min(1).max(5_000),
  price: z.union([z.number().min(0), z.string().max(20)]).meta({ example: 300.0 }),
});
const capacity = z.number().int().min(1).max(1_000_000).optional();
const currency = z.string().regex(/^[A-Za-z]{3}$/);
const holdSeconds = z.number().int().min(1).max(86_400);
export const EventBody = z.object({
  name: label(200),
  description: z.string().max(20_000).default(''),
  venue_id: id,
  start_time: instant,
  end_time: instant,
  capacity,
  seat_configuration: z.object({ sections: z.array(Section).min(1).max(500) }),
  currency: currency.default('USD').meta({ description: 'Addition to the seed.' }),
  hold_seconds: holdSeconds.optional().meta({ description: 'Addition to the seed: how long a booking is held unpaid.' }),
  status: z.enum(['published', 'draft']).default('published').meta({ description: 'Addition to the seed.' }),
});
/** The same fields, each of them optional: what is not sent stays as it is. */
export const EventChangeBody = z.object({
  name: label(200).optional(),
  description: z.string().max(20_000).optional(),
  venue_id: id.optional(),
  start_time: instant.optional(),
  end_time: instant.optional(),
  capacity,
  seat_configuration: z
    .object({ sections: z.array(Section).min(1).max(500) })
    .optional()
    .meta({ description: 'The whole plan as it is to be. Seats are known by section, row and number; sold and held ones must be in it.' }),
  currency: currency.optional(),
  hold_seconds: holdSeconds.nullish().meta({ description: "null: as this API's bookings are held by default." }),
  status: z
    .enum(['published', 'draft', 'cancelled'])
    .optional()
    .meta({ description: '`cancelled` is for good: every booking is cancelled and refunded, and its buyer told.' }),
  reason: z.string().trim().max(1000).optional().meta({ description: 'Told to the holders when the event is moved or cancelled.' }),
});

// ---- answers

export const User = z.object({ id, email: z.string(), full_name: z.string(), role: z.string(), created_at: instant });
export const Tokens = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.number().int(),
});
const VenueShort = z.object({ id, name: z.string(), city: z.string(), capacity: z.number().int() });
const VenueFull = VenueShort.extend({
  address: z.string(),
  state: z.string(),
  country: z.string(),
  postal_code: z.string(),
  layout_config: z.unknown(),
});
const EventBase = z.object({
  id,
  slug: z.string(),
  name: z.string(),
  description: z.string(),
  start_time: instant,
  end_time: instant,
  capacity: z.number().int(),
  available_seats: z.number().int(),
  status: z.enum(['upcoming', 'ongoing', 'completed', 'cancelled', 'draft']),
  currency: z.string(),
});
export const EventShort = EventBase.extend({ venue: VenueShort.nullable(), min_price: amount.nullable(), max_price: amount.nullable() });
export const EventFull = EventBase.extend({
  venue: VenueFull.nullable(),
  price_tiers: z.array(z.object({ tier: z.string(), price: amount, available: z.number().int() })),
  created_at: instant,
});
const refundSum = z.object({ count: z.number().int(), amount });
export const EventProgress = z.object({
  event_id: id,
  event_status: z.enum(['draft', 'published', 'cancelled']),
  kind: z
    .enum(['cancelled', 'moved'])
    .nullable()
    .meta({ description: 'What befell the event last; null: nothing that holders were told of.' }),
  reason: z.string(),
  started_at: instant.nullable(),
  finished_at: instant.nullable().meta({ description: 'When the last holder had been told and the last refund decided.' }),
  bookings: z.object({ total: z.number().int(), done: z.number().int(), percent: z.number().int() }),
  mails_sent: z.number().int(),
  refunds: z.object({ processing: refundSum, succeeded: refundSum, failed: refundSum, currency: z.string() }),
  workflow_id: z
    .string()
    .meta({ description: 'The workflow to watch in the Temporal UI.', example: 'event/550e8400-e29b-41d4-a716-446655440001' }),
});
export const EventChanged = EventFull.extend({ progress: EventProgress.optional() });
const SeatOut = z.object({ id, seat_number: z.string(), price: amount, status: z.enum(['available', 'held', 'booked']) });
export const SeatMap = z.object({
  event_id: id,
  sections: z.array(z.object({ name: z.string(), rows: z.array(z.object({ row: z.string(), seats: z.array(SeatOut) })) })),
  summary: z.object({ total_available: z.number().int(), by_tier: z.record(z.string(), z.number().int()) }),
  seq: z
    .number()
    .int()
    .optional()
    .meta({ description: 'Only with `since`: what to ask for changes since. Without it this is the whole map.' }),
});
export const Booking = z.object({
  id,
  booking_code: z.string().meta({ example: 'EVT2024011500001' }),
  event: z.object({ id, name: z.string(), start_time: instant }),
  seats: z.array(
    z.object({ id, section: z.string().nullable(), row: z.string().nullable(), seat_number: z.string().nullable(), price: amount }),
  ),
  total_amount: amount,
  currency: z.string(),
  status: z.enum(['pending', 'confirmed', 'cancelled', 'expired']),
  expires_at: instant.nullable(),
  created_at: instant,
});
const TicketOut = z.object({
  id,
  code: z.string(),
  seat: z.string(),
  seat_id: id,
  checked_in_at: instant.nullable(),
  qr: z.string(),
  pdf: z.string(),
});
export const BookingFull = Booking.extend({
  confirmed_at: instant.nullable(),
  payment: z.object({ status: z.string(), failure_code: z.string().nullable() }).nullable(),
  refund: z.object({ status: z.string(), amount }).nullable(),
  tickets: z.array(TicketOut),
});
export const BookingMade = z.object({ booking: Booking, payment_url: z.string() });
export const BookingShown = z.object({ booking: BookingFull, payment_url: z.string().nullable() });
export const Cancelled = z.object({
  booking_id: id,
  status: z.literal('cancelled'),
  refund_status: z.enum(['processing', 'succeeded', 'failed', 'none']),
  refund_amount: amount,
});
export const PaymentStart = z.object({
  booking_id: id,
  amount,
  currency: z.string(),
  payment_intent_id: z.string(),
  client_secret: z.string(),
  publishable_key: z.string(),
  status: z.string(),
  expires_at: instant.nullable(),
});
export const PaymentState = z.object({
  status: z.enum(['pending', 'processing', 'failed', 'confirmed', 'expired', 'cancelled', 'refunded']),
  expires_at: instant.nullable(),
});
export const ErrorBody = z.object({
  success: z.literal(false),
  error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }),
  timestamp: instant,
});

const base = { success: z.literal(true), message: z.string().optional(), timestamp: instant };
/** The success envelope around an answer. */
export const envelope = <T extends z.ZodType>(data: T) => z.object({ ...base, data });
/** The page envelope around a list's entries. */
export const pageOf = <T extends z.ZodType>(entry: T) =>
  z.object({
    success: z.literal(true),
    data: z.array(entry),
    pagination: z.object({
      page: z.number().int(),
      per_page: z.number().int(),
      total: z.number().int(),
      total_pages: z.number().int(),
      has_next: z.boolean(),
      has_prev: z.boolean(),
    }),
    timestamp: instant,
  });
