// The stream of changes of places: a reader gets every committed change once, those of one place in their true order.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isWaitedFor } from './places.ts';

/*
 * How rows are read without losing any. `seq` is handed out before its transaction commits, so "everything past the last seq I saw"
 * would skip a row that commits late. Waiting until every older transaction has ended (xid < pg_snapshot_xmin) loses nothing, but one
 * long transaction anywhere on the server, a migration or a stadium being written, would hold up every screen. So a reader keeps the
 * snapshot of its last query and asks for what that snapshot could not see and the new one can: rows whose xid is at or past its
 * xmax, or was still in progress then. That set is exact, needs no waiting, and an index on xid finds it whatever else goes on.
 * Within one answer rows are ordered by seq, which for one place is the true order: a change of a place takes its row lock before it
 * takes a seq, so the later of two cannot be visible without the earlier.
 *
 * What a client resumes from is the snapshot's xmin: every transaction before it is over, so what the client has not seen has this
 * number or a higher one. During a long transaction it stands still, and clients that resume get some changes again. A seq would not do: a transaction
 * that began after all those that have ended is in no snapshot's list of running ones, so nobody can say which seqs it has taken.
 *
 * Rows of a restored dump carry the other server's transaction numbers, which may lie in this server's future. They are never
 * returned, and are deleted first.
 */

/** A Postgres snapshot: which transactions were over when a statement ran. */
export type Snapshot = { xmin: number; xmax: number; running: number[] };

export type PlaceChange = {
  seq: number;
  xid: number;
  event_id: string;
  /** Null where the caller does not follow the event; empty: the event or its offers changed (state free), or its waitlist's line (held). */
  place_ids: string[] | null;
  state: 'free' | 'held' | 'sold';
  /** ms since the epoch, by the database's clock. */
  held_until: number | null;
  /** With empty place_ids, of an event that the caller follows: the offers that somebody waits for, as of this look. */
  waited?: string[];
};

/** The event's own row, its offers or its venue changed. */
export const isOfEvent = (change: PlaceChange): boolean => change.place_ids?.length === 0 && change.state === 'free';

export type Changes = {
  snapshot: Snapshot;
  /** The database's clock, ms since the epoch. */
  now: number;
  /** What was committed since `last`, by seq; undefined if more than `limit`: then the caller starts anew. */
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
/** A row that we see was written by a transaction before our snapshot's end, unless it was written on another server. */
const isForeign = sql`xid >= pg_snapshot_xmax(pg_current_snapshot())`;
const LIMIT = 20_000;

/** Every change committed since the snapshot `last`; their places only for `followed` events. Without `last`: no changes, only the snapshot to begin with. */
export async function readChanges(db: Kysely<DB>, last: Snapshot | undefined, followed: string[], limit = LIMIT): Promise<Changes> {
  const changed = last
    ? sql`select seq, xid::text::bigint as xid, event_id, state, ${epoch('held_until')} as held_until,
        case when event_id = any(${followed}::uuid[]) or place_ids = '{}' then place_ids end as place_ids
      from place_changes where (xid >= ${String(last.xmax)}::xid8 or xid = any(${last.running.map(String)}::xid8[])) and not ${isForeign}
      limit ${limit + 1}`
    : sql`select null::uuid as event_id, null::uuid[] as place_ids, null::bigint as seq where false`;
  // Who waits is asked in the same look, because of two people who join at once neither sees the other.
  const { rows } = await sql<{ snapshot: string; now: number; changes: PlaceChange[] | null; waited: Record<string, string[]> | null }>`
    with c as materialized (${changed})
    select pg_current_snapshot()::text as snapshot, ${epoch('clock_timestamp()')} as now, (select json_agg(c order by c.seq) from c) as changes,
      (select json_object_agg(e.id, array(select o.id from offers o where o.event_id = e.id and ${isWaitedFor('o')}))
        from (select distinct event_id as id from c where place_ids = '{}' and event_id = any(${followed}::uuid[])) e) as waited`.execute(
    db,
  );
  const { snapshot, now, changes: found, waited } = rows[0]!;
  if (waited) for (const change of found ?? []) if (change.place_ids?.length === 0) change.waited = waited[change.event_id];
  return { snapshot: parseSnapshot(snapshot), now, changes: (found?.length ?? 0) > limit ? undefined : (found ?? []) };
}

/**
 * The places of the event that were changed by transactions from `xid` on. Undefined if some of those changes are deleted already, or if
 * the waitlist's line changed: no row says which places that held or gave back.
 */
export async function changedSince(db: Kysely<DB>, eventId: string, xid: number): Promise<string[] | undefined> {
  const { rows } = await sql<{ oldest: number | null; ids: string[] | null; line: boolean }>`
    select (select xid::text::bigint from place_changes order by xid limit 1) as oldest,
      (select array_agg(distinct p.id) from place_changes c, unnest(c.place_ids) as p (id)
        where c.xid >= ${String(xid)}::xid8 and c.event_id = ${eventId}::uuid) as ids,
      exists (select from place_changes c
        where c.xid >= ${String(xid)}::xid8 and c.event_id = ${eventId}::uuid and c.place_ids = '{}' and c.state = 'held') as line`.execute(
    db,
  );
  const { oldest, ids, line } = rows[0]!;
  return !line && (oldest === null || oldest <= xid) ? (ids ?? []) : undefined;
}

const KEEP_SECONDS = 600;
const BATCH = 10_000;

/**
 * Deletes changes older than `keepSeconds`, one batch, and returns how many. Whole transactions go, oldest first, and none that is later than one
 * still under way, so that a row which is there proves that all later ones are. The newest of the old rows stays as that proof.
 * One caller at a time; the others do nothing.
 */
export async function prune(db: Kysely<DB>, keepSeconds = KEEP_SECONDS): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with turn as materialized (select pg_try_advisory_xact_lock(hashtext('place_changes.prune')) as mine),
    young as materialized (select xid from place_changes where at >= now() - make_interval(secs => ${keepSeconds}::int) order by xid limit 1),
    proof as materialized (select xid from place_changes where xid < coalesce((select xid from young), '18446744073709551615'::xid8) order by xid desc limit 1),
    full_batch as materialized (
      select xid from place_changes where xid > (select xid from place_changes order by xid limit 1) order by xid offset ${BATCH}::int limit 1),
    edge as materialized (
      select least(pg_snapshot_xmin(pg_current_snapshot()), (select xid from proof), (select xid from full_batch)) as xid from turn where turn.mine),
    gone as (delete from place_changes where exists (select from edge)
      and (exists (select from proof) and xid < (select xid from edge) or ${isForeign}) returning 1)
    select count(*)::int as count from gone`.execute(db);
  return rows[0]!.count;
}
