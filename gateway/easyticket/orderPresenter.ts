// How EasyTicket shows orders: their number, their status in its words, and items grouped as they were bought.
import { z } from 'zod';
import type { BoughtItem } from '../../services/orders/boughtItems.ts';
import type { OrderedPlace, OrderView, Stage } from '../../services/orders/view.ts';
import { buyersCode, dashedCode } from '../../services/shared/codes.ts';
import { id, instant } from '../http/fields.ts';
import { picture } from './eventShapes.ts';
import { Money, money, time, timeOrNull } from './shapes.ts';

/** Stands before an order's number, here and in its mails. */
export const CODE_PREFIX = 'OE-';

/** EasyTicket's word for each stage. What was not paid in time has failed, and `is_expired` says why. */
const STATUS = {
  pending: 'pending',
  processing: 'processing',
  failed: 'failed',
  expired: 'failed',
  confirmed: 'confirmed',
  cancelled: 'cancelled',
  refunded: 'refunded',
} as const satisfies Record<Stage, string>;

export const OrderStatus = z.enum(['pending', 'processing', 'confirmed', 'failed', 'cancelled', 'refunded']).meta({
  id: 'EasyOrderStatus',
  description:
    'processing: its payment is open. failed: declined (it can still be paid until expires_at), or not paid in time (is_expired). refunded: all of its money went back.',
});
type Status = z.infer<typeof OrderStatus>;

/** The stages that a status stands for. */
export const stagesOf = (status: Status): Stage[] => (Object.keys(STATUS) as Stage[]).filter((stage) => STATUS[stage] === status);

export const statusOf = (order: { stage: Stage }): Status => STATUS[order.stage];

const named = {
  ticket_name: z.string().meta({ example: 'Festival Pass' }),
  tier_name: z.string().nullable().meta({ example: 'VIP' }),
  day_name: z.string().nullable().meta({ example: 'Day 1' }),
  full_ticket_name: z.string().meta({ example: 'Festival Pass - Day 1 VIP' }),
};

export const OrderItem = z
  .object({
    id,
    ticket_type: id,
    ticket_tier: id.nullable(),
    day_pass: id.nullable(),
    day_tier_price: id.nullable(),
    quantity: z.int(),
    unit_price: Money,
    subtotal: Money,
    ...named,
    created_at: instant,
  })
  .meta({ id: 'EasyOrderItem' });

/** An item of my_tickets: the order's, with the order named. */
export const TicketItem = OrderItem.extend({ order: id }).meta({ id: 'EasyBoughtItem' });

const brief = {
  id,
  order_number: z.string().meta({ example: 'OE-20251119-0001' }),
  event: id,
  event_name: z.string(),
  status: OrderStatus,
  total_amount: Money,
  currency: z.string().meta({ example: 'USD' }),
  total_tickets: z.int(),
  is_paid: z.boolean(),
  is_expired: z.boolean(),
  created_at: instant,
  expires_at: instant.nullable().meta({ description: 'Until when it has to be paid; null once that is decided.' }),
};

export const OrderBrief = z.object(brief).meta({ id: 'EasyOrderSummary' });

const OrderTicket = z
  .object({
    id,
    ticket_number: z.string().meta({ example: 'TKT-20251119-0001' }),
    ticket_name: named.full_ticket_name,
    is_used: z.boolean(),
  })
  .meta({ id: 'EasyOrderTicket' });

export const Order = z
  .object({
    ...brief,
    user: id,
    event_image: z.string().nullable(),
    event_date: instant,
    event_location: z.string().nullable(),
    subtotal: Money,
    service_fee: Money,
    discount_amount: Money,
    refunded_amount: Money.meta({ description: 'What went back, or is on its way.' }),
    payment_method: z.string().meta({ description: 'pending before there is a payment, then stripe; free where nothing is due.' }),
    payment_id: z.string().nullable().meta({ description: "The payment's id at the provider.", example: 'pi_1234567890abcdef' }),
    paid_at: instant.nullable(),
    buyer_email: z.string(),
    buyer_phone: z.string().nullable(),
    buyer_name: z.string(),
    promo_code: z.null(),
    notes: z.string(),
    cancellation_reason: z.string().nullable(),
    cancelled_at: instant.nullable(),
    items: z.array(OrderItem),
    tickets: z.array(OrderTicket).meta({ description: 'One for each unit, once it is confirmed; none any more once they are void.' }),
    updated_at: instant,
  })
  .meta({ id: 'EasyOrder' });

/** OE-20251119-0001: the day it was made (UTC) and its number. One placed through another API keeps the prefix it was placed with. */
export const orderNumber = (order: { number: number; created_at: Date; code_prefix: string | null }): string =>
  buyersCode(order, CODE_PREFIX);

/** TKT-20251119-0001: the day it was issued (UTC) and its number. */
export const ticketNumber = (ticket: { number: number; issued_at: Date }): string =>
  dashedCode('TKT-', { number: ticket.number, created_at: ticket.issued_at });

type Named = Pick<OrderedPlace, 'offer_id' | 'offer_name' | 'pool_id' | 'type_name' | 'kind' | 'tier_name' | 'day_name' | 'price_minor'>;

function itemOf(item: Named & { id: string; quantity: number; currency: string; created_at: Date }) {
  const only = (kind: Named['kind']) => (item.kind === kind ? item.offer_id : null);
  return {
    id: item.id,
    ticket_type: item.pool_id ?? item.offer_id,
    ticket_tier: only('tier'),
    day_pass: only('day'),
    day_tier_price: only('day-tier'),
    quantity: item.quantity,
    unit_price: money(item.price_minor, item.currency),
    subtotal: money(item.price_minor * item.quantity, item.currency),
    ticket_name: item.type_name,
    tier_name: item.tier_name,
    day_name: item.day_name,
    full_ticket_name: item.offer_name,
    created_at: time(item.created_at),
  };
}

/** An item of my_tickets. */
export const boughtItem = (item: BoughtItem) => ({ ...itemOf(item), order: item.order_id });

/** The places of an order, those of one offer at one price together. An item's id is the least of theirs, so it stays as it is. */
function items({ places, currency, created_at }: OrderView) {
  const groups = new Map<string, OrderedPlace[]>();
  for (const place of places) {
    const key = `${place.offer_id}/${place.price_minor}`;
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  const grouped = [...groups.values()].map((group) => {
    const least = group.map((place) => place.item_id).reduce((a, b) => (a < b ? a : b));
    return itemOf({ ...group[0]!, id: least, quantity: group.length, currency, created_at });
  });
  return grouped.sort((a, b) =>
    a.full_ticket_name < b.full_ticket_name ? -1 : a.full_ticket_name > b.full_ticket_name ? 1 : a.id < b.id ? -1 : 1,
  );
}

/** Its tickets one by one, in the order of their numbers. */
function tickets({ tickets, places }: OrderView) {
  const names = new Map(places.map((place) => [place.id, place.offer_name]));
  return tickets.map((ticket) => ({
    id: ticket.id,
    ticket_number: ticketNumber({ number: ticket.number, issued_at: new Date(ticket.issued_at) }),
    ticket_name: names.get(ticket.place_id) ?? '',
    is_used: ticket.checked_in_at !== null,
  }));
}

/** An order in a list. */
export const orderBrief = (order: OrderView) => ({
  id: order.id,
  order_number: orderNumber(order),
  event: order.event.id,
  event_name: order.event.name,
  status: statusOf(order),
  total_amount: money(order.total_minor, order.currency),
  currency: order.currency,
  total_tickets: order.places.length,
  is_paid: order.stage === 'confirmed',
  is_expired: order.stage === 'expired',
  created_at: time(order.created_at),
  expires_at: order.status === 'pending' || order.status === 'expired' ? timeOrNull(order.expires_at) : null,
});

/** An order with all that belongs to it. `publicUrl` goes before addresses that are ours. */
export function orderFull(order: OrderView, publicUrl: string) {
  const { event, payment, currency } = order;
  const amount = (minor: number) => money(minor, currency);
  const paid = payment?.succeeded_at ? new Date(payment.succeeded_at) : null;
  const ended = order.status === 'cancelled';
  return {
    ...orderBrief(order),
    user: order.account_id,
    event_image: picture(event.banner_url, publicUrl),
    event_date: time(event.starts_at),
    event_location: event.city || event.venue,
    subtotal: amount(order.total_minor - order.fee_minor + order.discount_minor),
    service_fee: amount(order.fee_minor),
    discount_amount: amount(order.discount_minor),
    refunded_amount: amount(order.refund?.amount_minor ?? 0),
    payment_method: payment?.provider ?? (order.total_minor === 0 ? 'free' : 'pending'),
    payment_id: payment?.provider_ref ?? null,
    paid_at: timeOrNull(paid ?? (order.total_minor === 0 ? order.confirmed_at : null)),
    buyer_email: order.buyer_email,
    buyer_phone: order.buyer_phone,
    buyer_name: order.buyer_name,
    promo_code: null,
    notes: order.notes ?? '',
    cancellation_reason: ended ? order.end_reason : null,
    cancelled_at: ended ? timeOrNull(order.ended_at) : null,
    items: items(order),
    tickets: tickets(order),
    updated_at: time(order.changed_at),
  };
}
