// How long a wait will be, from how fast the event's line has moved, else those of events of the same venue or organizer.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { EntryView } from './waitlist.ts';

/** Too few places to derive a rate from. */
const TOO_FEW = 5;
/** How many similar events are looked at, the latest first. */
const SIMILAR = 20;

type Moved = { places: number; hours: number };

/**
 * The estimate in words. A line moves by the places that were offered to it or given up by people who left; the rate is those
 * places over the hours in which anybody waited (hours without a line say nothing).
 */
export async function estimate(db: Kysely<DB>, entry: EntryView): Promise<string> {
  const own = await moved(db, sql`e.id = ${entry.event.id}::uuid`);
  const known =
    own.places >= TOO_FEW
      ? own
      : await moved(
          db,
          sql`e.id in (select s.id from events e join events s on s.id <> e.id and (s.venue_id = e.venue_id or s.organizer_id = e.organizer_id)
            where e.id = ${entry.event.id}::uuid and s.starts_at > now() - interval '1 year'
              and exists (select from waitlist_entries w where w.event_id = s.id)
            order by s.starts_at desc limit ${SIMILAR})`,
        );
  if (known.places < TOO_FEW) return 'unknown: too few seats have come back so far';
  const hours = (entry.places_ahead * known.hours) / known.places;
  if (Date.now() + hours * 3_600_000 > entry.event.starts_at.getTime()) return 'longer than until the event';
  return inWords(hours);
}

async function moved(db: Kysely<DB>, which: ReturnType<typeof sql>): Promise<Moved> {
  const { rows } = await sql<Moved>`
    select coalesce(sum(lines.places), 0)::int as places, coalesce(sum(lines.hours), 0)::float8 as hours
    from (
      select sum(w.quantity) filter (where w.offered_at is not null or o.status = 'cancelled') as places,
        (select sum(extract(epoch from upper(r) - lower(r))) / 3600 from unnest(range_agg(tstzrange(w.created_at,
          greatest(w.created_at, coalesce(w.offered_at, o.ended_at, least(now(), e.starts_at)))))) r) as hours
      from waitlist_entries w join orders o on o.id = w.order_id join events e on e.id = w.event_id where ${which} group by e.id) lines`.execute(
    db,
  );
  return rows[0]!;
}

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
