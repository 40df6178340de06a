// An event's numbered places: read as one consistent picture, and written from a seat plan.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { parseSnapshot, type Snapshot } from './placeChanges.ts';
import { priceFrom, waitedFor } from './places.ts';

export const SEAT_STATES = ['available', 'held', 'booked'] as const;
export type SeatState = (typeof SEAT_STATES)[number];

/** One row of seats: its places in order, their labels and their states. */
export type SeatRow = {
  offer: string;
  tier: string;
  price_minor: number;
  /** False for places without a number, which are sold by quantity. */
  seated: boolean;
  /** Somebody waits for this offer: its free places are held for the line. */
  waited: boolean;
  section: string;
  row: string;
  /** Comma separated. */
  ids: string;
  /** Their 64-bit numbers, likewise. */
  numbers: string;
  labels: string[];
  /** One letter for each place: f free, h held (or was, until its `until`), s sold. */
  states: string;
  /** When the hold of each held place ends, in their order; ms since the epoch. */
  untils: number[] | null;
};

/** `snapshot`: the changes that the rows already contain. */
export type Seats = { rows: SeatRow[]; snapshot: Snapshot };

/** Every place that the event sells (none, once it is cancelled), row by row, in one statement. 100,000 places are a few hundred rows. */
export async function readSeats(db: Kysely<DB>, eventId: string): Promise<Seats> {
  const epoch = sql`(extract(epoch from p.held_until) * 1000)::float8`;
  const { rows } = await sql<SeatRow & { snapshot: string }>`
    select s.*, h.*, h.offer in ${waitedFor(sql`array[${eventId}::uuid]`)} as waited from (select pg_current_snapshot()::text as snapshot) s
    left join (
      select o.id as offer, o.name as tier, ${priceFrom('o')} as price_minor, o.seated, coalesce(p.section, o.name) as section, coalesce(p.row_label, '') as row,
        string_agg(p.id::text, ',' order by p.position) as ids, string_agg(p.number::text, ',' order by p.position) as numbers,
        json_agg(coalesce(p.seat_label, (p.position + 1)::text) order by p.position) as labels,
        string_agg(case when p.sold_at is not null then 's' when p.order_id is null then 'f' else 'h' end, '' order by p.position) as states,
        json_agg(${epoch} order by p.position) filter (where p.sold_at is null and p.order_id is not null) as untils,
        o.number as o, min(p.position) as first
      from places p join offers o on o.id = p.offer_id where p.event_id = ${eventId}::uuid and o.is_active and exists (select from events e where e.id = p.event_id and e.status <> 'cancelled')
      group by o.id, coalesce(p.section, o.name), coalesce(p.row_label, '')) h on true
    order by h.o, h.first`.execute(db);
  const { snapshot } = rows[0]!;
  return { rows: rows.filter((r) => r.offer !== null), snapshot: parseSnapshot(snapshot) };
}

export type Section = { name: string; rows: string[]; seatsPerRow: number; priceMinor: number };

/**
 * Writes one offer for each section and every seat of it: two statements, however many seats. Positions count from 0 within
 * the offer, as claims by quantity expect. `after`: how many sections the event has already.
 */
export async function plan(tx: Transaction<DB>, event: { id: string; currency: string }, sections: Section[], after = 0): Promise<void> {
  const offers = await tx
    .insertInto('offers')
    .values(
      sections.map((s, i) => ({
        event_id: event.id,
        name: s.name,
        tier_number: after + i + 1,
        tier_name: s.name,
        price_minor: s.priceMinor,
        currency: event.currency,
        quantity: s.rows.length * s.seatsPerRow,
        seated: true,
      })),
    )
    .returning(['id', 'name'])
    .execute();
  const idOf = new Map(offers.map((o) => [o.name, o.id]));
  const rows = sections.flatMap((s) =>
    s.rows.map((label, i) => ({ offer: idOf.get(s.name)!, section: s.name, label, index: i + 1, seats: s.seatsPerRow })),
  );
  await sql`insert into places (event_id, offer_id, section, row_label, seat_label, row_index, seat_index, position)
    select ${event.id}::uuid, r.offer, r.section, r.label, s.seat::text, r.index, s.seat, (r.index - 1) * r.seats + s.seat - 1
    from unnest(${rows.map((r) => r.offer)}::uuid[], ${rows.map((r) => r.section)}::text[], ${rows.map((r) => r.label)}::text[],
      ${rows.map((r) => r.index)}::int[], ${rows.map((r) => r.seats)}::int[]) with ordinality as r (offer, section, label, index, seats, nth),
      generate_series(1, r.seats) as s (seat)
    order by r.nth, s.seat`.execute(tx);
}
