// A seat plan changed after it was written: new seats come in, unsold ones go out, sold ones stay where they are.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError } from '../shared/errors.ts';
import { isFree } from './places.ts';
import { plan, type Section } from './seats.ts';
import { withdraw } from './stock.ts';

type Offer = { id: string; name: string; price_minor: number; is_active: boolean };
type Seat = { id: string; section: string; row_label: string; seat_label: string; state: 'free' | 'held' | 'sold' };

/** At most so many seats are named in a refusal. */
const NAMED = 20;

/**
 * Makes the event's numbered seats those of `sections`. A seat is known by section, row and number: one that is in both plans stays
 * the same seat, with its buyer; its price is the section's new one for who buys from now on. A section is an offer, found by its name.
 * @returns the offers that sell nothing from now on: who waits for one of them has to wait for another
 * @throws DomainError event_fixed when a seat that is sold or held is not in the new plan (details.places names some of them)
 */
export async function replan(tx: Transaction<DB>, event: { id: string; currency: string }, sections: Section[]): Promise<string[]> {
  const known = await tx
    .selectFrom('offers')
    .select(['id', 'name', 'price_minor', 'is_active'])
    .where('event_id', '=', event.id)
    .where('seated', '=', true)
    .where(sql<boolean>`not details ? 'withdrawn'`)
    .execute();
  const byName = new Map(known.map((o) => [o.name, o]));
  const added = sections.filter((s) => !byName.has(s.name));
  const changed = await differing(tx, event.id, sections);
  await takeOut(tx, event.id, sections);
  const closed = known.filter((o) => o.is_active && !sections.some((s) => s.name === o.name)).map((o) => o.id);
  await close(tx, closed);
  const kept = sections.filter((s) => byName.has(s.name));
  for (const section of kept) {
    const offer = byName.get(section.name)!;
    const moved = changed.has(section.name) || !offer.is_active;
    // The offer's row is written whenever its places are: that is what tells the live seats to read all seats again.
    if (moved || offer.price_minor !== section.priceMinor) await reprice(tx, event, offer, section);
    if (moved) await arrange(tx, event.id, offer.id, section);
  }
  if (added.length) await plan(tx, event, added, known.length);
  return closed;
}

/** The sections whose rows or seats are not as they stand now. */
async function differing(tx: Transaction<DB>, eventId: string, sections: Section[]): Promise<Set<string>> {
  const { rows } = await sql<{ section: string; shape: string }>`
    select section, string_agg(row_label || ':' || seats, ',' order by row_index) as shape from (
      select p.section, p.row_label, min(p.row_index) as row_index, string_agg(p.seat_label, ' ' order by p.seat_index) as seats
      from places p join offers o on o.id = p.offer_id where p.event_id = ${eventId}::uuid and o.seated and o.is_active
      group by p.section, p.row_label) r group by section`.execute(tx);
  const shapes = new Map(rows.map((r) => [r.section, r.shape]));
  const shape = (s: Section) => {
    const seats = Array.from({ length: s.seatsPerRow }, (_, i) => i + 1).join(' ');
    return s.rows.map((row) => `${row}:${seats}`).join(',');
  };
  return new Set(sections.filter((s) => shapes.get(s.name) !== shape(s)).map((s) => s.name));
}

/** The new plan as SQL rows of section, row and seat. */
const planned = (sections: Section[]) => {
  const rows = sections.flatMap((s) => s.rows.map((label) => ({ section: s.name, label, seats: s.seatsPerRow })));
  return sql`(select r.section, r.label, s.seat::text as seat
    from unnest(${rows.map((r) => r.section)}::text[], ${rows.map((r) => r.label)}::text[], ${rows.map((r) => r.seats)}::int[])
      as r (section, label, seats), generate_series(1, r.seats) as s (seat))`;
};

/** Takes away the seats that are not in the new plan. All of them must be free. */
async function takeOut(tx: Transaction<DB>, eventId: string, sections: Section[]): Promise<void> {
  const { rows } = await sql<Seat>`
    select p.id, p.section, p.row_label, p.seat_label, case when p.sold_at is not null then 'sold' when ${isFree('p')} then 'free' else 'held' end as state
    from places p join offers o on o.id = p.offer_id
    where p.event_id = ${eventId}::uuid and o.seated and o.is_active
      and not exists (select from ${planned(sections)} d where d.section = p.section and d.label = p.row_label and d.seat = p.seat_label)
    order by p.id for update of p`.execute(tx);
  const taken = rows.filter((r) => r.state !== 'free');
  if (taken.length) throw inUse(taken);
  const ids = rows.map((r) => r.id);
  if (!ids.length) return;
  // A place in somebody's order history cannot be deleted: it goes to an offer of the event that sells nothing.
  await sql`delete from places p where p.id = any(${ids}::uuid[]) and not exists (select from order_items i where i.place_id = p.id)`.execute(
    tx,
  );
  const rest = await sql<{ id: string }>`select id from places where id = any(${ids}::uuid[])`.execute(tx);
  if (!rest.rows.length) return;
  await withdraw(
    tx,
    'places',
    eventId,
    rest.rows.map((r) => r.id),
  );
}

function inUse(seats: Seat[]): DomainError {
  const count = (state: Seat['state']) => seats.filter((s) => s.state === state).length;
  const [sold, held] = [count('sold'), count('held')];
  const what = [sold && `${sold} sold`, held && `${held} held by buyers right now`].filter(Boolean).join(' and ');
  const message = `The new plan leaves out ${what} seat(s).`;
  const named = seats.slice(0, NAMED).map((s) => ({ id: s.id, section: s.section, row: s.row_label, seat: s.seat_label, state: s.state }));
  return new DomainError('event_fixed', message, { fields: { seatPlan: message }, because: 'sold', sold, held, places: named });
}

/** Sections that are gone sell nothing any more. */
async function close(tx: Transaction<DB>, ids: string[]): Promise<void> {
  if (!ids.length) return;
  await sql`update offers set is_active = false, quantity = 0, updated_at = now() where id = any(${ids}::uuid[])`.execute(tx);
}

/** All that the event sells costs the same number of another currency from now on. */
export async function changeCurrency(tx: Transaction<DB>, eventId: string, currency: string): Promise<void> {
  await sql`update offers set currency = ${currency} where event_id = ${eventId}::uuid`.execute(tx);
}

async function reprice(tx: Transaction<DB>, event: { currency: string }, offer: Offer, section: Section): Promise<void> {
  const quantity = section.rows.length * section.seatsPerRow;
  await sql`update offers set price_minor = ${section.priceMinor}, currency = ${event.currency}, quantity = ${quantity}, is_active = true, updated_at = now()
    where id = ${offer.id}::uuid`.execute(tx);
}

/** Puts the section's seats in the plan's order, those that come back or are new among them. */
async function arrange(tx: Transaction<DB>, eventId: string, offerId: string, section: Section): Promise<void> {
  // A position is unique within its offer at every moment, so all seats leave their positions first.
  await sql`update places set position = -1 - position where offer_id = ${offerId}::uuid`.execute(tx);
  const seat = sql`(select r.label, r.index::int as index, s.seat, ((r.index - 1) * ${section.seatsPerRow}::int + s.seat - 1)::int as position
    from unnest(${section.rows}::text[]) with ordinality as r (label, index), generate_series(1, ${section.seatsPerRow}::int) as s (seat))`;
  await sql`update places p set offer_id = ${offerId}::uuid, row_index = d.index, seat_index = d.seat, position = d.position
    from ${seat} d where p.event_id = ${eventId}::uuid and p.section = ${section.name} and p.row_label = d.label and p.seat_label = d.seat::text`.execute(
    tx,
  );
  await sql`insert into places (event_id, offer_id, section, row_label, seat_label, row_index, seat_index, position)
    select ${eventId}::uuid, ${offerId}::uuid, ${section.name}, d.label, d.seat::text, d.index, d.seat, d.position from ${seat} d
    on conflict (event_id, section, row_label, seat_label) do nothing`.execute(tx);
}
