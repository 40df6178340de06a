// Venues get a time zone, so that people read when an event starts by the clock on its wall.
import { type Kysely, sql } from 'kysely';

/** Adds venues.time_zone: an IANA name, checked by services/events/venues.ts; null is read as UTC. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table venues add column time_zone text`.execute(db);
}
