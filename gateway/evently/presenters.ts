// Rows -> Evently's wire: the only place where its minor units become decimals and its dates text.
import type { z } from 'zod';
import type { Account } from '../../services/accounts/accounts.ts';
import type { TokenPair } from '../../services/accounts/sessions.ts';
import type { Progress } from '../../services/events/eventNotices.ts';
import type { EventView, Tier } from '../../services/events/events.ts';
import type { OrderView } from '../../services/orders/orders.ts';
import { type PlacedOrder, type PlacedPlace, placeName } from '../../services/orders/placed.ts';
import { buyersCode } from '../../services/shared/codes.ts';
import { decimal } from '../../services/shared/money.ts';
import type { Tokens, User } from './auth.ts';
import type { Booking, BookingFull } from './bookings.ts';
import { time, timeOrNull } from './envelope.ts';
import type { EventFull, EventShort, VenueFull } from './events.ts';
import type { PaymentState } from './payments.ts';
import type { EventProgress } from './progress.ts';

/** 50000, USD -> 500. Every amount below 2^53 minor units survives the trip through a JSON number. */
export const money = (minor: number, currency: string): number => Number(decimal(minor, currency));

/** What stands before the code of an order, unless it was placed with a prefix of its own. */
export const CODE_PREFIX = 'EVT';

/** EVT2024011500001 */
export const bookingCode = (order: Parameters<typeof buyersCode>[0]): string => buyersCode(order, CODE_PREFIX);

export const user = (account: Account): z.output<typeof User> => ({
  id: account.id,
  email: account.email,
  full_name: account.full_name,
  role: account.role,
  created_at: time(account.created_at),
});

export const tokens = (pair: TokenPair): z.output<typeof Tokens> => ({
  access_token: pair.accessToken,
  refresh_token: pair.refreshToken,
  token_type: 'bearer',
  expires_in: pair.expiresIn,
});

const eventBase = (e: EventView) => ({
  id: e.id,
  slug: e.slug,
  name: e.name,
  description: e.description,
  start_time: time(e.starts_at),
  end_time: time(e.ends_at),
  capacity: e.capacity,
  available_seats: e.available,
  status: e.status,
  currency: e.currency,
});

export const eventShort = (e: EventView): z.output<typeof EventShort> => ({
  ...eventBase(e),
  venue: e.venue && { id: e.venue.id, name: e.venue.name, city: e.venue.city, capacity: e.venue.capacity },
  min_price: e.min_price_minor === null ? null : money(e.min_price_minor, e.currency),
  max_price: e.max_price_minor === null ? null : money(e.max_price_minor, e.currency),
});

export const eventFull = (e: EventView, tiers: Tier[]): z.output<typeof EventFull> => ({
  ...eventBase(e),
  venue: e.venue && venue(e.venue),
  price_tiers: tiers.map((t) => ({ tier: t.name, price: money(t.price_minor, e.currency), available: t.available })),
  created_at: time(e.created_at),
});

/** How far a cancelling or moving has come. */
export const eventProgress = (p: Progress, workflowId: string): z.output<typeof EventProgress> => {
  const total = p.done + p.left;
  const sum = ({ count, minor }: { count: number; minor: number }) => ({ count, amount: money(minor, p.event.currency) });
  return {
    event_id: p.event.id,
    event_status: p.event.status,
    kind: p.notice?.kind ?? null,
    reason: p.notice?.reason ?? '',
    started_at: timeOrNull(p.notice?.created_at ?? null),
    finished_at: timeOrNull(p.notice?.done_at ?? null),
    bookings: { total, done: p.done, percent: total ? Math.floor((100 * p.done) / total) : 100 },
    mails_sent: p.mails_sent,
    mails_refused: p.mails_refused,
    refunds: {
      processing: sum(p.refunds.pending),
      succeeded: sum(p.refunds.succeeded),
      failed: sum(p.refunds.failed),
      currency: p.event.currency,
    },
    workflow_id: workflowId,
  };
};

/** A venue, whole. */
export const venue = ({ number: _, ...rest }: NonNullable<EventView['venue']>): z.output<typeof VenueFull> => rest;

const bookedSeat = (p: PlacedPlace, currency: string) => ({
  id: p.id,
  section: p.section,
  row: p.row_label,
  seat_number: p.seat_label,
  price: money(p.price_minor, currency),
});

/** A booking as it is placed. */
export const placed = (o: PlacedOrder): z.output<typeof Booking> => ({
  id: o.id,
  booking_code: bookingCode(o),
  event: { id: o.event.id, name: o.event.name, start_time: time(o.event.starts_at) },
  seats: o.places.map((p) => bookedSeat(p, o.currency)),
  total_amount: money(o.total_minor, o.currency),
  currency: o.currency,
  status: o.status,
  expires_at: timeOrNull(o.expires_at),
  created_at: time(o.created_at),
});

export const booking = (o: OrderView): z.output<typeof BookingFull> => ({
  ...placed(o),
  confirmed_at: timeOrNull(o.confirmed_at),
  payment: o.payment && { status: o.payment.status, failure_code: o.payment.failure_code },
  refund: o.refund && { status: refundStatus(o.refund.status), amount: money(o.refund.amount_minor, o.currency) },
  mail_status: o.mail_status,
  tickets: inHouseOrder(o).map((t) => ticket(o, t)),
});

/** Tickets as the seats stand in the house: the order they were issued in means nothing to anybody. */
function inHouseOrder(o: OrderView): OrderView['tickets'] {
  const rank = new Map(o.places.map((p, i) => [p.id, i]));
  return [...o.tickets].sort((a, b) => (rank.get(a.place_id) ?? 0) - (rank.get(b.place_id) ?? 0));
}

function ticket(o: OrderView, t: OrderView['tickets'][number]) {
  const place = o.places.find((p) => p.id === t.place_id);
  const files = `/api/v1/bookings/${o.id}/tickets/${t.id}`;
  return {
    id: t.id,
    code: t.code,
    seat: place ? placeName(place) : '',
    seat_id: t.place_id,
    checked_in_at: t.checked_in_at && time(new Date(t.checked_in_at)),
    qr: `${files}/qr.png`,
    pdf: `${files}/ticket.pdf`,
  };
}

/** A refund on its way reads "processing", as the seed has it. */
export const refundStatus = (status: NonNullable<OrderView['refund']>['status'] | null) =>
  status === 'pending' ? 'processing' : (status ?? 'none');

export const paymentUrl = (orderId: string): string => `/api/v1/payments/initiate/${orderId}`;

/** What the payment page has to tell its reader, in one word. */
export function paymentState(o: OrderView): z.output<typeof PaymentState>['status'] {
  if (o.status === 'confirmed') return 'confirmed';
  if (o.refund) return 'refunded';
  if (o.payment?.status === 'processing' || o.payment?.status === 'succeeded') return 'processing';
  if (o.status === 'pending' && o.payment?.failure_code) return 'failed';
  return o.status;
}
