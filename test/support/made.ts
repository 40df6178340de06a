// Accounts, events and captured money in a test's database: events and places are made by the services themselves.
import { randomBytes, randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Caller } from '../../services/accounts/sessions.ts';
import { create } from '../../services/events/eventCreation.ts';
import * as venues from '../../services/events/venues.ts';
import type { Section } from '../../services/inventory/seats.ts';
import { token } from './token.ts';

/** An account in the database with a token of its own. */
export async function person(db: Kysely<DB>, role: Caller['role'] = 'user'): Promise<{ id: string; token: string; email: string }> {
  const email = `${role}-${randomBytes(6).toString('hex')}@example.test`;
  const { id } = await db.insertInto('accounts').values({ email, role, password_hash: 'none' }).returning('id').executeTakeFirstOrThrow();
  return { id, email, token: await token({ accountId: id, role }) };
}

/** A published event, of one row of seats at `priceMinor` unless `sections` says otherwise, and the seats' ids in order. */
export async function show(
  db: Kysely<DB>,
  o: { seats?: number; priceMinor?: number; currency?: string; startsInMs?: number; status?: 'draft'; sections?: Section[] } = {},
) {
  const venue = await venues.create(db, { name: 'Hall', city: 'Aarhus', capacity: 1000 });
  const startsAt = new Date(Date.now() + (o.startsInMs ?? 86_400_000));
  const id = await create(
    db,
    {
      organizerId: null,
      name: `Show ${randomBytes(4).toString('hex')}`,
      description: 'made by a test',
      venueId: venue.id,
      startsAt,
      endsAt: new Date(startsAt.getTime() + 3_600_000),
      currency: o.currency ?? 'USD',
      status: o.status ?? 'published',
      sections: o.sections ?? [{ name: 'Floor', rows: ['A'], seatsPerRow: o.seats ?? 5, priceMinor: o.priceMinor ?? 5_000 }],
    },
    {},
  );
  const seats = await db.selectFrom('places').select('id').where('event_id', '=', id).orderBy('position').execute();
  return { id, venueId: venue.id, seats: seats.map((s) => s.id) };
}

/** Money of the order that the provider has captured and nobody has settled: the whole of it, unless `amountMinor` says otherwise. */
export async function capture(db: Kysely<DB>, orderId: string, o: { amountMinor?: number; ref?: string } = {}): Promise<void> {
  await sql`insert into payments (order_id, provider, provider_ref, amount_minor, currency, status, succeeded_at)
    select id, 'stripe', ${o.ref ?? `pi_${randomUUID()}`}, coalesce(${o.amountMinor ?? null}::bigint, total_minor), currency, 'succeeded', now()
    from orders where id = ${orderId}::uuid`.execute(db);
}
