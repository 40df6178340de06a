// Attempts to pay: the receipt of everybody who pressed pay, so that what is decided later is decided as of that moment.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB } from '../../db/tables.ts';
import { allSellUntil, keepUntil } from '../inventory/places.ts';
import { orderCode } from '../shared/codes.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { uuids } from '../shared/ids.ts';

/** How long an attempt may be decided at most. The hold goes on for so long even past its end; then it is over, whatever the engine does. */
const DECIDE_SECONDS = 120;
const inTime = sql<boolean>`received_at > now() - make_interval(secs => ${sql.lit(DECIDE_SECONDS)})`;
/** An attempt that is still to be decided. One nobody began in its time is over: nobody is charged long after pressing. */
export const isUndecided = sql<boolean>`decided_at is null and (begun_at is not null or ${inTime})`;
/** Pressing again prolongs nothing past this: a retry has the time of the first press, and a little to reach us. */
const LATEST_SECONDS = 150;

/**
 * The time an order (alias `o`) was given, but never past the sale of what is in it. The sale is asked for whenever the right is used: it may
 * have been cut short since, even while the claim was being written, when nobody could shorten the order's own time.
 */
export const ownEnd = sql<Date>`least(o.expires_at, ${allSellUntil(sql`o.id`)})`;

/** When the hold of an order (alias `o`) ends: its own time, or later while an attempt to pay is being decided. */
export const holdEnd = sql<Date>`greatest(${ownEnd}, (select max(a.kept_until) from payment_attempts a where a.order_id = o.id))`;

/** An order's event (alias `e`) takes place: nobody is charged for another, even before its notice has reached the order. */
export const takesPlace = sql<boolean>`e.status = 'published'`;

/** An order (alias `o`) whose hold is over. */
export const holdIsOver = sql<boolean>`${holdEnd} <= now()`;

/** A row to join with an order (alias `o`): its `hold_end`, and the ids of its attempts that are still to be decided (`open`), oldest first. */
export const ofOrder = sql`lateral (
  select greatest(${ownEnd}, max(p.kept_until)) as hold_end,
    coalesce(array_agg(p.id::text order by p.received_at) filter (where ${isUndecided}), '{}') as open
  from payment_attempts p where p.order_id = o.id)`;

/** The order of an attempt, as the start of its workflow needs it. */
export type Received = { orderId: string; code: string; event: string; owner: string };

/** `free`: there is nothing to pay for it. */
export type Receipt = { order: Received; free: boolean };

/**
 * Writes the receipt of an attempt to pay the account's own order, in one statement and before anything else is done for it.
 * It counts from the moment the request came in, `waitedMs` ago: a hold that ended since then is kept if nobody has taken its places.
 * Where the hold's end is near, its places are kept while the attempt is being decided.
 * `method`: the provider's token or payment method, a name for a card that only our own key at the provider can use, and no card data.
 * @returns undefined when there is no such order, it is another's, no longer waits for money, its hold was over, or its event is cancelled;
 *   nothing is written then.
 */
export async function receive(db: Kysely<DB> | Transaction<DB>, { waitedMs, ...press }: Press): Promise<Receipt | undefined> {
  // A changed seat plan, or a claim that waits, may have these places in hand in another order.
  const [row] = await despiteDeadlocks(() => received(db, { ...press, waitedSeconds: waitedMs / 1000 }));
  return row && { order: { orderId: row.id, code: orderCode(row), event: row.event, owner: row.owner }, free: row.free };
}

type Press = { id: string; orderId: string; accountId: string; method: string; waitedMs: number };
type Row = { id: string; number: number; created_at: Date; event: string; owner: string; free: boolean };

const received = prepared<Omit<Press, 'waitedMs'> & { waitedSeconds: number }>()((p) => {
  const pressed = sql`now() - make_interval(secs => ${p.waitedSeconds}::float8)`;
  const latest = sql`least(now() + make_interval(secs => ${sql.lit(DECIDE_SECONDS)}), ${ownEnd} + make_interval(secs => ${sql.lit(LATEST_SECONDS)}))`;
  return sql<Row>`
    with mine as materialized (
      select o.id, o.number, o.created_at, o.account_id, o.total_minor, e.slug, ${holdEnd} as ends, ${latest} as until
      from orders o join events e on e.id = o.event_id
      where o.id = ${p.orderId}::uuid and o.account_id = ${p.accountId}::uuid and o.status = 'pending' and ${takesPlace} and ${holdEnd} > ${pressed}
      for update of o
    ),
    near as materialized (select id, until from mine where until > ends),
    ${keepUntil},
    -- a place lost to somebody else in this moment: the hold was over
    whole as materialized (
      select mine.*, near.until as kept_until from mine left join near on true
      where near.id is null or (select count(*) from kept) = (select count(*) from order_items i where i.order_id = mine.id)
    ),
    receipt as (insert into payment_attempts (id, order_id, method, kept_until)
      select ${p.id}::uuid, id, ${p.method}::text, kept_until from whole)
    select id, number, created_at, slug::text as event, account_id as owner, total_minor = 0 as free from whole`;
});

/** Until when a press (alias `a`) on an order (alias `o`) keeps its places, where the order's own time is cut short meanwhile. */
const keptAnyway = sql`coalesce(a.kept_until, least(o.expires_at, a.received_at + make_interval(secs => ${sql.lit(DECIDE_SECONDS)})))`;

/** Notes for presses that are being decided that they keep their places (holdEnd), before the time of their orders is cut short. */
export async function keepPresses(tx: Transaction<DB>, orderIds: string[]): Promise<void> {
  await sql`update payment_attempts a set kept_until = ${keptAnyway} from orders o
    where o.id = any(${uuids(orderIds)}) and a.order_id = o.id and ${isUndecided}`.execute(tx);
}

/**
 * A part of a statement: begins to decide an attempt, where `may`; its order is locked by the statement. `begun` says what it pays with; it has
 * no row where the attempt was withdrawn, or pressed too long ago, so that nothing may be charged for it.
 */
export const beginning = (id: RawBuilder<string | null>, may: RawBuilder<boolean> = sql`true`) => sql`
  begun as (
    update payment_attempts set begun_at = coalesce(begun_at, now())
    where id = ${id}::uuid and ${may} and outcome is distinct from 'withdrawn' and (begun_at is not null or ${inTime}) returning method
  )`;

/**
 * Takes back an attempt that nobody has begun: certain from then on that nothing is charged for it. The hold keeps the time it was given,
 * so that trying again counts as the same press.
 * @returns false when it has been begun, and its outcome must be waited for.
 */
export async function withdraw(db: Kysely<DB>, attemptId: string): Promise<boolean> {
  const { rows } = await sql`update payment_attempts set decided_at = now(), outcome = 'withdrawn'
    where id = ${attemptId}::uuid and begun_at is null returning id`.execute(db);
  return rows.length === 1;
}

/** Notes what became of an attempt. The hold ends at its own time again, unless another attempt is being decided. */
export async function decide(db: Kysely<DB> | Transaction<DB>, id: string, outcome: string): Promise<void> {
  await decided(db, { id, outcome });
}

const decided = prepared<{ id: string; outcome: string }>()((p) => sql`with ${deciding(p.id, p.outcome)} select`);

/** Parts of a statement: the same. None is decided where `id` is null. */
export const deciding = (id: RawBuilder<string | null>, outcome: RawBuilder<string | null>) => sql`
  decided as (
    update payment_attempts set decided_at = now(), outcome = ${outcome}, kept_until = null
    where id = ${id}::uuid and decided_at is null returning order_id
  ),
  -- whoever withdrew and tried again had the time for this try
  undone as (
    update payment_attempts a set kept_until = null from decided where a.order_id = decided.order_id and a.outcome = 'withdrawn'
  )`;

/** No step that decides an attempt takes longer; one that does counts as dead. */
const STEP_SECONDS = 10;

/** Whether an attempt of the order is being decided right now: its workflow has asked the provider and is about to see the answer. */
export async function isBeingDecided(db: Kysely<DB> | Transaction<DB>, orderId: string): Promise<boolean> {
  return (await beingDecided(db, { orderId })).length > 0;
}

const beingDecided = prepared<{ orderId: string }>()((p) => inHand(sql`${p.orderId}::uuid`));

/** A subquery: the same. */
export const inHand = (orderId: RawBuilder<unknown>) => sql`select from payment_attempts where order_id = ${orderId} and decided_at is null
  and begun_at > now() - make_interval(secs => ${sql.lit(STEP_SECONDS)}) limit 1`;

/** Settling a free order decides every attempt to pay it. */
export async function decideAll(tx: Transaction<DB>, orderId: string, outcome: string): Promise<void> {
  await sql`update payment_attempts set decided_at = now(), outcome = ${outcome}, kept_until = null
    where order_id = ${orderId}::uuid and decided_at is null`.execute(tx);
}

/** Takes back attempts that nobody began in their time. Returns how many. */
export async function prune(db: Kysely<DB>): Promise<number> {
  const { numAffectedRows } = await sql`update payment_attempts set decided_at = now(), outcome = 'withdrawn'
    where decided_at is null and begun_at is null and not ${inTime}`.execute(db);
  return Number(numAffectedRows ?? 0);
}
