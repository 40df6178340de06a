// Events as readers see them: found, listed, with prices and availability derived from their rows.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';
import { isFree, priceFrom, waitedFor } from '../inventory/places.ts';
import { DomainError } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
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

const phase = sql<EventView['status']>`case when e.status <> 'published' then e.status::text when e.starts_at > now() then 'upcoming'
  when e.ends_at > now() then 'ongoing' else 'completed' end`;

/** Places that whoever comes by can have now, of these events. */
const free = (eventIds: RawBuilder<unknown>) => sql`${isFree('p')} and o.is_active and o.id not in ${waitedFor(eventIds)}`;

/** What has places of its own is a tier here: a ticket type stands for all that is sold below it. */
const isTier = sql`o.is_active and o.pool_id is null`;

/** The columns and tables of an event's card, for a statement that begins with `select`. */
export const card = sql`e.id, e.number, e.slug, e.name, e.description, e.organizer_id, e.starts_at, e.ends_at, e.capacity, e.currency, e.created_at,
    case when v.id is not null then json_build_object('id', v.id, 'number', v.number, 'name', v.name, 'address', v.address, 'city', v.city,
      'state', v.state, 'country', v.country, 'postal_code', v.postal_code, 'capacity', v.capacity, 'time_zone', v.time_zone,
      'layout_config', v.layout_config) end as venue,
    price.low as min_price_minor, price.high as max_price_minor
  from events e left join venues v on v.id = e.venue_id
  left join lateral (select min(price_minor) as low, max(price_minor) as high from offers where event_id = e.id and is_active and not is_pool) price on true`;
const view = sql`select ${phase} as status,
  (select count(*)::int from places p join offers o on o.id = p.offer_id where p.event_id = e.id and e.status <> 'cancelled' and ${free(sql`array[e.id]`)}) as available, ${card}`;

/** The event by its id or its slug, whatever its status; undefined if there is none. */
export async function find(db: Kysely<DB> | Transaction<DB>, idOrSlug: string): Promise<EventView | undefined> {
  const { rows } = await sql<EventView>`${view} where ${named(idOrSlug)}`.execute(db);
  return rows[0];
}

/** Which event that is, and whether the public may see it, without counting its places. */
export async function identify(db: Kysely<DB>, name: EventName): Promise<{ id: string; currency: string } | undefined> {
  const { rows } = await sql<{ id: string; currency: string }>`select e.id, e.currency from events e
    where ${named(name)} and e.status <> 'draft'`.execute(db);
  return rows[0];
}

/** The number of an event that is there, for an API whose ids are numbers. */
export async function numberOf(db: Kysely<DB>, id: string): Promise<number> {
  const { number } = await db.selectFrom('events').select('number').where('id', '=', id).executeTakeFirstOrThrow();
  return number;
}

/** An event is managed by its organizer and by admins. Throws forbidden. */
export function checkManager(event: { organizer_id: string | null }, by: Manager): void {
  if (!by.admin && event.organizer_id !== by.accountId) throw new DomainError('forbidden', 'This event belongs to another organizer.');
}

/** The id of an event, drafts too, for who manages it. Throws event_not_found | forbidden. */
export async function identifyManaged(db: Kysely<DB>, idOrSlug: string, by: Manager): Promise<string> {
  const { rows } = await sql<{
    id: string;
    organizer_id: string | null;
  }>`select e.id, e.organizer_id from events e where ${named(idOrSlug)}`.execute(db);
  if (!rows[0]) throw new DomainError('event_not_found', 'Event does not exist.', { eventId: idOrSlug });
  checkManager(rows[0], by);
  return rows[0].id;
}

/** An event as addresses name it: by its id or slug, or by its number. */
export type EventName = string | number;

/** Which event is meant: `e` is its row. */
export const named = (name: EventName) => {
  if (typeof name === 'number') return sql`e.number = ${name}`;
  return isUuid(name) ? sql`e.id = ${name}::uuid` : sql`e.slug = ${name}`;
};

/** What listings show of an event beside its availability, which changes at another pace. */
export type EventCard = Omit<EventView, 'available' | 'status'>;

/** What the page of one event shows beside its availability and what the clock makes of it. */
export type EventDetail = EventCard & { stored: 'published' | 'cancelled'; tiers: Omit<Tier, 'available'>[] };

/** These events and their price tiers, nothing counted; without drafts. */
export async function details(db: Kysely<DB>, ids: string[]): Promise<EventDetail[]> {
  const { rows } = await sql<EventDetail>`select e.status::text as stored,
    (select coalesce(json_agg(json_build_object('id', o.id, 'name', o.name, 'price_minor', ${priceFrom('o')}, 'quantity', o.quantity) order by o.number), '[]')
      from offers o where o.event_id = e.id and ${isTier}) as tiers, ${card}
    where e.id = any(${ids}::uuid[]) and e.status <> 'draft'`.execute(db);
  return rows;
}

/** The number of free places of each of these events, and when the next hold among them ends (ms since the epoch). */
export async function countFree(
  db: Kysely<DB>,
  eventIds: string[],
): Promise<{ id: string; available: number; next_expiry: number | null }[]> {
  const { rows } = await sql<{ id: string; available: number; next_expiry: number | null }>`
    select wanted.id, count(p.id) filter (where ${free(sql`${eventIds}::uuid[]`)})::int as available,
      (extract(epoch from min(p.held_until) filter (where p.sold_at is null and p.held_until > now())) * 1000)::float8 as next_expiry
    from unnest(${eventIds}::uuid[]) as wanted (id) left join (places p join offers o on o.id = p.offer_id) on p.event_id = wanted.id
    group by wanted.id`.execute(db);
  return rows;
}

/** When the clock next changes the phase of a published event, ms since the epoch. */
export async function nextPhase(db: Kysely<DB>): Promise<number | null> {
  const { rows } = await sql<{ at: number | null }>`select (extract(epoch from least(
      (select min(starts_at) from events where status = 'published' and starts_at > now()),
      (select min(ends_at) from events where status = 'published' and ends_at > now()))) * 1000)::float8 as at`.execute(db);
  return rows[0]!.at;
}

type Dated = Pick<EventView, 'starts_at' | 'ends_at'>;

/** What the clock makes of a published event at `now` (ms since the epoch). */
const phaseAt = (event: Dated, now: number): Phase =>
  event.starts_at.getTime() > now ? 'upcoming' : event.ends_at.getTime() > now ? 'ongoing' : 'completed';

/** The status of an event at `now` (ms since the epoch), from the one that is stored. */
export const statusAt = (event: Dated & { stored: 'draft' | 'published' | 'cancelled' }, now: number): EventView['status'] =>
  event.stored === 'published' ? phaseAt(event, now) : event.stored;

/** The price tiers of these events, in the order in which they were made, each with its number of free places. */
export async function tiers(db: Kysely<DB> | Transaction<DB>, eventIds: string[]): Promise<(Tier & { event_id: string })[]> {
  const { rows } = await sql<Tier & { event_id: string }>`
    select o.event_id, o.id, o.name, ${priceFrom('o')} as price_minor, o.quantity,
      (select count(*)::int from places p where p.offer_id = o.id and e.status <> 'cancelled' and ${free(sql`${eventIds}::uuid[]`)}) as available
    from offers o join events e on e.id = o.event_id where o.event_id = any(${eventIds}::uuid[]) and ${isTier} order by o.number`.execute(
    db,
  );
  return rows;
}
