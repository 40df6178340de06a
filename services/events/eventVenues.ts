// The venue of an event whose organizer writes it down with the event: a row of its own, so that no other event's venue changes with it.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as venues from './venues.ts';

/** What an organizer says of where it is; null takes coordinates and the time zone away. */
export type VenueFacts = {
  name: string;
  address: string;
  city: string;
  state: string;
  country: string;
  postal_code: string;
  latitude: string | null;
  longitude: string | null;
  time_zone: string | null;
};

/** What its holders have to be told of, and what their tickets show. */
const TOLD = ['name', 'address', 'city', 'time_zone'] as const satisfies (keyof VenueFacts)[];

/** Writes a venue for a new event; returns its id. Throws DomainError invalid (timeZone). */
export async function make(tx: Transaction<DB>, facts: Partial<VenueFacts>, capacity: number): Promise<string> {
  return (await venues.create(tx, { ...facts, name: facts.name ?? '', capacity, of_event: true })).id;
}

/**
 * Where the event is from now on. A change that its holders must hear of gives it another venue, whose id is returned: so an event moves
 * by the rules and with the notice of any other move. Anything else is written into its venue, if no other event is there.
 * @throws DomainError invalid (timeZone)
 */
export async function changed(
  tx: Transaction<DB>,
  event: { id: string; venue_id: string | null; capacity: number },
  facts: Partial<VenueFacts>,
): Promise<string | null> {
  const old = event.venue_id ? await tx.selectFrom('venues').selectAll().where('id', '=', event.venue_id).executeTakeFirst() : undefined;
  if (!old) return make(tx, facts, event.capacity);

  const { id: _, number: __, created_at: ___, layout_config, ...kept } = old;
  const next = { ...kept, ...facts };
  const differs = (keys: readonly (keyof VenueFacts)[]) => keys.some((key) => String(next[key]) !== String(old[key]));
  if (!differs(Object.keys(facts) as (keyof VenueFacts)[])) return old.id;

  const { rows } = await sql`select from events where venue_id = ${old.id}::uuid and id <> ${event.id}::uuid limit 1`.execute(tx);
  if (differs(TOLD) || rows.length) return (await venues.create(tx, { ...next, layout_config, of_event: true })).id;
  await tx.updateTable('venues').set(facts).where('id', '=', old.id).execute();
  return old.id;
}

/** Takes a venue away that no event is at any more and that was written down with one. */
export async function dropUnused(tx: Transaction<DB>, venueId: string | null): Promise<void> {
  await sql`delete from venues v where v.id = ${venueId}::uuid and v.of_event and not exists (select from events e where e.venue_id = v.id)`.execute(
    tx,
  );
}
