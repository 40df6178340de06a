// Seats: an event's numbered places as a plan, and how a plan is written in one statement.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../db/tables.ts';
import { isFree } from './holds.ts';

export const SEAT_STATES = ['available', 'held', 'booked'] as const;
export type SeatState = (typeof SEAT_STATES)[number];

export type Seat = {
  id: string;
  section: string;
  row_label: string;
  seat_label: string;
  tier: string;
  price_minor: number;
  state: SeatState;
};

const state = sql<SeatState>`case when p.sold_at is not null then 'booked' when ${isFree('p')} then 'available' else 'held' end`;

/** The event's seats in the order of the house, filtered. */
export async function list(
  db: Kysely<DB>,
  eventId: string,
  filter: { section?: string; tier?: string; state?: SeatState },
): Promise<Seat[]> {
  const { rows } = await sql<Seat>`
    select p.id, coalesce(p.section, o.name) as section, coalesce(p.row_label, '') as row_label,
      coalesce(p.seat_label, (p.position + 1)::text) as seat_label, o.name as tier, o.price_minor, ${state} as state
    from places p join offers o on o.id = p.offer_id
    where p.event_id = ${eventId}::uuid and o.is_active and o.seated
      ${filter.section === undefined ? sql`` : sql`and p.section = ${filter.section}`}
      ${filter.tier === undefined ? sql`` : sql`and o.name = ${filter.tier}`}
      ${filter.state === undefined ? sql`` : filter.state === 'available' ? sql`and ${isFree('p')}` : sql`and ${state} = ${filter.state}`}
    order by o.number, p.position`.execute(db);
  return rows;
}

export type Section = { name: string; rows: string[]; seatsPerRow: number; priceMinor: number };

/**
 * Writes one offer for each section and every seat of it: two statements, however many seats. Positions count from 0 within
 * the offer, as claims by quantity expect.
 */
export async function plan(tx: Transaction<DB>, event: { id: string; currency: string }, sections: Section[]): Promise<void> {
  const offers = await tx
    .insertInto('offers')
    .values(
      sections.map((s, i) => ({
        event_id: event.id,
        name: s.name,
        tier_number: i + 1,
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
      ${rows.map((r) => r.index)}::int[], ${rows.map((r) => r.seats)}::int[]) as r (offer, section, label, index, seats),
      generate_series(1, r.seats) as s (seat)
    order by r.offer, r.index, s.seat`.execute(tx);
}
