// Events as readers see them: found, listed, with prices and availability derived from their rows.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../db/tables.ts';
import { DomainError } from './errors.ts';
import { isFree } from './holds.ts';
import { isUuid } from './ids.ts';
import type { Venue } from './venues.ts';

/** What the clock makes of a published event. */
export const PHASES = ['upcoming', 'ongoing', 'completed'] as const;
export type Phase = (typeof PHASES)[number];

export type EventView = {
  id: string;
  number: number;
  slug: string;
  name: string;
  description: string;
  organizer_id: string | null;
  starts_at: Date;
  ends_at: Date;
  capacity: number;
  currency: string;
  status: Phase | 'draft' | 'cancelled';
  created_at: Date;
  venue: Venue | null;
  min_price_minor: number | null;
  max_price_minor: number | null;
  available: number;
};

export type Tier = { id: string; name: string; price_minor: number; quantity: number; available: number };

export type EventFilter = {
  phase?: Phase;
  venueId?: string;
  startsAfter?: Date;
  startsBefore?: Date;
  search?: string;
  page: number;
  perPage: number;
};

const phase = sql<EventView['status']>`case when e.status <> 'published' then e.status::text when e.starts_at > now() then 'upcoming'
  when e.ends_at > now() then 'ongoing' else 'completed' end`;

/** Sellable places that nobody has. */
const free = sql`${isFree('p')} and o.is_active`;

const view = sql`
  select e.id, e.number, e.slug, e.name, e.description, e.organizer_id, e.starts_at, e.ends_at, e.capacity, e.currency, e.created_at,
    ${phase} as status,
    case when v.id is not null then json_build_object('id', v.id, 'number', v.number, 'name', v.name, 'address', v.address, 'city', v.city,
      'state', v.state, 'country', v.country, 'postal_code', v.postal_code, 'capacity', v.capacity, 'layout_config', v.layout_config) end as venue,
    price.low as min_price_minor, price.high as max_price_minor,
    (select count(*)::int from places p join offers o on o.id = p.offer_id where p.event_id = e.id and ${free}) as available
  from events e left join venues v on v.id = e.venue_id
  left join lateral (select min(price_minor) as low, max(price_minor) as high from offers where event_id = e.id and is_active) price on true`;

/** The event by its id or its slug, whatever its status; undefined if there is none. */
export async function find(db: Kysely<DB> | Transaction<DB>, idOrSlug: string): Promise<EventView | undefined> {
  const { rows } = await sql<EventView>`${view} where ${named(idOrSlug)}`.execute(db);
  return rows[0];
}

/** The event by its id or slug if the public may see it. Throws event_not_found; drafts are not found. */
export async function findPublic(db: Kysely<DB>, idOrSlug: string): Promise<EventView> {
  const event = await find(db, idOrSlug);
  if (!event || event.status === 'draft') throw new DomainError('event_not_found', 'Event does not exist.', { event_id: idOrSlug });
  return event;
}

const named = (idOrSlug: string) => (isUuid(idOrSlug) ? sql`e.id = ${idOrSlug}::uuid` : sql`e.slug = ${idOrSlug}`);

/** One page of published events by start, with the number of all that match. */
export async function list(db: Kysely<DB>, filter: EventFilter): Promise<{ rows: EventView[]; total: number }> {
  const where = sql.join(conditions(filter), sql` and `);
  const offset = (filter.page - 1) * filter.perPage;
  // The page is cut first, so that availability is counted for its events only.
  const [page, count] = await Promise.all([
    sql<EventView>`${view} where e.id in (select e.id from events e where ${where} order by e.starts_at, e.id limit ${filter.perPage} offset ${offset})
      order by e.starts_at, e.id`.execute(db),
    sql<{ total: number }>`select count(*)::int as total from events e where ${where}`.execute(db),
  ]);
  return { rows: page.rows, total: count.rows[0]!.total };
}

function conditions(filter: EventFilter): RawBuilder<unknown>[] {
  const all = [sql`e.status = 'published'`];
  if (filter.phase === 'upcoming') all.push(sql`e.starts_at > now()`);
  if (filter.phase === 'ongoing') all.push(sql`e.starts_at <= now() and e.ends_at > now()`);
  if (filter.phase === 'completed') all.push(sql`e.ends_at <= now()`);
  if (filter.venueId) all.push(sql`e.venue_id = ${filter.venueId}::uuid`);
  if (filter.startsAfter) all.push(sql`e.starts_at >= ${filter.startsAfter}`);
  if (filter.startsBefore) all.push(sql`e.starts_at < ${filter.startsBefore}`);
  // Written as the trigram index is, so that it is used; % and _ of the searcher mean themselves.
  if (filter.search) all.push(sql`(e.name || ' ' || e.description) ilike ${`%${filter.search.replace(/[\\%_]/g, '\\$&')}%`}`);
  return all;
}

/** The event's price tiers, as they were written down, each with what is free of it. */
export async function tiers(db: Kysely<DB> | Transaction<DB>, eventId: string): Promise<Tier[]> {
  const { rows } = await sql<Tier>`
    select o.id, o.name, o.price_minor, o.quantity,
      (select count(*)::int from places p where p.offer_id = o.id and ${free}) as available
    from offers o where o.event_id = ${eventId}::uuid and o.is_active order by o.number`.execute(db);
  return rows;
}
