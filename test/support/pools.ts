// Pools in a test's database: a ticket type above its tiers, each of them capped. The services that make them have tests of their own.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { show } from './made.ts';

export type Child = { name: string; quantity: number; priceMinor?: number };

/** A published event with one pool of `total` and its children; `offers` are their ids, in their order. */
export async function pooled(
  db: Kysely<DB>,
  o: { total: number; children: Child[]; currency?: string; startsInMs?: number; pool?: Record<string, unknown> },
) {
  const currency = o.currency ?? 'USD';
  const event = await show(db, { sections: [], currency, startsInMs: o.startsInMs });
  const base = { event_id: event.id, currency };
  const places = Math.min(
    o.total,
    o.children.reduce((sum, c) => sum + c.quantity, 0),
  );
  const pool = await db
    .insertInto('offers')
    .values({ ...base, name: 'Festival Pass', price_minor: 0, is_pool: true, total: o.total, quantity: places, ...o.pool })
    .returning('id')
    .executeTakeFirstOrThrow();
  await sql`insert into places (event_id, offer_id, position)
    select ${event.id}::uuid, ${pool.id}::uuid, n from generate_series(0, ${places - 1}::int) n`.execute(db);

  const offers: string[] = [];
  for (const [i, { name, quantity, priceMinor = 5_000 }] of o.children.entries()) {
    const child = await db
      .insertInto('offers')
      .values({ ...base, name, price_minor: priceMinor, quantity, pool_id: pool.id, capped: true, tier_number: i + 1, tier_name: name })
      .returning('id')
      .executeTakeFirstOrThrow();
    await sql`insert into slots (offer_id, position) select ${child.id}::uuid, n from generate_series(0, ${quantity - 1}::int) n`.execute(
      db,
    );
    offers.push(child.id);
  }
  return { ...event, pool: pool.id, offers };
}

/** How many slots of an offer are free, held and sold. */
export async function slotsOf(db: Kysely<DB>, offerId: string) {
  const { rows } = await sql<{ free: number; held: number; sold: number }>`
    select count(*) filter (where sold_at is null and (order_id is null or held_until <= now()))::int as free,
      count(*) filter (where sold_at is null and held_until > now())::int as held, count(*) filter (where sold_at is not null)::int as sold
    from slots where offer_id = ${offerId}::uuid`.execute(db);
  return rows[0]!;
}
