// An event of an organizer's own, sold in one of the pricing types, with nothing for sale yet.
import { type Kysely, sql } from 'kysely';
import type { DB, PricingType } from '../../db/tables.ts';
import { person, show } from './made.ts';

/** Three days in New York, a month ahead, from six in the evening; `capacity` is how many people it has room for. */
export async function organized(
  db: Kysely<DB>,
  pricing: PricingType,
  o: { capacity?: number; status?: 'draft'; currency?: string; organizer?: { id: string; token: string; email: string } } = {},
) {
  const organizer = o.organizer ?? (await person(db, 'organizer'));
  const event = await show(db, { sections: [], status: o.status, currency: o.currency });
  await sql`update venues set time_zone = 'America/New_York' where id = ${event.venueId}::uuid`.execute(db);
  const { rows } = await sql<{ slug: string; days: string[] }>`
    update events e set pricing_type = ${pricing}::pricing_type, organizer_id = ${organizer.id}::uuid, capacity = ${o.capacity ?? 1000},
      starts_at = (current_date + 30 + time '18:00') at time zone 'America/New_York', ends_at = (current_date + 32 + time '23:00') at time zone 'America/New_York'
    where id = ${event.id}::uuid returning slug::text as slug, array[(current_date + 30)::text, (current_date + 31)::text, (current_date + 32)::text] as days`.execute(
    db,
  );
  return { id: event.id, venueId: event.venueId, organizer, ...rows[0]! };
}
