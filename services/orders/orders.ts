// Orders: the aggregate every API sells through. Their states, and the only functions that change them.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, OrderStatus, PaymentStatus, RefundStatus } from '../../db/tables.ts';
import type { Actor } from '../accounts/actor.ts';
import * as places from '../inventory/places.ts';
import { isOwed } from '../outbox/mails.ts';
import * as attempts from '../payments/attempts.ts';
import { unsettled } from '../payments/payments.ts';
import { stands } from '../payments/refunds.ts';
import { DomainError } from '../shared/errors.ts';
import { isPlaced, type PlacedOrder, type PlacedStatus } from './placed.ts';
import { type Act, refuse } from './policy.ts';

/** Every state and where it may go. Waiting becomes pending by a claim into the order (claim/order.ts). Expired goes on to confirmed when late money finds its places still free. */
export const TRANSITIONS: Record<OrderStatus, readonly OrderStatus[]> = {
  waiting: ['pending', 'cancelled', 'expired'],
  pending: ['confirmed', 'cancelled', 'expired'],
  confirmed: ['cancelled'],
  expired: ['confirmed'],
  cancelled: [],
};

/** A placed order with all that belongs to it. */
export type OrderView = PlacedOrder & {
  account_id: string;
  /** Part of the total. */
  fee_minor: number;
  confirmed_at: Date | null;
  ended_at: Date | null;
  end_reason: string | null;
  buyer_email: string;
  buyer_name: string;
  /** `time_zone`: the venue's. `refundable_until`: until when its paid orders may be cancelled. */
  event: PlacedOrder['event'] & { ends_at: Date; venue: string | null; time_zone: string | null; refundable_until: Date };
  tickets: { id: string; code: string; place_id: string; checked_in_at: string | null }[];
  payment: { id: string; status: PaymentStatus; failure_code: string | null; failure_message: string | null } | null;
  refund: { status: RefundStatus; amount_minor: number } | null;
  /** Of its mails: refused when one of them will never arrive; null when there is none. */
  mail_status: 'refused' | 'waiting' | 'sent' | null;
};

const clockStatus = sql<PlacedStatus>`case when o.status = 'pending' and ${attempts.holdIsOver} then 'expired' else o.status end`;

const view = sql`
  select o.id, o.number, o.account_id, ${clockStatus} as status, o.total_minor, o.fee_minor, o.currency, o.code_prefix, o.expires_at, o.created_at, o.confirmed_at,
    o.ended_at, o.end_reason, coalesce(o.buyer_email, a.email) as buyer_email, coalesce(o.buyer_name, a.full_name) as buyer_name,
    e.id as event_id, e.number as event_number, e.slug as event_slug, e.name as event_name, e.starts_at, e.ends_at, v.name as venue, v.time_zone,
    e.starts_at - make_interval(mins => coalesce(e.refund_until_minutes, 0)) as refundable_until,
    (select coalesce(json_agg(json_build_object('id', p.id, 'offer_id', i.offer_id, 'section', p.section, 'row_label', p.row_label, 'seat_label', p.seat_label,
        'price_minor', i.price_minor, 'offer_name', f.name) order by p.position), '[]')
      from order_items i join places p on p.id = i.place_id join offers f on f.id = i.offer_id where i.order_id = o.id) as places,
    (select coalesce(json_agg(json_build_object('id', t.id, 'code', t.code, 'place_id', t.place_id, 'checked_in_at', t.checked_in_at)
        order by t.number), '[]') from tickets t where t.order_id = o.id and t.voided_at is null) as tickets,
    (select json_build_object('id', y.id, 'status', y.status, 'failure_code', y.failure_code, 'failure_message', y.failure_message)
      from payments y where y.order_id = o.id order by y.succeeded_at is null, y.created_at desc limit 1) as payment,
    (select json_build_object('amount_minor', sum(r.amount_minor),
        'status', case when bool_or(r.status = 'failed') then 'failed' when bool_or(r.status = 'pending') then 'pending' else 'succeeded' end)
      from refunds r where r.order_id = o.id and ${stands} having count(*) > 0) as refund,
    (select case when bool_or(m.refused_at is not null) then 'refused' when bool_or(${isOwed('m')}) then 'waiting' else 'sent' end
      from mails m where m.order_id = o.id having count(*) > 0) as mail_status
  from orders o join accounts a on a.id = o.account_id join events e on e.id = o.event_id left join venues v on v.id = e.venue_id`;

type ViewRow = Omit<OrderView, 'event'> & {
  event_id: string;
  event_number: number;
  event_slug: string;
  event_name: string;
  starts_at: Date;
  ends_at: Date;
  venue: string | null;
  time_zone: string | null;
  refundable_until: Date;
};

function toView({ event_id, event_number, event_slug, event_name, ...row }: ViewRow): OrderView {
  const { starts_at, ends_at, venue, time_zone, refundable_until, ...order } = row;
  const named = { id: event_id, number: event_number, slug: event_slug, name: event_name };
  const event = { ...named, starts_at, ends_at, venue, time_zone, refundable_until };
  return { ...order, event };
}

/** The order with all that belongs to it, in one query; undefined if there is none, or it was never placed (the waitlist shows those). */
export async function find(db: Kysely<DB> | Transaction<DB>, orderId: string): Promise<OrderView | undefined> {
  const { rows } = await sql<ViewRow>`${view} where o.id = ${orderId}::uuid and ${isPlaced}`.execute(db);
  return rows[0] && toView(rows[0]);
}

/** The order, if the actor may do this with it. Throws order_not_found, or what the policy says. */
export async function findFor(db: Kysely<DB> | Transaction<DB>, orderId: string, actor: Actor, act: Act = 'see'): Promise<OrderView> {
  const order = await find(db, orderId);
  if (!order) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  const refused = refuse(actor, act, order);
  if (refused) throw refused;
  return order;
}

/** One page of the account's placed orders, newest first, with the number of all that match. */
export async function list(
  db: Kysely<DB>,
  accountId: string,
  options: { status?: PlacedStatus; page: number; perPage: number },
): Promise<{ rows: OrderView[]; total: number }> {
  const mine = sql`o.account_id = ${accountId}::uuid and ${isPlaced} and ${options.status ? sql`${clockStatus} = ${options.status}::order_status` : sql`true`}`;
  const [page, count] = await Promise.all([
    sql<ViewRow>`${view} where ${mine} order by o.created_at desc, o.id limit ${options.perPage} offset ${(options.page - 1) * options.perPage}`.execute(
      db,
    ),
    sql<{ total: number }>`select count(*)::int as total from orders o where ${mine}`.execute(db),
  ]);
  return { rows: page.rows.map(toView), total: count.rows[0]!.total };
}

/** Locks the order for a change of state. `hold_ends_at` is its hold's end, an attempt to pay that is being decided included. */
export async function lock(tx: Transaction<DB>, orderId: string) {
  const row = await tx
    .selectFrom('orders as o')
    .selectAll('o')
    .select(attempts.holdEnd.as('hold_ends_at'))
    .where('id', '=', orderId)
    .forUpdate('o')
    .executeTakeFirst();
  if (!row) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  return row;
}

/** The one place that writes orders.status, by the table above. */
export async function move(
  tx: Transaction<DB>,
  order: { id: string; status: OrderStatus },
  to: OrderStatus,
  reason?: string,
): Promise<void> {
  if (!TRANSITIONS[order.status].includes(to)) throw new Error(`order ${order.id}: ${order.status} cannot become ${to}`);
  await tx
    .updateTable('orders')
    .set(
      to === 'confirmed'
        ? { status: to, confirmed_at: sql<Date>`now()`, ended_at: null, end_reason: null }
        : { status: to, ended_at: sql<Date>`now()`, end_reason: reason ?? null },
    )
    .where('id', '=', order.id)
    .execute();
}

/** Ends a pending order whose hold ran out at or before `at` (the workflow's clock) and frees its places. Returns the status it has now. */
export async function expire(db: Kysely<DB>, orderId: string, at: Date): Promise<OrderStatus> {
  return db.transaction().execute(async (tx) => {
    const order = await lock(tx, orderId);
    if (order.status !== 'pending' || order.hold_ends_at > at) return order.status;
    if ((await unsettled(tx, orderId)).length) return order.status; // the money came while the hold was being ended: settling decides
    await move(tx, order, 'expired', 'hold ran out');
    await places.release(tx, orderId);
    return 'expired';
  });
}

/**
 * Those of the orders that still wait for their money. One whose hold is over, and for which no payment was ever opened, is ended here:
 * it needs no workflow any more.
 */
export async function stillWaiting(db: Kysely<DB>, orderIds: string[]): Promise<Set<string>> {
  if (!orderIds.length) return new Set();
  const { rows } = await sql<{ id: string; lapsed: boolean }>`select o.id, ${attempts.holdIsOver}
      and not exists (select from payments y where y.order_id = o.id) and not exists (select from mails m where m.order_id = o.id and ${isOwed('m')}) as lapsed
    from orders o where o.id = any(${orderIds}::uuid[]) and o.status = 'pending'`.execute(db);
  for (const { id } of rows.filter((row) => row.lapsed)) await expire(db, id, new Date());
  return new Set(rows.filter((row) => !row.lapsed).map((row) => row.id));
}

/** How many orders are in each state, for /metrics. Of those never placed only the ones that wait. */
export async function countByStatus(db: Kysely<DB>): Promise<{ status: OrderStatus; count: number }[]> {
  const { rows } = await sql<{
    status: OrderStatus;
    count: number;
  }>`select status, count(*)::int as count from orders o where ${isPlaced} or status = 'waiting' group by status`.execute(db);
  return rows;
}
