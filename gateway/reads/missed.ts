// What a reader who knows everything up to a number has missed: from the board's own log, or from the database where that goes further back.
import { changedSince } from '../../services/inventory/placeChanges.ts';
import type { Db } from '../deps.ts';
import type { Board } from './board.ts';
import type { Feed } from './feed.ts';

/**
 * The places that changed since a watermark `after`, as the board had them at some moment of this call, and perhaps some more; undefined
 * if that cannot be told any more, or the number is no gateway's. Call it after a catchUp. What changes while the database is asked is not among them.
 * Holds the clock has ended are always there, for no row tells when it did: those the board knows of before the question, because one
 * that is released meanwhile is in neither its answer nor the board's list, and those it knows of after.
 */
export async function missedSince({ feed, db }: { feed: Feed; db: Db }, board: Board, after: number): Promise<Set<number> | undefined> {
  if (after > feed.watermark()) return undefined;
  const logged = board.changedSince(after);
  if (logged) return logged;
  const lapsed = [...board.lapsedPlaces];
  const ids = await changedSince(db, board.eventId, after);
  return ids && new Set([...board.placesOf(ids), ...lapsed, ...board.lapsedPlaces]);
}
