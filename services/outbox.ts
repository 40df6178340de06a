// The outbox: what must be announced after a commit. Rows are written with the change itself and deleted when handed on.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../db/tables.ts';
import { uuids } from './ids.ts';

/**
 * order.created starts the order's workflow; order.changed starts or signals it;
 * places.freed and waitlist.joined (subject: the event) wake the event's waitlist; sms starts a text message's delivery, mail that of a
 * mail which belongs to no order;
 * event.notice (subject: the event) starts or wakes the telling of its ticket holders.
 */
export type Topic = 'order.created' | 'order.changed' | 'sms' | 'mail' | 'places.freed' | 'waitlist.joined' | 'event.notice';

/** What a workflow's start needs to know of its order, so that no consumer has to look it up. */
export type OrderSubject = { number: number; createdAt: string; event: string; owner: string };

export type OutboxRow = { id: string; topic: Topic; subject_id: string; payload: unknown; attempts: number; created_at: Date };

/** How long a relay may keep a row before another may take it: longer than any start takes, short enough not to be noticed. */
const LEASE_SECONDS = 10;

/** Tells the order's workflow (or those of many orders) that something it should look at has been written. Part of the writer's transaction. */
export async function orderChanged(tx: Transaction<DB>, orderId: string | string[]): Promise<void> {
  await sql`insert into outbox (topic, subject_id, payload)
    select 'order.changed', o.id, jsonb_build_object('number', o.number, 'createdAt', o.created_at, 'event', e.slug, 'owner', o.account_id)
    from orders o join events e on e.id = o.event_id where o.id = any(${uuids([orderId].flat())})`.execute(tx);
}

/**
 * Leases up to `limit` due rows to this caller, oldest first; other callers skip them until the lease ends.
 * The starts of new orders are taken apart from the rest: thousands of them may wait after a rush, and nothing else should behind them.
 */
export async function take(db: Kysely<DB>, kind: 'starts' | 'rest', limit: number): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    update outbox set attempts = attempts + 1, available_at = now() + make_interval(secs => ${LEASE_SECONDS})
    where id in (select id from outbox where available_at <= now() and topic ${sql.raw(kind === 'starts' ? '=' : '<>')} 'order.created'
      order by available_at limit ${sql.lit(limit)} for update skip locked)
    returning id, topic, subject_id, payload, attempts, created_at`.execute(db);
  return rows;
}

/** How many orders were made in the last second: their rows fall due two seconds after the claim (holds.ts), and an index knows when. */
export async function newOrders(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from outbox
    where topic = 'order.created' and available_at > now() + interval '1 second' and available_at <= now() + interval '2 seconds'`.execute(
    db,
  );
  return rows[0]!.n;
}

/** Deletes rows that were handed on. */
export async function done(db: Kysely<DB>, ids: string[]): Promise<void> {
  if (ids.length) await sql`delete from outbox where id = any(${ids}::uuid[])`.execute(db);
}

/** Puts a row back after a failure: tried again with growing pauses (1 s doubling to 60 s), never dropped. */
export async function failed(db: Kysely<DB>, id: string, error: string): Promise<void> {
  await sql`update outbox set last_error = ${error.slice(0, 500)},
    available_at = now() + make_interval(secs => least(60, power(2, least(attempts, 6) - 1))) where id = ${id}::uuid`.execute(db);
}

/** How many rows wait and how old the oldest is, in seconds: the outbox lag that /metrics shows. */
export async function lag(db: Kysely<DB>): Promise<{ rows: number; seconds: number }> {
  const { rows } = await sql<{ rows: number; seconds: number }>`
    select count(*)::int as rows, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as seconds from outbox`.execute(db);
  return rows[0]!;
}
