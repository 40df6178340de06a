// The external event of the demo data: the star's concert, whose places are the Event Provider's. They come by themselves once a worker runs.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { create } from '../../services/events/eventCreation.ts';

const SLUG = 'star-concert-astana';
const DAY = 86_400_000;
const HOUR = 3_600_000;

/** Writes the event where it is missing, and moves it on when it has come too near. First of all events: the contest knows it by number 1. */
export async function seedExternal(db: Kysely<DB>, organizerId: string, now: Date): Promise<void> {
  const startsAt = new Date(Math.ceil(now.getTime() / DAY) * DAY + 150 * DAY + 14 * HOUR);
  const endsAt = new Date(startsAt.getTime() + 3 * HOUR);
  const known = await db.selectFrom('events').select(['id', 'starts_at']).where('slug', '=', SLUG).executeTakeFirst();
  if (known) {
    if (known.starts_at.getTime() < now.getTime() + 60 * DAY)
      await db.updateTable('events').set({ starts_at: startsAt, ends_at: endsAt }).where('id', '=', known.id).execute();
    return;
  }
  const facts = { organizerId, slug: SLUG, name: 'Концерт звезды', description: 'Астана. Места продаёт партнёр.' };
  const terms = { venueId: null, startsAt, endsAt, currency: 'KZT', refundUntilMinutes: 12 * 60, status: 'published' as const };
  await create(db, { ...facts, ...terms, sections: [], external: true }, {});
}
