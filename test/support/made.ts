// Accounts, events and captured money in a test's database: events and places are made by the services themselves.
import { randomBytes, randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { DB, PricingType } from '../../db/tables.ts';
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

/** What is sold in each pricing type: columns of the offers below the type, and how an order names one of them. None: the type itself. */
const SOLD: Record<PricingType, { part?: 'ticket_tier_id' | 'day_pass_id' | 'day_tier_price_id'; offers: Record<string, unknown>[] }> = {
  simple: { offers: [{ name: 'General Admission' }, { name: 'Early Bird' }] },
  tiered: { part: 'ticket_tier_id', offers: [{ name: 'VIP' }, { name: 'General' }].map((o, i) => ({ ...o, tier_number: i + 1 })) },
  day_based: {
    part: 'day_pass_id',
    offers: [
      { name: 'Day 1', day_number: 1, day_date: '2099-12-01' },
      { name: 'All Days', all_days: true },
    ],
  },
  tier_and_day: {
    part: 'day_tier_price_id',
    offers: [1, 2].map((day) => ({
      name: `Day ${day} VIP`,
      ...{ tier_number: 1, tier_name: 'VIP', day_number: day, day_name: `Day ${day}`, day_date: `2099-12-0${day}` },
    })),
  },
};

/**
 * A published event sold in this way: two ticket types, or one with two offers below it, of `quantity` each at `priceMinor`.
 * `items` are how an order names each of the two; `total` is the type's own, above them.
 */
export async function offersOf(
  db: Kysely<DB>,
  pricing: PricingType,
  o: {
    quantity?: number;
    total?: number;
    priceMinor?: number;
    currency?: string;
    startsInMs?: number;
    type?: Record<string, unknown>;
  } = {},
) {
  const { quantity = 5, priceMinor = 2_000, currency = 'USD' } = o;
  const { id: eventId } = await show(db, { sections: [], currency, startsInMs: o.startsInMs });
  await db.updateTable('events').set({ pricing_type: pricing }).where('id', '=', eventId).execute();
  const { part, offers } = SOLD[pricing];
  const base = { event_id: eventId, currency, quantity };
  const insert = async (row: Record<string, unknown>) =>
    (
      await db
        .insertInto('offers')
        .values({ ...base, ...row } as never)
        .returning('id')
        .executeTakeFirstOrThrow()
    ).id;
  const fill = (table: 'places' | 'slots', offerId: string, n: number) =>
    table === 'slots'
      ? sql`insert into slots (offer_id, position) select ${offerId}::uuid, n from generate_series(1, ${n}::int) n`.execute(db)
      : sql`insert into places (event_id, offer_id, position) select ${eventId}::uuid, ${offerId}::uuid, n from generate_series(1, ${n}::int) n`.execute(
          db,
        );

  const total = Math.min(o.total ?? 2 * quantity, 2 * quantity);
  const typeId =
    part && (await insert({ name: 'Festival Pass', price_minor: 0, is_pool: true, total: o.total ?? total, ...o.type, quantity: total }));
  if (typeId) await fill('places', typeId, total);

  const made = [];
  for (const offer of offers) {
    const id = await insert({ ...offer, price_minor: priceMinor, ...(typeId ? { pool_id: typeId, capped: true } : o.type) });
    await fill(typeId ? 'slots' : 'places', id, quantity);
    made.push({ id, item: { ticket_type_id: typeId ?? id, ...(part && { [part]: id }) } as Record<string, string> });
  }
  return { eventId, typeId: typeId ?? made[0]!.id, offers: made.map((one) => one.id), items: made.map((one) => one.item) };
}
