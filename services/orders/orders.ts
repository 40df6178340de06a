// Orders: the aggregate every API sells through. Their states, and the only functions that change them.
import { type Kysely, type RawBuilder, type Selectable, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB, OrderStatus, Orders } from '../../db/tables.ts';
import type { Actor } from '../accounts/actor.ts';
import { isUndecided } from '../external/rows.ts';
import * as places from '../inventory/places.ts';
import { isOwed } from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import * as attempts from '../payments/attempts.ts';
import { unsettled } from '../payments/captured.ts';
import { isOpen } from '../payments/states.ts';
import { DomainError } from '../shared/errors.ts';
import { type Page, type Paged, slice } from '../shared/pages.ts';
import { isBuyers, isPlaced, type PlacedStatus } from './placed.ts';
import { type Act, refuse } from './policy.ts';
import { clockStatus, type OrderView, type Stage, stage, toView, type ViewRow, view } from './view.ts';

export type { OrderView } from './view.ts';

/** Every state and where it may go. Waiting becomes pending by a claim into the order (claim/order.ts). Expired goes on to confirmed when late money finds its places still free. */
export const TRANSITIONS: Record<OrderStatus, readonly OrderStatus[]> = {
  waiting: ['pending', 'cancelled', 'expired'],
  pending: ['confirmed', 'cancelled', 'expired'],
  confirmed: ['cancelled'],
  expired: ['confirmed'],
  cancelled: [],
};

/** The order with all that belongs to it, in one query; undefined if there is none, or it was never placed (the waitlist shows those). */
export async function find(db: Kysely<DB> | Transaction<DB>, orderId: string): Promise<OrderView | undefined> {
  const [row] = await found(db, { orderId });
  return row && toView(row);
}

const found = prepared<{ orderId: string }>()((p) => sql<ViewRow>`${view} where o.id = ${p.orderId}::uuid and ${isPlaced}`);

/** The order, if the actor may do this with it. Throws order_not_found, or what the policy says. */
export async function findFor(db: Kysely<DB> | Transaction<DB>, orderId: string, actor: Actor, act: Act = 'see'): Promise<OrderView> {
  const order = await find(db, orderId);
  if (!order) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  const refused = refuse(actor, act, order);
  if (refused) throw refused;
  return order;
}

/** Which orders a list is of. `stages`: any of these. */
export type Listed = Page & { status?: PlacedStatus; stages?: Stage[]; eventId?: string };

/** One page of the account's placed orders, newest first; of everybody's where `accountId` is null, by their numbers then. */
export async function list(db: Kysely<DB>, accountId: string | null, options: Listed): Promise<Paged<OrderView>> {
  const { status, stages, eventId } = options;
  const matches = sql.join(
    [
      isPlaced,
      ...(accountId === null ? [] : [sql`o.account_id = ${accountId}::uuid`, isBuyers]),
      ...(status ? [sql`${clockStatus} = ${status}::order_status`] : []),
      ...(stages ? [sql`${stage} = any(array[${sql.join(stages)}]::text[])`] : []),
      ...(eventId ? [sql`o.event_id = ${eventId}::uuid`] : []),
    ],
    sql` and `,
  );
  // Each has its index.
  const order = accountId === null ? sql`o.number desc` : sql`o.created_at desc, o.id`;
  const [page, count] = await Promise.all([
    sql<ViewRow>`${view} where ${matches} order by ${order} ${slice(options)}`.execute(db),
    sql<{ total: number }>`select count(*)::int as total from orders o where ${matches}`.execute(db),
  ]);
  return { rows: page.rows.map(toView), total: count.rows[0]!.total };
}

type LockedOrder = Selectable<Orders> & { hold_ends_at: Date; provider_undecided: boolean };

const locked = prepared<{ orderId: string }>()(
  (p) => sql<LockedOrder>`select o.*, ${attempts.holdEnd} as hold_ends_at, ${isUndecided} as provider_undecided
    from orders o where o.id = ${p.orderId}::uuid for update of o`,
);

/** Locks the order for a change of state. `hold_ends_at` is its hold's end, an attempt to pay that is being decided included; `provider_undecided`: see external/rows.ts. */
export async function lock(tx: Transaction<DB>, orderId: string): Promise<LockedOrder> {
  const [row] = await locked(tx, { orderId });
  if (!row) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  return row;
}

/** Ends an order, by the table above. With `confirming` the one place that writes orders.status. */
export async function move(
  tx: Transaction<DB>,
  order: { id: string; status: OrderStatus },
  to: Exclude<OrderStatus, 'confirmed'>,
  reason?: string,
): Promise<void> {
  if (!TRANSITIONS[order.status].includes(to)) throw new Error(`order ${order.id}: ${order.status} cannot become ${to}`);
  await tx
    .updateTable('orders')
    .set({ status: to, ended_at: sql<Date>`now()`, end_reason: reason ?? null })
    .where('id', '=', order.id)
    .execute();
}

/** A part of a statement: the order is confirmed. Settling alone has it, which has locked the order and looked at the table above. */
export const confirming = (orderId: RawBuilder<string>) => sql`
  confirmed as (
    update orders set status = 'confirmed', confirmed_at = now(), ended_at = null, end_reason = null where id = ${orderId}::uuid
  )`;

/** Ends a pending order whose hold ran out at or before `at` (the workflow's clock) and frees its places. Returns the status it has now. */
export const expire = async (db: Kysely<DB>, orderId: string, at: Date): Promise<OrderStatus> => (await end(db, orderId, at)).status;

/** The same; `ended` says whether it was this call that did it. */
async function end(db: Kysely<DB>, orderId: string, at: Date): Promise<{ status: OrderStatus; ended: boolean }> {
  return db.transaction().execute(async (tx) => {
    const order = await lock(tx, orderId);
    const { status } = order;
    if (status !== 'pending' || order.hold_ends_at > at) return { status, ended: false };
    if ((await unsettled(tx, orderId)).length) return { status, ended: false }; // the money came while the hold was being ended: settling decides
    await move(tx, order, 'expired', 'hold ran out');
    await places.release(tx, orderId);
    return { status: 'expired', ended: true };
  });
}

/** An operator's call ends so many orders at most; the next one goes on. */
const OVERDUE_AT_ONCE = 500;

/**
 * Ends the pending orders whose hold is over, the longest overdue first. Their workflows do it anyway, each in its own time; those that a
 * payment was opened for are told, because it has to be closed at its provider.
 * @returns how many were ended by this very call, at most 500.
 */
export async function expireOverdue(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ id: string; paying: boolean }>`
    select o.id, exists (select from payments y where y.order_id = o.id and ${isOpen}) as paying
    from orders o where o.status = 'pending' and o.expires_at <= now() and ${attempts.holdIsOver}
    order by o.expires_at, o.id limit ${OVERDUE_AT_ONCE}`.execute(db);
  const ended: typeof rows = [];
  for (const row of rows) if ((await end(db, row.id, new Date())).ended) ended.push(row);
  const paying = ended.filter((row) => row.paying).map((row) => row.id);
  if (paying.length) await db.transaction().execute((tx) => outbox.orderChanged(tx, paying));
  return ended.length;
}

/** What an order that waits for its money needs of its workflow, and in how many milliseconds its hold ends. `quiet`: nothing before that; else a look at once. */
export type StillWaiting = { quiet: boolean; endsInMs: number };

/**
 * Those of the orders that still wait for their money. One whose hold is over, and for which no payment was ever opened, is ended here:
 * it needs no workflow any more.
 */
export async function stillWaiting(db: Kysely<DB>, orderIds: string[]): Promise<Map<string, StillWaiting>> {
  if (!orderIds.length) return new Map();
  const { rows } = await sql<{ id: string; lapsed: boolean; quiet: boolean; ms: number }>`
    with asked as materialized (
      select o.id, e.external, ${attempts.holdEnd} as ends, exists (select from payment_attempts a where a.order_id = o.id) as pressed,
        exists (select from payments y where y.order_id = o.id) or exists (select from mails m where m.order_id = o.id and ${isOwed('m')}) as busy
      from orders o join events e on e.id = o.event_id where o.id = any(${orderIds}::uuid[]) and o.status = 'pending')
    select id, ends <= now() and not busy as lapsed, ends is not null and not (busy or pressed or external) as quiet,
      ceil(extract(epoch from ends - now()) * 1000)::float8 as ms from asked`.execute(db);
  for (const { id } of rows.filter((row) => row.lapsed)) await expire(db, id, new Date());
  return new Map(rows.filter((row) => !row.lapsed).map(({ id, quiet, ms }) => [id, { quiet, endsInMs: Math.max(0, ms) }]));
}

/** How many orders are in each state, for /metrics. Of those never placed only the ones that wait. */
export async function countByStatus(db: Kysely<DB>): Promise<{ status: OrderStatus; count: number }[]> {
  const { rows } = await sql<{
    status: OrderStatus;
    count: number;
  }>`select status, count(*)::int as count from orders o where ${isPlaced} or status = 'waiting' group by status`.execute(db);
  return rows;
}
