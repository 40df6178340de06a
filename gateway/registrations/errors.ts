// How the Registrations API says no: {error: {code, message, details}}. The seed names CAPACITY_EXCEEDED and its statuses; the rest is ours.
import type { Capacity, Field, FieldPath, Fields } from '../../services/shared/errors.ts';
import type { Refusal, RefusalCode, RefusalTable } from '../http/api.ts';
import { time } from './shapes.ts';

/** Every core code as the Registrations API speaks it: 400, 401, 403, 404, 409 and 500 are the seed's, others only where HTTP needs them. */
export const TABLE = {
  invalid: { status: 400, code: 'VALIDATION_ERROR' },
  malformed: { status: 400, code: 'VALIDATION_ERROR' },
  limit_exceeded: { status: 400, code: 'LIMIT_EXCEEDED' },
  email_taken: { status: 400, code: 'VALIDATION_ERROR' },
  payment_mismatch: { status: 400, code: 'VALIDATION_ERROR' },
  signature_invalid: { status: 400, code: 'VALIDATION_ERROR' },
  unauthenticated: { status: 401, code: 'UNAUTHORIZED' },
  token_invalid: { status: 401, code: 'UNAUTHORIZED' },
  token_expired: { status: 401, code: 'UNAUTHORIZED' },
  invalid_credentials: { status: 401, code: 'UNAUTHORIZED' },
  email_not_verified: { status: 401, code: 'UNAUTHORIZED' },
  forbidden: { status: 403, code: 'FORBIDDEN' },
  blocked: { status: 403, code: 'FORBIDDEN' },
  not_found: { status: 404, code: 'NOT_FOUND' },
  account_not_found: { status: 404, code: 'NOT_FOUND' },
  route_not_found: { status: 404, code: 'NOT_FOUND' },
  event_not_found: { status: 404, code: 'EVENT_NOT_FOUND' },
  order_not_found: { status: 404, code: 'REGISTRATION_NOT_FOUND' },
  method_not_allowed: { status: 405, code: 'METHOD_NOT_ALLOWED' },
  sold_out: { status: 409, code: 'CAPACITY_EXCEEDED' },
  places_unavailable: { status: 409, code: 'CAPACITY_EXCEEDED' },
  seats_available: { status: 409, code: 'CAPACITY_AVAILABLE' },
  event_fixed: { status: 409, code: 'EVENT_NOT_CHANGEABLE' },
  event_not_on_sale: { status: 409, code: 'REGISTRATION_CLOSED' },
  event_over: { status: 409, code: 'EVENT_OVER' },
  event_cancelled: { status: 409, code: 'EVENT_CANCELLED' },
  already_registered: { status: 409, code: 'ALREADY_REGISTERED' },
  order_unconfirmed: { status: 409, code: 'REGISTRATION_NOT_CONFIRMED' },
  order_cancelled: { status: 409, code: 'REGISTRATION_CANCELLED' },
  ticket_unknown: { status: 404, code: 'TICKET_NOT_FOUND' },
  ticket_elsewhere: { status: 409, code: 'TICKET_OF_OTHER_EVENT' },
  ticket_used: { status: 409, code: 'TICKET_ALREADY_USED' },
  ticket_void: { status: 409, code: 'TICKET_CANCELLED' },
  order_expired: { status: 409, code: 'REGISTRATION_ENDED' },
  order_not_payable: { status: 409, code: 'REGISTRATION_NOT_CHANGEABLE' },
  order_not_cancellable: { status: 409, code: 'REGISTRATION_NOT_CHANGEABLE' },
  order_not_refundable: { status: 409, code: 'REGISTRATION_NOT_CHANGEABLE' },
  payment_failed: { status: 409, code: 'REGISTRATION_NOT_CHANGEABLE' },
  key_in_use: { status: 409, code: 'IDEMPOTENCY_KEY_IN_USE' },
  body_too_large: { status: 413, code: 'BODY_TOO_LARGE' },
  key_reused: { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' },
  rate_limited: { status: 429, code: 'RATE_LIMIT_EXCEEDED' },
  server_error: { status: 500, code: 'INTERNAL_ERROR' },
  payment_unavailable: { status: 503, code: 'UNAVAILABLE' },
  unavailable: { status: 503, code: 'UNAVAILABLE' },
} as const satisfies RefusalTable;

/** What the Registrations API calls the core's fields. */
const FIELD = {
  places: 'places',
  offers: 'ticketType',
  quantity: 'quantity',
  tier: 'ticketType',
  total: 'maxCapacity',
  price: 'price',
  pricingType: 'pricingType',
  ticketType: 'ticketType',
  basePrice: 'basePrice',
  isFree: 'isFree',
  category: 'category',
  slug: 'eventId',
  banner: 'banner',
  thumbnail: 'thumbnail',
  day: 'day',
  dayDate: 'dayDate',
  salesStart: 'registrationStart',
  salesEnd: 'registrationDeadline',
  minPerOrder: 'minPerRegistration',
  maxPerOrder: 'maxPerRegistration',
  name: 'name',
  description: 'description',
  venueId: 'venueId',
  timeZone: 'timeZone',
  startsAt: 'startsAt',
  endsAt: 'endsAt',
  capacity: 'maxCapacity',
  currency: 'currency',
  amount: 'amount',
  holdSeconds: 'holdSeconds',
  status: 'status',
  seatPlan: 'maxCapacity',
  sections: 'ticketType',
  account: 'accountId',
  email: 'email',
  phone: 'phone',
  currentPassword: 'currentPassword',
  token: 'token',
  refreshToken: 'refreshToken',
  notifySms: 'notifySms',
  expiresAt: 'expiresAt',
  url: 'url',
  events: 'events',
  firstDay: 'firstDay',
  lastDay: 'lastDay',
  participant: 'participantId',
  metadata: 'metadata',
  deadline: 'registrationDeadline',
} satisfies Record<Field, string>;

type Json = Record<string, unknown>;

function wireField(path: FieldPath): string {
  const [head, ...rest] = path.split('.') as [Field, ...string[]];
  return [FIELD[head], ...rest].join('.');
}

const wireFields = (fields: Fields): Json =>
  Object.fromEntries(Object.entries(fields).map(([path, text]) => [wireField(path as FieldPath), text]));

const byField = ({ details }: { details: { fields: Fields } }): Json => ({ fields: wireFields(details.fields) });

/** The seed's details of a full event; empty where whoever refused did not look at its capacity. */
const full = ({ details: { capacity: at } }: { details: { capacity?: Capacity } }): Json =>
  at ? { currentCapacity: at.taken, maxCapacity: at.total, waitlistAvailable: at.waitlist } : {};

const because = (reason: string) => (): Json => ({ reason });

/** What the details of a refusal say; of the others nothing. */
const DETAILS: { [C in RefusalCode]?: (refusal: Refusal<C>) => Json } = {
  malformed: ({ message, details }) =>
    'fields' in details ? { fields: details.fields } : 'field' in details ? { fields: { [details.field]: message } } : {},
  invalid: byField,
  email_taken: byField,
  event_fixed: byField,
  limit_exceeded: ({ details: { min, max } }) => ({ ...(min !== undefined && { min }), ...(max !== undefined && { max }) }),
  unauthenticated: because('missing'),
  token_invalid: because('invalid'),
  token_expired: because('ended'),
  forbidden: ({ details: { requiredRole, requiredScope } }) => ({
    ...(requiredRole && { requiredRole }),
    ...(requiredScope && { requiredScope }),
  }),
  not_found: ({ details: { what } }) => ({ what }),
  event_not_found: ({ details: { eventId } }) => ({ eventId }),
  already_registered: ({ details: { participant } }) => ({ participantId: participant }),
  ticket_used: ({ details: { at, gate } }) => ({ ...(at && { checkedInAt: time(at) }), ...(gate && { gate }) }),
  sold_out: full,
  places_unavailable: full,
  rate_limited: ({ details: { limit, retrySeconds } }) => ({ limit, retryAfter: retrySeconds }),
};

/** The body of a refusal. Entries of bulk answers have the same shape. */
export function failure(refusal: Refusal): { error: { code: string; message: string; details: Json } } {
  const details = DETAILS[refusal.code] as ((refusal: Refusal) => Json) | undefined;
  return { error: { code: TABLE[refusal.code].code, message: refusal.message, details: details?.(refusal) ?? {} } };
}

/** A refusal in the Registrations API's words. */
export const refuse = (refusal: Refusal): { status: number; body: unknown } => ({
  status: TABLE[refusal.code].status,
  body: failure(refusal),
});
