// One event as its own page shows it: its row is kept until an event, an offer or a venue changes, what is available is the board's.
import { DomainError } from '../../services/errors.ts';
import * as events from '../../services/events.ts';
import type { Db } from '../deps.ts';
import type { Feed } from './feed.ts';

export type Detailed = {
  event: events.EventView;
  tiers: events.Tier[];
  /** Equal for equal answers of this gateway. */
  stamp: string;
};

export type Details = { find(idOrSlug: string): Promise<Detailed> };

const KEPT = 2_000;

/** Makes the memory. Counting 100,000 places for each request would cost the sale its database. */
export function createDetails({ feed, db }: { feed: Feed; db: Db }): Details {
  const rows = new Map<string, Promise<events.EventDetail | undefined>>();
  let edition = 0;

  feed.onChange((_, catalog) => {
    if (!catalog) return;
    edition++;
    rows.clear();
  });

  function rowOf(id: string): Promise<events.EventDetail | undefined> {
    const known = rows.get(id);
    if (known) return known;
    const read = events.detail(db, id);
    if (rows.size >= KEPT) rows.delete(rows.keys().next().value!);
    rows.set(id, read);
    read.catch(() => rows.get(id) === read && rows.delete(id));
    return read;
  }

  return {
    /** As of this call or newer. Throws event_not_found; drafts are not found. */
    async find(idOrSlug) {
      await feed.catchUp();
      const named = await feed.identify(idOrSlug);
      const asked = edition; // the row's: it may be another one by the time the row is here
      const found = named && (await rowOf(named.id));
      if (!found) throw new DomainError('event_not_found', 'Event does not exist.', { event_id: idOrSlug });
      const board = await feed.board(named);
      const free = new Map(board.offers.map((offer) => [offer.id, offer.available]));
      const { stored, tiers, ...row } = found;
      const status = stored === 'published' ? events.phaseAt(row, feed.now()) : stored;
      return {
        event: { ...row, status, available: board.available },
        tiers: tiers.map((tier) => ({ ...tier, available: free.get(tier.id) ?? 0 })),
        stamp: `${asked}:${board.etag}:${status}`,
      };
    },
  };
}
