// Deliveries to webhooks: each is a row, written by announcements.ts, which its workflow sees to. Here: how one is handed on, tried and ended.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';

/** A delivery that is to be handed to the engine. `again`: it was handed on before, so its workflow may sleep. */
export type Handed = { id: string; event: string; url: string; endpoint: string; account: string; again: boolean };

/** A relay that dies over a start leaves it to the next one after so long. */
const LEASE_SECONDS = 10;
/** A try takes 10 s at most (delivery/webhookPost.ts); nobody else may try in this time, and nobody has to look whether it has ended. */
const TRY_SECONDS = 20;
/** Tries under way at once: of an endpoint that answers, and of one whose last try failed, so that it takes nobody's room by hanging. */
const AT_ONCE = 8;
const AT_ONCE_WHILE_FAILING = 1;
/** So many of the last tries are kept. */
const TRIES_KEPT = 20;
/** How long the log goes back. */
const LOG_LIFE = sql`interval '30 days'`;

/** A delivery (alias) that is neither made nor given up. Every reader of deliveries that wait uses this. */
export const isWaiting = (alias: string): RawBuilder<boolean> =>
  sql`${sql.ref(`${alias}.delivered_at`)} is null and ${sql.ref(`${alias}.failed_at`)} is null`;

/** A delivery (alias) that was handed on and waits for its first try. */
const isWithTheEngine = (d: string): RawBuilder<boolean> =>
  sql`(${sql.ref(`${d}.tried`)} = 0 and ${sql.ref(`${d}.handed_at`)} is not null and ${isWaiting(d)}
    and (${sql.ref(`${d}.hand_at`)} is null or ${sql.ref(`${d}.hand_at`)} > now()))`;

/** A delivery that no relay takes: it was to be handed on before that moment, and no other of its endpoint is before it. */
export const isUntaken = (d: string, before: RawBuilder<Date>): RawBuilder<boolean> =>
  sql`(${isWaiting(d)} and ${sql.ref(`${d}.hand_at`)} < ${before}
    and not exists (select from webhook_deliveries f where f.endpoint_id = ${sql.ref(`${d}.endpoint_id`)} and ${isWithTheEngine('f')}))`;

/**
 * Leases up to `limit` deliveries that are to be handed on; other callers skip them until the lease ends. Of each endpoint only as many are with
 * the engine and wait for their first try as it has room for, oldest first: the others wait here, where waiting costs nothing, and an endpoint
 * with thousands of them stands in no other's way.
 */
export async function take(db: Kysely<DB>, limit: number): Promise<Handed[]> {
  const { rows } = await sql<Handed>`
    with recursive endpoint (id) as (
      (select endpoint_id from webhook_deliveries where hand_at is not null order by endpoint_id limit 1)
      union all
      select (select d.endpoint_id from webhook_deliveries d where d.hand_at is not null and d.endpoint_id > e.id order by d.endpoint_id limit 1)
      from endpoint e where e.id is not null),
    room as (
      select w.id, w.url, w.account_id, case when w.failing_since is null then ${AT_ONCE}::int else ${AT_ONCE_WHILE_FAILING + 1}::int end - (
        select count(*)::int from webhook_deliveries f where f.endpoint_id = w.id and ${isWithTheEngine('f')}) as free
      from endpoint e join webhook_endpoints w on w.id = e.id),
    due as (
      select d.id, d.handed_at, r.id as endpoint, r.url, r.account_id from room r cross join lateral (
        select id, handed_at from webhook_deliveries where endpoint_id = r.id and hand_at <= now()
        order by hand_at limit greatest(0, r.free) for update skip locked) d limit ${sql.lit(limit)})
    update webhook_deliveries d set hand_at = now() + make_interval(secs => ${LEASE_SECONDS}), handed_at = now()
    from due where d.id = due.id
    returning d.id, d.event, due.url, due.endpoint, due.account_id as account, due.handed_at is not null as again`.execute(db);
  return rows;
}

/** Notes that the engine has these deliveries. */
export async function handedOn(db: Kysely<DB>, deliveries: string[]): Promise<void> {
  if (!deliveries.length) return;
  // Who has one of them locked has it handed on once more, which is harmless; waiting for many rows could end in a deadlock.
  await sql`update webhook_deliveries set hand_at = null where id in (
    select id from webhook_deliveries where id = any(${deliveries}::uuid[]) for update skip locked)`.execute(db);
}

/** What a try needs to know. `clock`: the moment that all its times are counted from. */
export type Begun = {
  id: string;
  announcement: string;
  endpoint: string;
  url: string;
  /** Encrypted. `formerSecret`: until its time is over. */
  secret: string;
  formerSecret: string | null;
  body: string;
  /** Tries before this one, since it was announced or last replayed. */
  tried: number;
  firstTriedAt: Date;
  clock: Date;
};

/** What comes of wanting to try: a try; a pause; nothing until the endpoint is resumed; or there is nothing to do any more. */
export type Beginning = { go: Begun } | { waitMs: number } | 'held' | 'delivered' | 'failed' | 'gone';

type Row = {
  endpoint_id: string;
  announcement_id: string;
  account_id: string;
  url: string;
  secret: string;
  former_secret: string | null;
  body: string;
  tried: number;
  delivered: boolean;
  failed: boolean;
  paused: boolean;
  disabled: boolean;
  failing: boolean;
  first_tried_at: Date | null;
  next_try_at: Date;
  turn_at: Date | null;
  clock: Date;
};

/**
 * Begins a try if it is due, if it is this delivery's turn among the `perMinute` of its owner, and if its endpoint has room. `at` is the
 * workflow's time: what it has slept is over, whatever the clock here says.
 */
export async function begin(db: Kysely<DB>, id: string, at: Date, perMinute: number): Promise<Beginning> {
  return db.transaction().execute(async (tx) => {
    const row = await lock(tx, id, at);
    if (!row) return 'gone';
    if (row.delivered) return 'delivered';
    if (row.failed) return 'failed';
    if (row.disabled) return fail(tx, id);
    if (row.paused) return 'held';
    if (row.next_try_at > row.clock) return { waitMs: row.next_try_at.getTime() - row.clock.getTime() };

    const turn = row.turn_at ?? (await takeTurn(tx, row, perMinute));
    if (turn > row.clock) return defer(tx, id, row.clock, turn.getTime() - row.clock.getTime(), turn);
    if (!(await hasRoom(tx, row))) return defer(tx, id, row.clock, pauseForRoom(row), turn);

    const first = row.first_tried_at ?? row.clock;
    await sql`update webhook_deliveries set turn_at = ${turn}, first_tried_at = ${first},
      trying_until = ${row.clock}::timestamptz + make_interval(secs => ${TRY_SECONDS}),
      next_try_at = ${row.clock}::timestamptz + make_interval(secs => ${TRY_SECONDS}) where id = ${id}::uuid`.execute(tx);
    const { announcement_id: announcement, endpoint_id: endpoint, url, secret, former_secret: formerSecret, body, tried, clock } = row;
    return { go: { id, announcement, endpoint, url, secret, formerSecret, body, tried, firstTriedAt: first, clock } };
  });
}

/** Reads the delivery and locks its endpoint, so that tries under way can be counted. Announcing takes a weaker lock, and waits for nobody. */
async function lock(tx: Transaction<DB>, id: string, at: Date): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    select d.endpoint_id, d.announcement_id, w.account_id, w.url, w.secret, d.payload::text as body, d.tried, d.first_tried_at, d.next_try_at, d.turn_at,
      case when w.former_until > now() then w.former_secret end as former_secret, d.delivered_at is not null as delivered,
      d.failed_at is not null as failed, w.paused_at is not null as paused, w.disabled_at is not null as disabled, w.failing_since is not null as failing,
      greatest(${at}::timestamptz, now()) as clock
    from webhook_deliveries d join webhook_endpoints w on w.id = d.endpoint_id where d.id = ${id}::uuid for no key update of w`.execute(tx);
  return rows[0];
}

/** Gives up what was announced while its endpoint was being disabled. */
async function fail(tx: Transaction<DB>, id: string): Promise<'failed'> {
  await sql`update webhook_deliveries set failed_at = now() where id = ${id}::uuid`.execute(tx);
  return 'failed';
}

/**
 * The delivery's turn: now, or where the owner's minute is used up, in one to come. A minute begins with the first try in it. Turns of minutes to
 * come are spread over them, so that what was delayed does not come in one heap.
 */
async function takeTurn(tx: Transaction<DB>, { account_id, clock }: Row, perMinute: number): Promise<Date> {
  const { rows } = await sql<{ minute_at: Date; taken: number }>`
    insert into webhook_minutes as m (account_id, minute_at, taken) values (${account_id}::uuid, ${clock}, 1)
    on conflict (account_id) do update set
      minute_at = case when m.minute_at + interval '1 minute' <= ${clock} then ${clock}
        when m.taken >= ${perMinute} then m.minute_at + interval '1 minute' else m.minute_at end,
      taken = case when m.minute_at + interval '1 minute' <= ${clock} or m.taken >= ${perMinute} then 1 else m.taken + 1 end
    returning minute_at, taken`.execute(tx);
  const { minute_at, taken } = rows[0]!;
  return minute_at <= clock ? clock : new Date(minute_at.getTime() + Math.floor(((taken - 1) * 60_000) / perMinute));
}

async function hasRoom(tx: Transaction<DB>, { endpoint_id, failing, clock }: Row): Promise<boolean> {
  const { rows } = await sql<{ trying: number }>`select count(*)::int as trying from webhook_deliveries
    where endpoint_id = ${endpoint_id}::uuid and trying_until > ${clock}`.execute(tx);
  return rows[0]!.trying < (failing ? AT_ONCE_WHILE_FAILING : AT_ONCE);
}

/** Half a second at first; who has waited long asks less often, up to every five minutes, so that a long line costs little. Spread, so that not all come at once. */
const pauseForRoom = ({ clock, next_try_at, turn_at }: Row): number => {
  const due = Math.max(next_try_at.getTime(), turn_at?.getTime() ?? 0);
  return Math.round(Math.min(300_000, Math.max(500, (clock.getTime() - due) / 2)) * (0.5 + Math.random()));
};

async function defer(tx: Transaction<DB>, id: string, clock: Date, waitMs: number, turn: Date): Promise<{ waitMs: number }> {
  const next = new Date(clock.getTime() + waitMs);
  await sql`update webhook_deliveries set turn_at = ${turn}, next_try_at = ${next} where id = ${id}::uuid`.execute(tx);
  return { waitMs: Math.max(1, waitMs) };
}

/** A try as the log shows it: when it began, what was answered or why nothing was, how long it took. */
export type Try = { at: string; status: number | null; error: string | null; ms: number };

/** How a try ended: delivered, given up, or to be tried again so many milliseconds later. */
export type Ending = 'delivered' | 'failed' | { againMs: number };

/** Notes how a try ended. What was given up meanwhile, as its endpoint was disabled, stays so unless this try delivered it. */
export async function ended(tx: Transaction<DB>, { id, clock }: Begun, made: Try, ending: Ending): Promise<void> {
  const next = new Date(clock.getTime() + (typeof ending === 'object' ? ending.againMs : 0));
  await sql`update webhook_deliveries set tried = tried + 1, trying_until = null, turn_at = null, next_try_at = ${next},
      tries = (case when jsonb_array_length(tries) >= ${TRIES_KEPT} then tries - 0 else tries end) || ${JSON.stringify([made])}::jsonb,
      delivered_at = case when ${ending === 'delivered'} then now() end, failed_at = case when ${ending === 'delivered'} then null when ${ending === 'failed'} then now() else failed_at end
    where id = ${id}::uuid`.execute(tx);
}

/** Gives up whatever waits for an endpoint that was disabled, and says how many. Its workflows find that out when they wake. */
export async function giveUpAll(tx: Transaction<DB>, endpoint: string): Promise<number> {
  const { numAffectedRows } =
    await sql`update webhook_deliveries d set failed_at = now(), trying_until = null, turn_at = null, hand_at = null
    where endpoint_id = ${endpoint}::uuid and ${isWaiting('d')}`.execute(tx);
  return Number(numAffectedRows ?? 0);
}

/** Hands on whatever waits for an endpoint that was resumed; what was due meanwhile is due now. */
export async function handOnAll(tx: Transaction<DB>, endpoint: string): Promise<void> {
  await sql`update webhook_deliveries d set hand_at = now() where endpoint_id = ${endpoint}::uuid and ${isWaiting('d')} and hand_at is null`.execute(
    tx,
  );
}

/**
 * Hands on again what is due for more than a minute and nobody sees to (a workflow terminated by hand, a Temporal server that lost its data): at
 * most every quarter of an hour, for a workflow takes only so many signals. @returns how many.
 */
export async function sweep(db: Kysely<DB>): Promise<number> {
  const { numAffectedRows } = await sql`update webhook_deliveries set hand_at = now() where id in (
    select d.id from webhook_deliveries d join webhook_endpoints w on w.id = d.endpoint_id
    where ${isForgotten('d', 'w', sql`now() - interval '1 minute'`)} and coalesce(d.handed_at < now() - interval '15 minutes', true) or ${isNeverHanded('d', 'w')}
    order by d.next_try_at limit 500 for update of d skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Something must have happened to the delivery before that moment and has not; it waits for no relay, and its endpoint takes deliveries. */
export const isForgotten = (d: string, w: string, before: RawBuilder<Date>): RawBuilder<boolean> =>
  sql`(${isWaiting(d)} and ${sql.ref(`${d}.next_try_at`)} < ${before} and ${sql.ref(`${d}.hand_at`)} is null
    and ${sql.ref(`${w}.paused_at`)} is null and ${sql.ref(`${w}.disabled_at`)} is null)`;

/** Written by a transaction that still saw its endpoint paused while another resumed it. */
const isNeverHanded = (d: string, w: string): RawBuilder<boolean> =>
  sql`(${isForgotten(d, w, sql`now() - interval '2 seconds'`)} and ${sql.ref(`${d}.handed_at`)} is null)`;

/** Takes away what the log shows no longer. */
export async function prune(db: Kysely<DB>): Promise<void> {
  await sql`delete from webhook_deliveries where id in (
    select d.id from webhook_deliveries d where created_at < now() - ${LOG_LIFE} and not (${isWaiting('d')}) order by created_at limit 1000)`.execute(
    db,
  );
}

/** How many deliveries wait, and how many endpoints take none, for /metrics. */
export async function countTroubled(db: Kysely<DB>): Promise<{ waiting: number; failing: number }> {
  const { rows } = await sql<{ waiting: number; failing: number }>`select
    (select count(*)::int from webhook_deliveries d where ${isWaiting('d')}) as waiting,
    (select count(*)::int from webhook_endpoints where failing_since is not null or disabled_at is not null) as failing`.execute(db);
  return rows[0]!;
}
