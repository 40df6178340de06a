// The outbox: what must be announced after a commit. Rows are written with the change itself and deleted when handed on.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { uuids } from '../shared/ids.ts';

/**
 * order.created starts the workflow of an order that nobody has paid; order.changed starts or signals it, and so does order.paid: captured
 * money, before everything else;
 * places.freed and waitlist.joined (subject: the event) wake the event's waitlist; sms starts a text message's delivery, mail that of a
 * mail which belongs to no order;
 * event.notice (subject: the event) starts or wakes the telling of its ticket holders.
 */
export type Topic = 'order.created' | 'order.paid' | 'order.changed' | 'sms' | 'mail' | 'places.freed' | 'waitlist.joined' | 'event.notice';

/** A new order's workflow is started so long after the claim: who pays at once starts it by paying, in one step instead of two. */
export const START_GRACE_SECONDS = 2;

/** What a workflow's start needs to know of its order, so that no consumer has to look it up. */
export type OrderSubject = { number: number; createdAt: string; event: string; owner: string };

export type OutboxRow = { id: string; topic: Topic; subject_id: string; payload: unknown; attempts: number; created_at: Date };

/**
 * How long a relay may keep a row before another may take it: longer than handing it on takes, short enough not to be noticed. A start's
 * row is kept until its workflow has looked at the order, which in a rush takes longer.
 */
const LEASE_SECONDS = { starts: 30, rest: 10 };

/** The part of a statement that announces what the statement does: `rows` selects topic, subject_id and payload (jsonb). */
export const announcing = (rows: RawBuilder<unknown>) => sql`insert into outbox (topic, subject_id, payload) ${rows}`;

/** Tells the order's workflow (or those of many orders) that something it should look at has been written. Part of the writer's transaction. */
export const orderChanged = (tx: Transaction<DB>, orderId: string | string[]): Promise<void> => announce(tx, 'order.changed', orderId);

/** The same for captured money, which is handed on before everything else. */
export const orderPaid = (tx: Transaction<DB>, orderId: string): Promise<void> => announce(tx, 'order.paid', orderId);

async function announce(tx: Transaction<DB>, topic: Topic, orderId: string | string[]): Promise<void> {
  await sql`insert into outbox (topic, subject_id, payload)
    select ${topic}, o.id, jsonb_build_object('number', o.number, 'createdAt', o.created_at, 'event', e.slug, 'owner', o.account_id)
    from orders o join events e on e.id = o.event_id where o.id = any(${uuids([orderId].flat())})`.execute(tx);
}

/** Which rows a lane takes, as the outbox's two indexes have them. */
const LANES = {
  starts: sql`topic = 'order.created' order by available_at`,
  rest: sql`topic <> 'order.created' order by (topic = 'order.paid') desc, available_at`,
};

/**
 * Leases up to `limit` due rows to this caller, captured money first, then oldest first; other callers skip them until the lease ends.
 * The starts of new orders are taken apart from the rest: thousands of them may wait after a rush, and nothing else should behind them.
 */
export async function take(db: Kysely<DB>, kind: 'starts' | 'rest', limit: number): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    update outbox set attempts = attempts + 1, available_at = now() + make_interval(secs => ${LEASE_SECONDS[kind]})
    where id in (select id from outbox where available_at <= now() and ${LANES[kind]} limit ${sql.lit(limit)} for update skip locked)
    returning id, topic, subject_id, payload, attempts, created_at`.execute(db);
  return rows;
}

/** What the starts have to give way to, and which of those handed on have not run yet. */
export type Traffic = {
  /** Orders made in the last second: their rows fall due two seconds after the claim (orders/claim), and an index knows when. */
  newOrders: number;
  /** Attempts to pay that are being decided. */
  paying: number;
  /** Of the rows asked about, those whose workflow has not looked at its order yet. */
  unrun: string[];
};

/** How busy it is, in one look. */
export async function traffic(db: Kysely<DB>, handedOn: string[]): Promise<Traffic> {
  const { rows } = await sql<Traffic>`select
    (select count(*)::int from outbox where topic = 'order.created'
      and available_at > now() + interval '1 second' and available_at <= now() + interval '2 seconds') as "newOrders",
    (select count(*)::int from payment_attempts where decided_at is null and received_at > now() - interval '20 seconds') as paying,
    array(select id::text from outbox where id = any(${handedOn}::uuid[])) as unrun`.execute(db);
  return rows[0]!;
}

/** These orders' workflows have looked at them: their starts are done, whoever made them. */
export async function started(db: Kysely<DB>, orderIds: string[]): Promise<void> {
  await sql`delete from outbox where topic = 'order.created' and subject_id = any(${orderIds}::uuid[])`.execute(db);
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
