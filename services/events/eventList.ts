// Lists of events: what is asked for, in which order, a page at a time.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';
import { isFree, isOnSale, isWaitedFor, stockOf } from '../inventory/places.ts';
import { inUnits } from '../shared/money.ts';
import { contains, folded, foldedOnce } from '../shared/search.ts';
import { card, countFree, type EventCard, type EventView, statusAt } from './events.ts';

/** `price` is the lowest of an event, in units of its currency. */
export type Sort = { by: 'startsAt' | 'price' | 'name' | 'createdAt'; descending: boolean };

/** Everything left out does not narrow the list. */
export type EventFilter = {
  /** Lists the events that this one may manage, drafts and cancelled ones too. Left out: all that are published. */
  manager?: Manager;
  status?: EventView['status'];
  venueId?: string;
  /** The venue's city, compared as people read it. */
  city?: string;
  startsAfter?: Date;
  startsBefore?: Date;
  /** Events that sell something at a price in this range, in units of their currency: 19.99. */
  priceMin?: number;
  priceMax?: number;
  /** Whether something of it can be bought now. */
  available?: boolean;
  /** Words that all stand in its name or description. */
  search?: string;
  /** Left out: what is to come by start, then what is going on, then what is over, the last one first. */
  sort?: Sort;
  page: number;
  perPage: number;
};

export type ListedCard = EventCard & { stored: 'draft' | 'published' | 'cancelled' };

/** The listed event at `now` (ms since the epoch), with so many free places. Of a cancelled one nothing is available. */
export function viewAt(listed: ListedCard, available: number, now: number): EventView {
  const { stored, ...card } = listed;
  return { ...card, status: statusAt(listed, now), available: stored === 'cancelled' ? 0 : available };
}

/** A stretch of the list with an order of its own. */
type Part = { where: RawBuilder<unknown>; order: RawBuilder<unknown> };

const OF_STATUS = {
  draft: sql`e.status = 'draft'`,
  cancelled: sql`e.status = 'cancelled'`,
  upcoming: sql`e.status = 'published' and e.starts_at > now()`,
  ongoing: sql`e.status = 'published' and e.starts_at <= now() and e.ends_at > now()`,
  completed: sql`e.status = 'published' and e.ends_at <= now()`,
} satisfies Record<EventView['status'], RawBuilder<unknown>>;

// Each part is a walk along the index (status, starts_at, id): one order over all of them would sort every event for each page.
const soonest = sql`e.starts_at, e.id`;
const latest = sql`e.starts_at desc, e.id desc`;
const BY_CLOCK: Part[] = [
  { where: sql`e.starts_at > now()`, order: soonest },
  { where: sql`e.starts_at <= now() and e.ends_at > now()`, order: latest },
  { where: sql`e.ends_at <= now()`, order: latest },
];

const KEYS = {
  startsAt: sql`e.starts_at`,
  price: sql`(select min(${inUnits(sql`o.price_minor`, sql`o.currency`)}) from offers o where o.event_id = e.id and o.is_active and not o.is_pool)`,
  name: folded(sql`e.name`),
  createdAt: sql`e.created_at`,
} satisfies Record<Sort['by'], RawBuilder<unknown>>;

/** One page of the events that match, with the number of all of them. Events of the same rank come in the order of their ids. */
export async function list(db: Kysely<DB>, filter: EventFilter): Promise<{ rows: ListedCard[]; total: number }> {
  const where = sql.join(conditions(filter), sql` and `);
  // A plan that is kept does not know how rare a word is: with the fence it finds first and sorts then, and never walks all events for a few.
  const matching = filter.search ? sql`(select * from events e where ${where} offset 0) e where true` : sql`events e where ${where}`;
  const parts = filter.sort ? [sorted(filter.sort)] : BY_CLOCK;
  const sizes = await count(db, where, parts);
  const slices = cut(sizes, (filter.page - 1) * filter.perPage, filter.perPage);
  const rows = await Promise.all(slices.map(({ part, skip, take }) => read(db, matching, parts[part]!, skip, take)));
  return { rows: rows.flat(), total: sizes.reduce((sum, size) => sum + size, 0) };
}

const sorted = ({ by, descending }: Sort): Part => ({
  where: sql`true`,
  order: descending ? sql`${KEYS[by]} desc nulls last, e.id desc` : sql`${KEYS[by]} nulls last, e.id`,
});

/** The same page as who manages these events sees it, with what the clock makes of each and what is free of it now. */
export async function listManaged(
  db: Kysely<DB>,
  filter: EventFilter & { manager: Manager },
): Promise<{ rows: EventView[]; total: number }> {
  const { rows, total } = await list(db, filter);
  const ids = rows.map((row) => row.id);
  const free = new Map((await countFree(db, ids)).map(({ id, available }) => [id, available]));
  const now = Date.now();
  return { rows: rows.map((row) => viewAt(row, free.get(row.id) ?? 0, now)), total };
}

/** How many events are in each part. */
async function count(db: Kysely<DB>, where: RawBuilder<unknown>, parts: Part[]): Promise<number[]> {
  const each = sql.join(parts.map((part) => sql`count(*) filter (where ${part.where})::int`));
  const { rows } = await sql<{ sizes: number[] }>`select array[${each}] as sizes from events e where ${where}`.execute(db);
  return rows[0]!.sizes;
}

/** Which stretch of which part belongs to the page. */
function cut(sizes: number[], offset: number, limit: number): { part: number; skip: number; take: number }[] {
  const slices: { part: number; skip: number; take: number }[] = [];
  let before = 0;
  let open = limit;
  for (const [part, size] of sizes.entries()) {
    const skip = Math.max(0, offset - before);
    const take = Math.min(open, size - skip);
    if (take > 0) slices.push({ part, skip, take });
    open -= Math.max(0, take);
    before += size;
  }
  return slices;
}

async function read(db: Kysely<DB>, matching: RawBuilder<unknown>, part: Part, skip: number, take: number): Promise<ListedCard[]> {
  const { rows } = await sql<ListedCard>`select e.status::text as stored, ${card} where e.id in (
      select e.id from ${matching} and ${part.where} order by ${part.order} limit ${take} offset ${skip})
    order by ${part.order}`.execute(db);
  return rows;
}

function conditions(filter: EventFilter): RawBuilder<unknown>[] {
  const { manager, status, venueId, city, startsAfter, startsBefore, available, search } = filter;
  const all = [sql`true`];
  if (!manager) all.push(sql`e.status = 'published'`);
  else if (!manager.admin) all.push(sql`e.organizer_id = ${manager.accountId}::uuid`);
  if (status) all.push(OF_STATUS[status]);
  if (venueId) all.push(sql`e.venue_id = ${venueId}::uuid`);
  // An array, so that the index of events by venue is used beside others.
  if (city !== undefined)
    all.push(sql`e.venue_id = any(array(select v.id from venues v where ${folded(sql`v.city`)} = ${foldedOnce(city)}))`);
  if (startsAfter) all.push(sql`e.starts_at >= ${startsAfter}`);
  if (startsBefore) all.push(sql`e.starts_at < ${startsBefore}`);
  if (filter.priceMin !== undefined || filter.priceMax !== undefined) all.push(isPriced(filter));
  if (available !== undefined) all.push(available ? isAvailable : sql`not (${isAvailable})`);
  if (search) all.push(...contains(sql`e.search_text`, search));
  return all;
}

function isPriced({ priceMin, priceMax }: EventFilter): RawBuilder<unknown> {
  const price = inUnits(sql`o.price_minor`, sql`o.currency`);
  const low = priceMin === undefined ? sql`true` : sql`${price} >= ${priceMin}::numeric`;
  const high = priceMax === undefined ? sql`true` : sql`${price} <= ${priceMax}::numeric`;
  return sql`exists (select from offers o where o.event_id = e.id and o.is_active and not o.is_pool and ${low} and ${high})`;
}

const isAvailable = sql`(e.status = 'published' and e.ends_at > now() and exists (
  select from offers o join places p on p.offer_id = ${stockOf('o')} where o.event_id = e.id and ${isOnSale(sql`e.starts_at`)} and not ${isWaitedFor('o')} and ${isFree('p')}))`;
