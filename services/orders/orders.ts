// Orders: the aggregate every API sells through. Their states, and the only functions that change them.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, OrderStatus, PaymentStatus, RefundStatus } from '../../db/tables.ts';
import * as places from '../inventory/places.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import * as attempts from '../payments/attempts.ts';
import { unsettled } from '../payments/payments.ts';
import { allReturned, owe, type Requester, stands, staysFailed } from '../payments/refunds.ts';
import { isOpen, isSuspect } from '../payments/states.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError } from '../shared/errors.ts';
import * as tickets from '../tickets/tickets.ts';

/** Every state and where it may go. Expired goes on to confirmed when late money finds its places still free. */
export const TRANSITIONS: Record<OrderStatus, readonly OrderStatus[]> = {
  pending: ['confirmed', 'cancelled', 'expired'],
  confirmed: ['cancelled'],
  expired: ['confirmed'],
  cancelled: [],
};

export type OrderView = {
  id: string;
  number: number;
  account_id: string;
  /** With the clock applied: a pending order past its hold reads expired, whether or not its workflow has said so yet. */
  status: OrderStatus;
  total_minor: number;
  currency: string;
  expires_at: Date | null;
  created_at: Date;
  confirmed_at: Date | null;
  ended_at: Date | null;
  end_reason: string | null;
  buyer_email: string;
  buyer_name: string;
  event: { id: string; number: number; slug: string; name: string; starts_at: Date; ends_at: Date; venue: string | null };
  places: {
    id: string;
    section: string | null;
    row_label: string | null;
    seat_label: string | null;
    price_minor: number;
    offer_name: string;
  }[];
  tickets: { id: string; code: string; place_id: string; checked_in_at: string | null }[];
  payment: { id: string; status: PaymentStatus; failure_code: string | null; failure_message: string | null } | null;
  refund: { status: RefundStatus; amount_minor: number } | null;
};

/** The order's code for people: EVT, the day it was made (UTC) and its number. Derived, never stored. */
export function orderCode(order: { number: number; created_at: Date }): string {
  return `EVT${order.created_at.toISOString().slice(0, 10).replaceAll('-', '')}${String(order.number).padStart(5, '0')}`;
}

const clockStatus = sql<OrderStatus>`case when o.status = 'pending' and ${attempts.holdIsOver} then 'expired' else o.status end`;

const view = sql`
  select o.id, o.number, o.account_id, ${clockStatus} as status, o.total_minor, o.currency, o.expires_at, o.created_at, o.confirmed_at,
    o.ended_at, o.end_reason, coalesce(o.buyer_email, a.email) as buyer_email, coalesce(o.buyer_name, a.full_name) as buyer_name,
    e.id as event_id, e.number as event_number, e.slug as event_slug, e.name as event_name, e.starts_at, e.ends_at, v.name as venue,
    (select coalesce(json_agg(json_build_object('id', p.id, 'section', p.section, 'row_label', p.row_label, 'seat_label', p.seat_label,
        'price_minor', i.price_minor, 'offer_name', f.name) order by p.position), '[]')
      from order_items i join places p on p.id = i.place_id join offers f on f.id = i.offer_id where i.order_id = o.id) as places,
    (select coalesce(json_agg(json_build_object('id', t.id, 'code', t.code, 'place_id', t.place_id, 'checked_in_at', t.checked_in_at)
        order by t.number), '[]') from tickets t where t.order_id = o.id and t.voided_at is null) as tickets,
    (select json_build_object('id', y.id, 'status', y.status, 'failure_code', y.failure_code, 'failure_message', y.failure_message)
      from payments y where y.order_id = o.id order by y.succeeded_at is null, y.created_at desc limit 1) as payment,
    (select json_build_object('amount_minor', sum(r.amount_minor),
        'status', case when bool_or(r.status = 'failed') then 'failed' when bool_or(r.status = 'pending') then 'pending' else 'succeeded' end)
      from refunds r where r.order_id = o.id and ${stands} having count(*) > 0) as refund
  from orders o join accounts a on a.id = o.account_id join events e on e.id = o.event_id left join venues v on v.id = e.venue_id`;

type ViewRow = Omit<OrderView, 'event'> & {
  event_id: string;
  event_number: number;
  event_slug: string;
  event_name: string;
  starts_at: Date;
  ends_at: Date;
  venue: string | null;
};

function toView({ event_id, event_number, event_slug, event_name, starts_at, ends_at, venue, ...order }: ViewRow): OrderView {
  return { ...order, event: { id: event_id, number: event_number, slug: event_slug, name: event_name, starts_at, ends_at, venue } };
}

/** The order with all that belongs to it, in one query; undefined if there is none. */
export async function find(db: Kysely<DB> | Transaction<DB>, orderId: string): Promise<OrderView | undefined> {
  const { rows } = await sql<ViewRow>`${view} where o.id = ${orderId}::uuid`.execute(db);
  return rows[0] && toView(rows[0]);
}

/** The account's own order. Throws order_not_found, or forbidden when it is somebody else's. */
export async function findOwn(db: Kysely<DB> | Transaction<DB>, orderId: string, accountId: string): Promise<OrderView> {
  const order = await find(db, orderId);
  if (!order) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  if (order.account_id !== accountId) throw new DomainError('forbidden', 'This order belongs to somebody else.');
  return order;
}

/** One page of the account's orders, newest first, with the number of all that match. */
export async function list(
  db: Kysely<DB>,
  accountId: string,
  options: { status?: OrderStatus; page: number; perPage: number },
): Promise<{ rows: OrderView[]; total: number }> {
  const mine = sql`o.account_id = ${accountId}::uuid and ${options.status ? sql`${clockStatus} = ${options.status}::order_status` : sql`true`}`;
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

/**
 * Cancels the account's own order at once: its places are free for the next buyer when this returns. Money that was paid is owed
 * back from the same moment (a pending refund); the workflow, told through the outbox, sees to it.
 * Cancelling twice gives the same answer. A paid order may be cancelled until its event begins.
 * @throws DomainError order_not_found | forbidden | order_not_cancellable
 */
export async function cancel(
  db: Kysely<DB>,
  request: {
    orderId: string;
    accountId: string;
    reason: string /** Refuse if it is paid: the caller believes it is not. */;
    unlessPaid?: boolean;
  },
): Promise<{ order: OrderView; refundMinor: number; refundStatus: RefundStatus | null }> {
  const work = async (tx: Transaction<DB>) => {
    const row = await lock(tx, request.orderId);
    const before = await findOwn(tx, request.orderId, request.accountId);
    if (before.status === 'expired')
      throw new DomainError('order_expired', 'The hold of this order has ended; there is nothing to cancel.');
    if (row.status === 'confirmed' && request.unlessPaid)
      throw new DomainError('order_not_cancellable', 'This order has been paid meanwhile; cancel it as a paid order.');
    if (row.status !== 'cancelled') {
      if (row.status === 'confirmed' && before.event.starts_at <= new Date())
        throw new DomainError('order_not_cancellable', 'The event has begun; a paid order can no longer be cancelled.');
      if (before.tickets.some((t) => t.checked_in_at))
        throw new DomainError('order_not_cancellable', 'A ticket of this order has been used.');
      await undo(tx, row, { reason: request.reason, refund: 'requested_by_customer', requestedBy: `account/${request.accountId}` });
      await mails.promise(tx, 'cancelled', row.id);
    }
    const order = (await find(tx, row.id))!;
    return { order, refundMinor: order.refund?.amount_minor ?? 0, refundStatus: order.refund?.status ?? null };
  };
  // Its places may be in the hands of a changed seat plan, which takes them in another order.
  return despiteDeadlocks(() => db.transaction().execute(work));
}

/**
 * Cancels an order because its event will not be: whatever its owner could still do, and also when a ticket has been used or the
 * event has begun. What was paid is owed back, and the buyer is told of the notice. False if there was nothing left to cancel.
 */
export async function cancelForEvent(
  db: Kysely<DB>,
  orderId: string,
  notice: { id: string; data: Record<string, unknown> },
): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const row = await lock(tx, orderId);
    if (!TRANSITIONS[row.status].includes('cancelled')) return false;
    await undo(tx, row, { reason: 'the event is cancelled', refund: 'event_cancelled', requestedBy: 'system' });
    await mails.promise(tx, 'event-cancelled', row.id, notice.data, notice.id);
    return true;
  });
}

/** What every cancelling does: the tickets admit nobody, the places are free, captured money is owed, the workflow pays it out. */
export async function undo(
  tx: Transaction<DB>,
  order: { id: string; status: OrderStatus },
  why: { reason: string; refund: string; requestedBy: Requester },
): Promise<void> {
  await move(tx, order, 'cancelled', why.reason);
  await tickets.voidAll(tx, order.id);
  await places.giveBack(tx, order.id);
  await owe(tx, { orderId: order.id, reason: why.refund, requestedBy: why.requestedBy });
  await outbox.orderChanged(tx, order.id);
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

/** What the order's workflow has to see to, read from the rows. */
export type OrderFacts = {
  status: OrderStatus;
  /** ISO time at which a pending order's hold ends, an attempt to pay that is being decided included. */
  expiresAt: string | null;
  /** Captured money not yet turned into tickets or a refund; or a confirmed order of whose money nothing is kept. */
  unsettled: boolean;
  /** Payments still open at the provider. */
  openPayments: string[];
  /** Payments that the provider must be asked about: contradicted by a callback, or set aside and to be captured. */
  suspectPayments: string[];
  /** Refunds owed and not yet made. */
  pendingRefunds: string[];
  /** How many the bank has refused, and that stay so: they are tried again, and a person should see to them. */
  failedRefunds: number;
  /** Mails promised and not yet taken by the mail server. */
  unsentMails: string[];
};

/** The facts in one query. Throws order_not_found. */
export async function facts(db: Kysely<DB>, orderId: string): Promise<OrderFacts> {
  const { rows } = await sql<OrderFacts>`
    select o.status, to_char(${attempts.holdEnd} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "expiresAt",
      exists (select from payments y where y.order_id = o.id and y.status = 'succeeded' and y.settled_at is null)
        or (o.status = 'confirmed' and ${allReturned}) as "unsettled",
      array(select y.id::text from payments y where y.order_id = o.id and ${isOpen}) as "openPayments",
      array(select y.id::text from payments y where y.order_id = o.id and ${isSuspect}) as "suspectPayments",
      array(select r.id::text from refunds r where r.order_id = o.id and r.status = 'pending') as "pendingRefunds",
      (select count(*)::int from refunds r where r.order_id = o.id and ${staysFailed}) as "failedRefunds",
      array(select m.id::text from mails m where m.order_id = o.id and m.sent_at is null) as "unsentMails"
    from orders o where o.id = ${orderId}::uuid`.execute(db);
  if (!rows[0]) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  return rows[0];
}

/**
 * Those of the orders that still wait for their money. One whose hold is over, and for which no payment was ever opened, is ended here:
 * it needs no workflow any more.
 */
export async function stillWaiting(db: Kysely<DB>, orderIds: string[]): Promise<Set<string>> {
  if (!orderIds.length) return new Set();
  const { rows } = await sql<{ id: string; lapsed: boolean }>`select o.id, ${attempts.holdIsOver}
      and not exists (select from payments y where y.order_id = o.id) and not exists (select from mails m where m.order_id = o.id and m.sent_at is null) as lapsed
    from orders o where o.id = any(${orderIds}::uuid[]) and o.status = 'pending'`.execute(db);
  for (const { id } of rows.filter((row) => row.lapsed)) await expire(db, id, new Date());
  return new Set(rows.filter((row) => !row.lapsed).map((row) => row.id));
}

/** How many orders are in each state, for /metrics. */
export async function countByStatus(db: Kysely<DB>): Promise<{ status: OrderStatus; count: number }[]> {
  const { rows } = await sql<{
    status: OrderStatus;
    count: number;
  }>`select status, count(*)::int as count from orders group by status`.execute(db);
  return rows;
}
