// The outbox: what must be announced after a commit. Rows are written with the change itself and deleted when handed on.
// Taking and deleting wait for no disk (unhurried): what a crash takes back of them is handed on twice, which is harmless, and a buyer's claim
// would wait for their flush.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { uuids } from '../shared/ids.ts';
import { unhurried } from '../shared/unhurried.ts';

/** What a workflow's start needs to know of its order, so that no consumer has to look it up. */
export type OrderSubject = { number: number; createdAt: string; event: string; owner: string };

type None = Record<never, never>;

/** The topics, and what a row of each carries beside its subject's id. What the relay does for each is worker/announce.ts' table. */
export type Payloads = {
  /** An order that nobody has paid: its workflow is started. */
  'order.created': OrderSubject;
  /** Its workflow is started or woken. */
  'order.changed': OrderSubject;
  /** The same for captured money, before everything else. */
  'order.paid': OrderSubject;
  /** Both wake the waitlist of the event. */
  'places.freed': None;
  'waitlist.joined': None;
  /** The telling of the event's ticket holders is started or woken. `event`: its slug. */
  'event.notice': { event: string };
  /** The reading of an external event's places is started or woken. */
  'event.external': None;
  /** The workflow of a job on many tickets is started or woken. */
  'tickets.job': { owner: string; operation: string; total: number };
  /** The delivery of a text message, of an order or of none. */
  sms: { order: string | null };
  /** The delivery of a mail that belongs to no order. */
  mail: None;
};

export type Topic = keyof Payloads;

/** A new order's workflow is started so long after the claim, because a buyer who pays at once starts it by paying, in one step instead of two. */
export const START_GRACE_SECONDS = 2;

/** A row of the outbox. Its id is the announcement's, the same however often it is handed on. */
export type OutboxRow<T extends Topic = Topic> = {
  [K in T]: { id: string; topic: K; subject_id: string; payload: Payloads[K]; attempts: number; created_at: Date };
}[T];

/** The relay's lanes: starts of new orders apart from the rest, because thousands of them may wait after a rush. */
export type Lane = { starts: 'order.created'; rest: Exclude<Topic, 'order.created'> };

/**
 * How long a relay may keep a row before another relay may take it: longer than handing it on takes, short enough not to be noticed.
 * The row of a start stays until the workflow has read its order, which takes longer in a rush.
 */
const LEASE_SECONDS = { starts: 30, rest: 10 };

/** The part of a statement that writes outbox rows: `rows` selects topic, subject_id and payload (jsonb). */
export const announcing = (rows: RawBuilder<unknown>) => sql<unknown>`insert into outbox (topic, subject_id, payload) ${rows}`;

/** Makes the order's workflow (or those of many orders) read its order again. Part of the transaction that wrote something for it. */
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
 */
export async function take<L extends keyof Lane>(db: Kysely<DB>, lane: L, limit: number): Promise<OutboxRow<Lane[L]>[]> {
  const { rows } = await sql<OutboxRow<Lane[L]>>`
    with ${unhurried},
      due as materialized (select id from outbox where available_at <= now() and ${LANES[lane]} limit ${sql.lit(limit)} for update skip locked)
    update outbox o set attempts = o.attempts + 1, available_at = now() + make_interval(secs => ${LEASE_SECONDS[lane]})
    from unhurried, due where o.id = due.id
    returning o.id, o.topic, o.subject_id, o.payload, o.attempts, o.created_at`.execute(db);
  return rows;
}

/** How much there is that starts must wait for, and which starts have been handed on and not run yet. */
export type Traffic = {
  /** Orders made in the last second. Their rows are due two seconds after the claim, so the index on available_at finds them. */
  newOrders: number;
  /** Attempts to pay that are being decided. */
  paying: number;
  /** Of the rows asked about, those whose workflow has not read its order yet. */
  unrun: string[];
};

/** Reads how busy the system is, in one query. */
export async function traffic(db: Kysely<DB>, handedOn: string[]): Promise<Traffic> {
  const { rows } = await sql<Traffic>`select
    (select count(*)::int from outbox where topic = 'order.created'
      and available_at > now() + interval '1 second' and available_at <= now() + interval '2 seconds') as "newOrders",
    (select count(*)::int from payment_attempts where decided_at is null and received_at > now() - interval '20 seconds') as paying,
    array(select id::text from outbox where id = any(${handedOn}::uuid[])) as unrun`.execute(db);
  return rows[0]!;
}

/** Deletes the starts of these orders: their workflows run, whoever started them. */
export async function started(db: Kysely<DB>, orderIds: string[]): Promise<void> {
  await sql`with ${unhurried} delete from outbox using unhurried where topic = 'order.created' and subject_id = any(${orderIds}::uuid[])`.execute(
    db,
  );
}

/** Deletes rows that were handed on. */
export async function done(db: Kysely<DB>, ids: string[]): Promise<void> {
  if (ids.length) await sql`with ${unhurried} delete from outbox using unhurried where id = any(${ids}::uuid[])`.execute(db);
}

/** Puts a row back after a failure. It is tried again with growing pauses (1 s doubling to 60 s), and never dropped. */
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
