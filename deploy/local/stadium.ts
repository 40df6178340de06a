// The contest's own event of the demo data: 100,000 seats in five price zones.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { create } from '../../services/events/eventCreation.ts';

const SLUG = 'almaty-stadium-show';
const DAY = 86_400_000;
const HOUR = 3_600_000;
const SEATS_PER_ROW = 100;

/** Seats and their price in tenge. */
export const ZONES = [
  { seats: 10_000, price: 40_000 },
  { seats: 15_000, price: 80_000 },
  { seats: 20_000, price: 120_000 },
  { seats: 25_000, price: 160_000 },
  { seats: 30_000, price: 200_000 },
];

/** The zones with their rows, which are numbered through the whole stadium. */
export function stadium() {
  let row = 0;
  return ZONES.map(({ seats, price }, i) => ({
    name: `Зона ${i + 1}`,
    rows: Array.from({ length: seats / SEATS_PER_ROW }, () => String(++row)),
    seatsPerRow: SEATS_PER_ROW,
    priceMinor: price * 100,
  }));
}

/** Writes the event where it is missing, and moves it on when it has come too near. */
export async function seedStadium(db: Kysely<DB>, organizerId: string, now: Date): Promise<void> {
  const startsAt = new Date(Math.ceil(now.getTime() / DAY) * DAY + 120 * DAY + 14 * HOUR);
  const endsAt = new Date(startsAt.getTime() + 4 * HOUR);
  const known = await db.selectFrom('events').select(['id', 'starts_at']).where('slug', '=', SLUG).executeTakeFirst();
  if (known) {
    if (known.starts_at.getTime() < now.getTime() + 60 * DAY)
      await db.updateTable('events').set({ starts_at: startsAt, ends_at: endsAt }).where('id', '=', known.id).execute();
    return;
  }
  const facts = { organizerId, slug: SLUG, name: 'Большой концерт на стадионе', description: 'Сто тысяч мест в пяти ценовых зонах.' };
  const terms = { venueId: null, startsAt, endsAt, currency: 'KZT', refundUntilMinutes: 12 * 60, status: 'published' as const };
  await create(db, { ...facts, ...terms, sections: stadium() }, {});
}
