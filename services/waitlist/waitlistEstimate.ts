// How long a wait will be, from how fast the event's line has moved, else those of events of the same venue or organizer.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { EntryView } from './waitlist.ts';

/** Too few places to derive a rate from. */
const TOO_FEW = 5;
/** How many similar events are looked at, the latest first. */
const SIMILAR = 20;

type Moved = { places: number; hours: number };

/**
 * The estimates in words, by entry, in one statement; null for who does not wait. A line moves by the places that were offered to it or given
 * up by people who left; the rate is those places over the hours in which anybody waited (hours without a line say nothing).
 */
export async function estimates(db: Kysely<DB>, entries: EntryView[]): Promise<Map<string, string | null>> {
  const waiting = entries.filter((entry) => entry.position !== null);
  const known = waiting.length ? await rates(db, [...new Set(waiting.map((entry) => entry.event.id))]) : new Map<string, Moved>();
  return new Map(entries.map((entry) => [entry.id, entry.position === null ? null : words(entry, known.get(entry.event.id)!)]));
}

function words(entry: EntryView, moved: Moved): string {
  if (moved.places < TOO_FEW) return 'unknown: too few seats have come back so far';
  const hours = (entry.places_ahead * moved.hours) / moved.places;
  if (Date.now() + hours * 3_600_000 > entry.event.starts_at.getTime()) return 'longer than until the event';
  return inWords(hours);
}

/** How each event's line has moved; where that says too little, how those of similar events have. */
async function rates(db: Kysely<DB>, eventIds: string[]): Promise<Map<string, Moved>> {
  const similar = sql`own.places < ${TOO_FEW} and e.id in (
    select s.id from events of_it join events s on s.id <> of_it.id and (s.venue_id = of_it.venue_id or s.organizer_id = of_it.organizer_id)
    where of_it.id = wanted.id and s.starts_at > now() - interval '1 year' and exists (select from waitlist_entries w where w.event_id = s.id)
    order by s.starts_at desc limit ${SIMILAR})`;
  const { rows } = await sql<Moved & { event: string }>`
    select wanted.id as event, case when own.places >= ${TOO_FEW} then own.places else others.places end as places,
      case when own.places >= ${TOO_FEW} then own.hours else others.hours end as hours
    from unnest(${eventIds}::uuid[]) as wanted (id) cross join lateral (${moved(sql`e.id = wanted.id`)}) own
    cross join lateral (${moved(similar)}) others`.execute(db);
  return new Map(rows.map(({ event, ...rate }) => [event, rate]));
}

const moved = (which: RawBuilder<unknown>) => sql`
  select coalesce(sum(lines.places), 0)::int as places, coalesce(sum(lines.hours), 0)::float8 as hours
  from (
    select sum(w.quantity) filter (where w.offered_at is not null or o.status = 'cancelled') as places,
      (select sum(extract(epoch from upper(r) - lower(r))) / 3600 from unnest(range_agg(tstzrange(w.created_at,
        greatest(w.created_at, coalesce(w.offered_at, o.ended_at, least(now(), e.starts_at)))))) r) as hours
    from waitlist_entries w join orders o on o.id = w.order_id join events e on e.id = w.event_id where ${which} group by e.id) lines`;

/** 55 hours -> "2-3 days". A range, because the past rate is only a guess. */
export function inWords(hours: number): string {
  const [low, high] = [hours * 0.8, hours * 1.25];
  if (high < 1) return 'less than an hour';
  return high < 48 ? range(low, high, 'hour') : range(low / 24, high / 24, 'day');
}

function range(low: number, high: number, unit: string): string {
  const [from, to] = [Math.max(1, Math.floor(low)), Math.ceil(high)];
  return from === to ? `${to} ${unit}${to === 1 ? '' : 's'}` : `${from}-${to} ${unit}s`;
}
