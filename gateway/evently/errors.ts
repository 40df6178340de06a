// How Evently says no: every core code as one of the seed's codes. The seed gives each code one status, and so does this table.
import type { Field, FieldPath, Fields, PlaceNamed, RefundTold } from '../../services/shared/errors.ts';
import type { Refusal, RefusalCode, RefusalTable } from '../http/api.ts';
import { failure, timeOrNull } from './envelope.ts';
import * as present from './presenters.ts';

/** Every core code as Evently speaks it. */
export const TABLE = {
  invalid: { status: 400, code: 'VALIDATION_ERROR' },
  malformed: { status: 400, code: 'VALIDATION_ERROR' },
  invalid_credentials: { status: 401, code: 'AUTH_INVALID_CREDENTIALS' },
  // Accounts made through an API that asks for a proof of the address. The seed has one code for all who cannot sign in.
  email_not_verified: { status: 401, code: 'AUTH_INVALID_CREDENTIALS' },
  token_expired: { status: 401, code: 'AUTH_TOKEN_EXPIRED' },
  // The seed keeps AUTH_UNAUTHORIZED for 403. A missing or false token is a 401, and of its 401 codes this is the one that is true.
  token_invalid: { status: 401, code: 'AUTH_INVALID_CREDENTIALS' },
  unauthenticated: { status: 401, code: 'AUTH_INVALID_CREDENTIALS' },
  forbidden: { status: 403, code: 'AUTH_UNAUTHORIZED' },
  // The seed's one code for who may not do something. details.event_id tells it from a role that is not enough.
  blocked: { status: 403, code: 'AUTH_UNAUTHORIZED' },
  // The seed has no code for other missing things; a tickets file or an account is named in details.what.
  not_found: { status: 404, code: 'NOT_FOUND' },
  account_not_found: { status: 404, code: 'NOT_FOUND' },
  // The seed has no code for a taken address: it is a fault of the field, and VALIDATION_ERROR is a 400 there.
  email_taken: { status: 400, code: 'VALIDATION_ERROR' },
  event_not_found: { status: 404, code: 'EVENT_NOT_FOUND' },
  // "409 Conflict - Resource conflict" in the seed; its two 409 codes speak of buying, this is an organizer's change.
  event_fixed: { status: 409, code: 'EVENT_NOT_CHANGEABLE' },
  // Additions to the seed's codes: its 409s say that somebody was faster, which sends a program to look for other seats.
  event_not_on_sale: { status: 409, code: 'EVENT_NOT_ON_SALE' },
  event_over: { status: 410, code: 'EVENT_OVER' },
  event_cancelled: { status: 410, code: 'EVENT_CANCELLED' },
  sold_out: { status: 409, code: 'EVENT_SOLD_OUT' },
  places_unavailable: { status: 409, code: 'BOOKING_SEATS_UNAVAILABLE' },
  // Sound request, wrong moment: a 409. The seed's two 409s both say that seats are gone, the opposite of what is true here.
  seats_available: { status: 409, code: 'WAITLIST_SEATS_AVAILABLE' },
  limit_exceeded: { status: 400, code: 'VALIDATION_ERROR' },
  already_registered: { status: 409, code: 'BOOKING_SEATS_UNAVAILABLE' },
  order_not_found: { status: 404, code: 'BOOKING_NOT_FOUND' },
  order_unconfirmed: { status: 409, code: 'BOOKING_SEATS_UNAVAILABLE' },
  order_cancelled: { status: 409, code: 'BOOKING_SEATS_UNAVAILABLE' },
  ticket_unknown: { status: 404, code: 'NOT_FOUND' },
  ticket_elsewhere: { status: 400, code: 'VALIDATION_ERROR' },
  ticket_used: { status: 400, code: 'VALIDATION_ERROR' },
  ticket_void: { status: 400, code: 'VALIDATION_ERROR' },
  order_expired: { status: 410, code: 'BOOKING_EXPIRED' },
  // A cancelled booking has given its seats back: for it they are no longer available, a 409 of the seed's.
  order_not_payable: { status: 409, code: 'BOOKING_SEATS_UNAVAILABLE' },
  order_not_cancellable: { status: 400, code: 'VALIDATION_ERROR' },
  order_not_refundable: { status: 400, code: 'VALIDATION_ERROR' },
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
} as const satisfies RefusalTable;

/** What Evently calls the core's fields. */
const FIELD = {
  places: 'seat_ids',
  offers: 'items',
  quantity: 'quantity',
  tier: 'price_tier',
  // Of what Evently has no way to make.
  total: 'quantity',
  price: 'price',
  pricingType: 'pricing_type',
  ticketType: 'ticket_type',
  basePrice: 'base_price',
  isFree: 'is_free',
  category: 'category',
  slug: 'slug',
  banner: 'banner',
  thumbnail: 'thumbnail',
  day: 'day_number',
  dayDate: 'date',
  salesStart: 'sales_start',
  salesEnd: 'sales_end',
  minPerOrder: 'min_purchase',
  maxPerOrder: 'max_purchase',
  name: 'name',
  description: 'description',
  venueId: 'venue_id',
  timeZone: 'time_zone',
  startsAt: 'start_time',
  endsAt: 'end_time',
  capacity: 'capacity',
  currency: 'currency',
  amount: 'amount',
  holdSeconds: 'hold_seconds',
  status: 'status',
  seatPlan: 'seat_configuration',
  sections: 'seat_configuration.sections',
  account: 'account_id',
  email: 'email',
  phone: 'phone',
  currentPassword: 'current_password',
  token: 'token',
  refreshToken: 'refresh_token',
  notifySms: 'notification_preferences.sms',
  expiresAt: 'expires_at',
  url: 'url',
  events: 'events',
  firstDay: 'start_date',
  lastDay: 'end_date',
  participant: 'participant',
  metadata: 'metadata',
  deadline: 'deadline',
} satisfies Record<Field, string>;

/** `sections.0.rows` -> `seat_configuration.sections.0.rows` */
function wireField(path: FieldPath): string {
  const [head, ...rest] = path.split('.') as [Field, ...string[]];
  return [FIELD[head], ...rest].join('.');
}

type Json = Record<string, unknown>;

const wireFields = (fields: Fields): Json =>
  Object.fromEntries(Object.entries(fields).map(([path, text]) => [wireField(path as FieldPath), text]));

/** Facts by the core's names as Evently writes them: `eventId` is event_id, `fields` are its own. */
function wire(details: object): Json {
  const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const { fields, ...facts } = details as { fields?: Fields };
  return { ...(fields && { fields: wireFields(fields) }), ...Object.fromEntries(Object.entries(facts).map(([k, v]) => [snake(k), v])) };
}

const refund = (of: RefundTold | undefined): Json =>
  of ? { refund_status: present.refundStatus(of.status), refund_amount: present.money(of.amountMinor, of.currency) } : {};

const seatOf = ({ seat, ...place }: PlaceNamed): Json => ({ ...place, seat_number: seat });

type Said = { message?: string; details: Json };

/** The seed has one code for all who are not let in: this says which of them it is. */
const because =
  (reason: string) =>
  ({ details }: { details: object }): Said => ({ details: { reason, ...wire(details) } });

/** Where Evently has words of its own for what the core tells. */
const OWN: { [C in RefusalCode]?: (refusal: Refusal<C>) => Said } = {
  malformed: ({ details }) => ({ details }),
  invalid_credentials: because('wrong_email_or_password'),
  email_not_verified: because('email_not_verified'),
  unauthenticated: because('token_missing'),
  token_invalid: because('token_invalid'),
  token_expired: because('token_expired'),
  invalid({ details: { fields, ...rest } }) {
    const faulty = wireFields(fields);
    // Of what is to be booked Evently also names the field by itself.
    return { details: { ...('places' in fields && { field: FIELD.places }), fields: faulty, ...rest } };
  },
  event_fixed: ({ message, details }) => fixed(message, details),
  places_unavailable: ({ details: { places, ...rest } }) => ({
    details: { ...wire(rest), ...(places && { seats: places.map(seatOf) }) },
  }),
  order_expired: ({ details: { refund: told, ...rest } }) => ({ details: { ...wire(rest), ...refund(told) } }),
  order_not_payable: ({ details: { refund: told, ...rest } }) => ({ details: { ...wire(rest), ...refund(told) } }),
  payment_failed: ({ details: { declineCode, orderStatus, expiresAt } }) => ({
    details: {
      decline_code: declineCode,
      ...(orderStatus && { booking_status: orderStatus, expires_at: timeOrNull(expiresAt ?? null) }),
    },
  }),
  rate_limited: ({ details }) => ({ details: { limit: details.limit, retry_after: details.retrySeconds } }),
};

/** Changes of an event are refused by the name the organizer sent, in a sentence that speaks of bookings. */
function fixed(message: string, details: Refusal<'event_fixed'>['details']): Said {
  const { fields, because, orders, planned, places, ...rest } = details;
  const field = wireField(Object.keys(fields)[0] as FieldPath);
  const own: { [B in typeof because]?: string } = {
    begun: `The event has begun: its ${field} can no longer be changed.`,
    ordered: `There have been ${orders} booking(s): the ${field} can no longer be changed so.`,
    ...(planned !== undefined && {
      planned: `The seat plan has ${planned} seats: send a smaller seat_configuration along with a smaller capacity.`,
    }),
  };
  const said = own[because] ?? message;
  const seats = places?.map(seatOf) ?? planned;
  return {
    message: said,
    details: { fields: { [field]: said }, ...rest, ...(orders !== undefined && { bookings: orders }), ...(seats && { seats }) },
  };
}

/** A refusal in Evently's words. */
export function refuse(refusal: Refusal): { status: number; body: unknown } {
  const { status, code } = TABLE[refusal.code];
  const own = OWN[refusal.code] as ((refusal: Refusal) => Said) | undefined;
  const { message = refusal.message, details } = own ? own(refusal) : { details: wire(refusal.details) };
  return { status, body: failure(code, message, details) };
}
