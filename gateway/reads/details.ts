// One event as its own page shows it. Its row is cached until any event, offer or venue changes; availability is the board's.
import * as events from '../../services/events/events.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Db } from '../deps.ts';
import type { Feed } from './feed.ts';
import { batched } from './gate.ts';

export type Detailed = {
  id: string;
  /** Equal for equal answers of this gateway. */
  stamp: string;
  /** Assembles the event; a caller that knows the stamp need not ask. */
  show(): { event: events.EventView; tiers: events.Tier[] };
};

export type Details = {
  /** Calls `use` with the event, as of this call or newer. `use` must read it before it awaits anything, because it goes on changing. Throws event_not_found, also for drafts. */
  find<T>(idOrSlug: string, use: (event: Detailed) => T | Promise<T>): Promise<T>;
};

/** What is available of each offer: a board has it, or a count. */
type Stock = { offers: { id: string; available: number }[]; etag: string };

const MAX_CACHED = 2_000;

/** Makes the cache. Counting 100,000 places for each request would take the database from the sale. */
export function createDetails({ feed, db }: { feed: Feed; db: Db }): Details {
  const rows = new Map<string, Promise<events.EventDetail | undefined>>();
  // Batched, because a crawler asks for thousands of events one by one.
  const readRow = batched(async (ids) => new Map((await events.details(db, ids)).map((row) => [row.id, row])));
  const readTiers = batched(async (ids) => {
    const found = new Map<string, events.Tier[]>(ids.map((id) => [id, []]));
    for (const tier of await events.tiers(db, ids)) found.get(tier.event_id)!.push(tier);
    return found;
  });
  let edition = 0;

  feed.onChange((_, catalog) => {
    if (!catalog) return;
    edition++;
    rows.clear();
  });

  function rowOf(id: string): Promise<events.EventDetail | undefined> {
    const known = rows.get(id);
    if (known) return known;
    const read = readRow(id);
    if (rows.size >= MAX_CACHED) rows.delete(rows.keys().next().value!);
    rows.set(id, read);
    read.catch(() => rows.get(id) === read && rows.delete(id));
    return read;
  }

  async function counted(id: string): Promise<Stock> {
    const offers = (await readTiers(id)) ?? [];
    return { offers, etag: offers.map((offer) => offer.available).join() };
  }

  return {
    async find(idOrSlug, use) {
      await feed.catchUp();
      const named = await feed.identify(idOrSlug);
      const asked = edition; // of the row: an event may change while the row is read
      // First request for an event: count its places. The board is loaded only when the event is asked for again,
      // so a crawler does not fill memory.
      const again = named && (rows.has(named.id) || feed.peek(named.id));
      const [found, stock] = named ? await Promise.all([rowOf(named.id), again ? feed.board(named) : counted(named.id)]) : [];
      if (!found || !stock) throw new DomainError('event_not_found', 'Event does not exist.', { eventId: idOrSlug });
      const status = events.statusAt(found, feed.now());
      return use({ id: found.id, stamp: `${asked}:${stock.etag}:${status}`, show: () => shown(found, status, stock) });
    },
  };
}

function shown({ stored: _, tiers, ...row }: events.EventDetail, status: events.EventView['status'], { offers }: Stock) {
  const free = new Map(offers.map((offer) => [offer.id, offer.available]));
  const available = offers.reduce((sum, offer) => sum + offer.available, 0);
  return { event: { ...row, status, available }, tiers: tiers.map((tier) => ({ ...tier, available: free.get(tier.id) ?? 0 })) };
}
