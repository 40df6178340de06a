// What a client has missed since a watermark: from the board's log, or from the database, which goes further back.
import { changedSince } from '../../services/inventory/placeChanges.ts';
import type { Db } from '../deps.ts';
import type { Board } from './board.ts';
import type { Feed } from './feed.ts';

/**
 * The places that changed since the watermark `after`, and perhaps some more; undefined if that cannot be told any more, or if no
 * gateway gave out that number. Call it after a catchUp. Changes made while the database is asked are not among them.
 *
 * Places whose hold the clock has ended are always among them, because no row says when that was. They are read before and after the
 * query: one that is released during the query is then in neither the query's answer nor the second reading.
 */
export async function missedSince({ feed, db }: { feed: Feed; db: Db }, board: Board, after: number): Promise<Set<number> | undefined> {
  if (after > feed.watermark()) return undefined;
  const logged = board.changedSince(after);
  if (logged) return logged;
  const lapsed = [...board.lapsedPlaces];
  const ids = await changedSince(db, board.eventId, after);
  return ids && new Set([...board.placesOf(ids), ...lapsed, ...board.lapsedPlaces]);
}
