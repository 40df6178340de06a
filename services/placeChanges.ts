// The stream of changes of places: who follows it sees every committed change once, each place's in their true order.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../db/tables.ts';

/*
 * How rows are read without losing any. `seq` is handed out before its transaction commits, so "everything past the last seq I saw"
 * would skip a row that commits late. Waiting until every older transaction has ended (xid < pg_snapshot_xmin) loses nothing, but one
 * long transaction anywhere on the server, a migration or a stadium being written, would hold up every screen. So a reader keeps the
 * snapshot of its last look and asks for what that snapshot could not see and the new one can: rows whose xid is at or past its
 * xmax, or was still in progress then. That set is exact, needs no waiting, and an index on xid finds it whatever else goes on.
 * Within one answer rows are ordered by seq, which for one place is the true order: a change of a place takes its row lock before it
 * takes a seq, so the later of two cannot be visible without the earlier. What a client resumes from is the watermark (feed.ts): a
 * seq up to which nothing is under way any more. Only that lags behind a long transaction, and all it costs is repetition.
 */

/** A Postgres snapshot: which transactions are over as seen by one statement. */
export type Snapshot = { xmin: number; xmax: number; running: number[] };

export type PlaceChange = {
  seq: number;
  xid: number;
  event_id: string;
  /** Null where the caller does not follow the event; empty: the event itself or its offers changed. */
  place_ids: string[] | null;
  state: 'free' | 'held' | 'sold';
  /** ms since the epoch, by the database's clock. */
  held_until: number | null;
};

export type Look = {
  snapshot: Snapshot;
  /** The database's clock, ms since the epoch. */
  now: number;
  /** The greatest visible and the smallest kept seq; 0 without rows. */
  top: number;
  oldest: number;
  /** What was committed since the last look, by seq; undefined when it is more than `limit`: then the caller starts anew. */
  changes: PlaceChange[] | undefined;
};

/** Reads pg_snapshot's text form, xmin:xmax:xip,xip. Transaction numbers stay far below 2^53. */
export function parseSnapshot(text: string): Snapshot {
  const [xmin, xmax, running] = text.split(':');
  return { xmin: Number(xmin), xmax: Number(xmax), running: running ? running.split(',').map(Number) : [] };
}

/** Whether that snapshot sees what this transaction wrote (if it committed). */
export const sees = (snapshot: Snapshot, xid: number): boolean =>
  xid < snapshot.xmin || (xid < snapshot.xmax && !snapshot.running.includes(xid));

const epoch = (instant: string) => sql.raw(`(extract(epoch from ${instant}) * 1000)::float8`);
const LIMIT = 20_000;

/** Looks once: every change committed since `last`, places only for `followed` events. Without `last` only where things stand. */
export async function look(db: Kysely<DB>, last: Snapshot | undefined, followed: string[], limit = LIMIT): Promise<Look> {
  const changes = last
    ? sql`(select json_agg(c order by c.seq) from (
        select seq, xid::text::bigint as xid, event_id, state, ${epoch('held_until')} as held_until,
          case when event_id = any(${followed}::uuid[]) or place_ids = '{}' then place_ids end as place_ids
        from place_changes where xid >= ${String(last.xmax)}::xid8 or xid = any(${last.running.map(String)}::xid8[])
        limit ${limit + 1}) c)`
    : sql`null::json`;
  const { rows } = await sql<{ snapshot: string; now: number; top: number; oldest: number; changes: PlaceChange[] | null }>`
    select pg_current_snapshot()::text as snapshot, ${epoch('clock_timestamp()')} as now,
      coalesce((select max(seq) from place_changes), 0) as top, coalesce((select min(seq) from place_changes), 0) as oldest,
      ${changes} as changes`.execute(db);
  const row = rows[0]!;
  const found = row.changes ?? [];
  return { ...row, snapshot: parseSnapshot(row.snapshot), changes: found.length > limit ? undefined : found };
}

/** The places of the event that changed after `seq`, as far as kept; undefined if rows after it are gone already, or it is not yet. */
export async function changedSince(db: Kysely<DB>, eventId: string, seq: number): Promise<string[] | undefined> {
  const { rows } = await sql<{ oldest: number | null; top: number | null; ids: string[] | null }>`
    select (select min(seq) from place_changes) as oldest, (select max(seq) from place_changes) as top,
      (select array_agg(distinct p.id) from place_changes c, unnest(c.place_ids) as p (id)
        where c.seq > ${seq}::bigint and c.event_id = ${eventId}::uuid) as ids`.execute(db);
  const { oldest, top, ids } = rows[0]!;
  return seq + 1 >= (oldest ?? 1) && seq <= (top ?? 0) ? (ids ?? []) : undefined;
}

const KEEP_SECONDS = 600;
const BATCH = 10_000;

/**
 * Deletes what is older than ten minutes, a batch at a time, from the lowest seq upwards without holes: a seq that is still there
 * proves that everything after it is. The newest row always stays, as that proof. One caller at a time; the others do nothing.
 */
export async function prune(db: Kysely<DB>, keepSeconds = KEEP_SECONDS): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with turn as materialized (select pg_try_advisory_xact_lock(hashtext('place_changes.prune')) as mine),
    edge as materialized (
      select least(coalesce((select min(seq) from place_changes where at >= now() - make_interval(secs => ${keepSeconds}::int)),
          (select max(seq) from place_changes)), (select min(seq) from place_changes) + ${BATCH}::int) as seq from turn where turn.mine),
    gone as (delete from place_changes where seq < (select seq from edge) returning 1)
    select count(*)::int as count from gone`.execute(db);
  return rows[0]!.count;
}
