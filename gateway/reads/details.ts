// One event as its own page shows it: its row is kept until an event, an offer or a venue changes, what is available is the board's.
import * as events from '../../services/events/events.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Db } from '../deps.ts';
import type { Feed } from './feed.ts';
import { batched } from './gate.ts';

export type Detailed = {
  id: string;
  /** Equal for equal answers of this gateway. */
  stamp: string;
  /** Puts it together: not needed where the stamp is known. */
  show(): { event: events.EventView; tiers: events.Tier[] };
};

export type Details = {
  /** Hands the event to `use`, as of this call or newer; `use` reads it at once, for it goes on changing. Throws event_not_found; drafts are not found. */
  find<T>(idOrSlug: string, use: (event: Detailed) => T | Promise<T>): Promise<T>;
};

/** A board is one. */
type Stock = { offers: { id: string; available: number }[]; etag: string };

const KEPT = 2_000;

/** Makes the memory. Counting 100,000 places for each request would cost the sale its database. */
export function createDetails({ feed, db }: { feed: Feed; db: Db }): Details {
  const rows = new Map<string, Promise<events.EventDetail | undefined>>();
  // A crawler asks for thousands of events one by one.
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
    if (rows.size >= KEPT) rows.delete(rows.keys().next().value!);
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
      const asked = edition; // the row's: it may be another one by the time the row is here
      // Who asks for event after event, a crawler, has each counted once; the board is for those that are asked for again.
      const again = named && (rows.has(named.id) || feed.peek(named.id));
      const [found, stock] = named ? await Promise.all([rowOf(named.id), again ? feed.board(named) : counted(named.id)]) : [];
      if (!found || !stock) throw new DomainError('event_not_found', 'Event does not exist.', { event_id: idOrSlug });
      const status = found.stored === 'published' ? events.phaseAt(found, feed.now()) : found.stored;
      return use({ id: found.id, stamp: `${asked}:${stock.etag}:${status}`, show: () => shown(found, status, stock) });
    },
  };
}

function shown({ stored: _, tiers, ...row }: events.EventDetail, status: events.EventView['status'], { offers }: Stock) {
  const free = new Map(offers.map((offer) => [offer.id, offer.available]));
  const available = offers.reduce((sum, offer) => sum + offer.available, 0);
  return { event: { ...row, status, available }, tiers: tiers.map((tier) => ({ ...tier, available: free.get(tier.id) ?? 0 })) };
}
