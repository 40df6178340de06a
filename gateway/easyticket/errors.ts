// How EasyTicket says no: {error, detail, field_errors?}, with its own sentences where the seed quotes them, and a code for programs.
import type { Field, FieldPath, Fields } from '../../services/shared/errors.ts';
import type { Refusal, RefusalCode, RefusalTable } from '../http/api.ts';

/** Every core code as EasyTicket speaks it. The seed knows 400, 401, 403, 404, 429 and 500; its codes are ours, an addition. */
export const TABLE = {
  invalid: { status: 400, code: 'invalid' },
  malformed: { status: 400, code: 'invalid' },
  // "Invalid email or password." is a 400 in the seed.
  invalid_credentials: { status: 400, code: 'invalid_credentials' },
  email_not_verified: { status: 400, code: 'email_not_verified' },
  token_expired: { status: 401, code: 'token_not_valid' },
  token_invalid: { status: 401, code: 'token_not_valid' },
  unauthenticated: { status: 401, code: 'not_authenticated' },
  forbidden: { status: 403, code: 'permission_denied' },
  blocked: { status: 403, code: 'permission_denied' },
  not_found: { status: 404, code: 'not_found' },
  account_not_found: { status: 404, code: 'not_found' },
  email_taken: { status: 400, code: 'invalid' },
  event_not_found: { status: 404, code: 'not_found' },
  event_fixed: { status: 400, code: 'not_changeable' },
  event_not_on_sale: { status: 400, code: 'not_on_sale' },
  event_over: { status: 400, code: 'event_over' },
  event_cancelled: { status: 400, code: 'event_cancelled' },
  sold_out: { status: 400, code: 'sold_out' },
  places_unavailable: { status: 400, code: 'not_available' },
  seats_available: { status: 400, code: 'invalid' },
  limit_exceeded: { status: 400, code: 'limit_exceeded' },
  already_registered: { status: 400, code: 'invalid' },
  order_not_found: { status: 404, code: 'not_found' },
  order_unconfirmed: { status: 400, code: 'invalid' },
  order_cancelled: { status: 400, code: 'invalid' },
  ticket_unknown: { status: 404, code: 'not_found' },
  ticket_elsewhere: { status: 400, code: 'invalid' },
  ticket_used: { status: 400, code: 'invalid' },
  ticket_void: { status: 400, code: 'invalid' },
  order_expired: { status: 400, code: 'order_expired' },
  order_not_payable: { status: 400, code: 'order_not_payable' },
  order_not_cancellable: { status: 400, code: 'order_not_cancellable' },
  order_not_refundable: { status: 400, code: 'order_not_refundable' },
  payment_failed: { status: 400, code: 'payment_failed' },
  payment_unavailable: { status: 503, code: 'unavailable' },
  unavailable: { status: 503, code: 'unavailable' },
  payment_mismatch: { status: 400, code: 'invalid' },
  signature_invalid: { status: 400, code: 'invalid' },
  key_reused: { status: 422, code: 'key_reused' },
  key_in_use: { status: 409, code: 'key_in_use' },
  rate_limited: { status: 429, code: 'throttled' },
  route_not_found: { status: 404, code: 'not_found' },
  method_not_allowed: { status: 405, code: 'method_not_allowed' },
  body_too_large: { status: 413, code: 'too_large' },
  server_error: { status: 500, code: 'server_error' },
} as const satisfies RefusalTable;

/** What EasyTicket calls the core's fields. */
const FIELD = {
  places: 'items',
  offers: 'items',
  quantity: 'quantity',
  tier: 'tier_number',
  total: 'total_quantity',
  price: 'price',
  pricingType: 'pricing_type',
  ticketType: 'ticket_type',
  basePrice: 'base_price',
  isFree: 'is_free',
  category: 'category',
  slug: 'slug',
  banner: 'banner',
  thumbnail: 'thumbnail_image',
  day: 'day_number',
  dayDate: 'date',
  salesStart: 'sales_start',
  salesEnd: 'sales_end',
  minPerOrder: 'min_purchase',
  maxPerOrder: 'max_purchase',
  name: 'name',
  description: 'description',
  venueId: 'venue_name',
  timeZone: 'venue_time_zone',
  startsAt: 'start_date',
  endsAt: 'end_date',
  capacity: 'total_capacity',
  currency: 'currency',
  amount: 'amount',
  holdSeconds: 'hold_seconds',
  status: 'status',
  seatPlan: 'total_capacity',
  sections: 'items',
  account: 'user_id',
  email: 'email',
  phone: 'phone_number',
  currentPassword: 'old_password',
  token: 'token',
  refreshToken: 'refresh',
  notifySms: 'notify_sms',
  expiresAt: 'expires_at',
  url: 'url',
  events: 'events',
  firstDay: 'start_date',
  lastDay: 'end_date',
  participant: 'participant',
  metadata: 'metadata',
  deadline: 'deadline',
} satisfies Record<Field, string>;

type Json = Record<string, unknown>;

/** `error` is the short sentence, `detail` the explanation; the seed's own sentences are both, so that a client finds them in either. */
type Said = { error?: string; detail?: string; fields?: Record<string, string | string[]>; facts?: Json };

/** What EasyTicket calls the parts of an order's item (orders/items.ts). */
const PART: Partial<Record<string, string>> = {
  type: 'ticket_type_id',
  tier: 'ticket_tier_id',
  dayPass: 'day_pass_id',
  dayTier: 'day_tier_price_id',
};

function wireField(path: FieldPath): string {
  const [head, ...rest] = path.split('.') as [Field, ...string[]];
  return [FIELD[head], ...rest.map((part) => (head === 'offers' && PART[part]) || part)].join('.');
}

const wireFields = (fields: Fields): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([path, text]) => [wireField(path as FieldPath), text ?? '']));

/** Where EasyTicket has words of its own for what the core tells. */
const OWN: { [C in RefusalCode]?: (refusal: Refusal<C>) => Said } = {
  unauthenticated: ({ message }) => ({ error: 'Authentication credentials were not provided.', detail: message }),
  email_not_verified: () => ({ error: 'Email not verified. Please check your email.' }),
  invalid_credentials: () => ({ error: 'Invalid email or password.' }),
  malformed: ({ message, details }) => ({
    error: 'Validation error',
    detail: message,
    fields: 'fields' in details ? details.fields : 'field' in details ? { [details.field]: message } : undefined,
  }),
  invalid: ({ message, details }) => ({ error: message, fields: wireFields(details.fields) }),
  email_taken: ({ message, details }) => ({ error: message, fields: wireFields(details.fields) }),
  event_fixed: ({ message, details }) => ({ error: message, fields: wireFields(details.fields) }),
  places_unavailable: ({ message, details }) => {
    const said = details.offers?.map(({ name, left }) => `Only ${left} tickets available for '${name}'`);
    return said?.length ? { error: said[0]!, detail: said.join('; '), fields: { items: said } } : { error: message };
  },
  limit_exceeded: ({ message }) => ({ error: message, fields: { items: message } }),
  order_not_payable: ({ message, details }) => ({
    error: 'Order cannot be paid',
    detail: details.status === 'confirmed' ? 'This order has already been paid' : message,
    facts: { ...(details.status && { status: details.status }) },
  }),
  order_not_refundable: ({ message, details }) => ({
    error: 'Order cannot be refunded',
    detail: message,
    facts: { ...(details.status && { status: details.status }) },
  }),
  rate_limited: ({ message, details }) => ({
    error: 'Rate limit exceeded',
    detail: message,
    facts: { limit: details.limit, retry_after: details.retrySeconds },
  }),
};

/** The body of a refusal. */
export const failure = (code: string, { error, detail = error, fields, facts }: Said): Json => ({
  error,
  detail,
  code,
  // A list for each field, as forms of this API's kind show them.
  ...(fields && { field_errors: Object.fromEntries(Object.entries(fields).map(([field, text]) => [field, [text].flat()])) }),
  ...facts,
});

/** A refusal in EasyTicket's words. */
export function refuse(refusal: Refusal): { status: number; body: unknown } {
  const { status, code } = TABLE[refusal.code];
  const own = OWN[refusal.code] as ((refusal: Refusal) => Said) | undefined;
  return { status, body: failure(code, { error: refusal.message, ...own?.(refusal) }) };
}
