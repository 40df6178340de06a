// Offers: what is for sale of an event. One alone, or a tree: a pool with offers that draw on its places, each capped by slots of its own.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { callWaitlist, isFree, isOnSale, isWaitedFor, stockOf } from './places.ts';
import { setStock } from './stock.ts';

/** What an offer says of itself. Amounts in minor units; null is no limit, and of `salesEnd` the event's start. */
export type OfferFacts = {
  name: string;
  description: string;
  priceMinor: number;
  /** How many are to be sold: of a pool in all, whatever its offers' quantities come to. */
  quantity: number;
  salesStart: Date | null;
  salesEnd: Date | null;
  minPerOrder: number;
  maxPerOrder: number | null;
  isActive: boolean;
  tierNumber: number | null;
  tierName: string | null;
  dayNumber: number | null;
  dayName: string | null;
  /** As 2025-12-15. */
  dayDate: string | null;
  allDays: boolean;
  benefits: string;
};

/** An offer above others, one of those, or one alone. */
export type Level = { pool: true } | { of: string } | 'alone';

export type OfferRow = NonNullable<Awaited<ReturnType<typeof lock>>>;

/** What is free and sold of one offer's places or slots, in one look at them; `offerId` is the offer's. */
const counted = (table: 'places' | 'slots', offerId: RawBuilder<unknown>) =>
  sql`(select count(*) filter (where ${isFree('x')})::int as free, count(x.sold_at)::int as sold from ${sql.table(table)} x where x.offer_id = ${offerId})`;

/**
 * A relation (id, left, sold) of these offers (a subquery of ids): how many of each can be sold now, and how many are sold. Left is what is
 * free of its stock, and of its own slots if it is capped; a pool can sell no more than its active offers have slots. None while somebody
 * waits for it. Lists, details, the matrix and refusals say these numbers and no others. Each stock is counted once, however many draw on it.
 */
export const figures = (ids: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
  with wanted as materialized (select o.*, ${stockOf('o')} as stock_id from offers o where o.id in ${ids}),
  stocks as materialized (select d.id, c.* from (select distinct stock_id as id from wanted) d cross join lateral ${counted('places', sql`d.id`)} c),
  caps as materialized (select d.id, c.* from (
      select k.id from wanted k where k.capped union select o.id from offers o where o.is_active and o.pool_id in (select k.id from wanted k where k.is_pool)
    ) d cross join lateral ${counted('slots', sql`d.id`)} c)
  select k.id, case when k.capped then cap.sold else stock.sold end as sold,
    case when ${isWaitedFor('k')} then 0 else least(stock.free, case when k.capped then cap.free
      when k.is_pool then (select coalesce(sum(below.free), 0)::int from caps below join offers o on o.id = below.id where o.pool_id = k.id and o.is_active) end)
    end as "left"
  from wanted k join stocks stock on stock.id = k.stock_id left join caps cap on cap.id = k.id and k.capped)`;

/** Whether any place or slot of an offer is free: one look into an index, where a semi join would read them all. */
const anyFree = (table: 'places' | 'slots', offerId: RawBuilder<unknown>) =>
  sql`coalesce((select true from ${sql.table(table)} x where x.offer_id = ${offerId} and ${isFree('x')} order by x.position limit 1), false)`;

/** Whether any of an offer, or of what is sold below it (alias `o`), is on sale and free for whoever comes by. */
export const canBeBought = (startsAt: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql<boolean>`(not ${isWaitedFor('o')} and ${anyFree('places', stockOf('o'))} and case when o.is_pool
    then exists (select from offers c where c.pool_id = o.id and ${isOnSale(startsAt, 'c')} and ${anyFree('slots', sql`c.id`)}) else ${isOnSale(startsAt)} end)`;

/**
 * Makes an offer with its stock and returns its id. One of a pool needs that pool's row locked (`lock`).
 * @throws DomainError invalid (tier): the pool has this tier, day or pair already
 */
export async function create(
  tx: Transaction<DB>,
  event: { id: string; currency: string },
  level: Level,
  facts: OfferFacts,
): Promise<string> {
  const pool = typeof level === 'object' && 'pool' in level;
  const poolId = typeof level === 'object' && 'of' in level ? level.of : null;
  const row = await tx
    .insertInto('offers')
    .values({
      ...columns(facts),
      event_id: event.id,
      currency: event.currency,
      pool_id: poolId,
      capped: poolId !== null,
      is_pool: pool,
      total: pool ? facts.quantity : null,
      quantity: pool ? 0 : facts.quantity,
      details: JSON.stringify({ benefits: facts.benefits }),
    })
    .returning('id')
    .executeTakeFirstOrThrow()
    .catch(doubled);
  if (!pool)
    await setStock(tx, poolId ? 'slots' : 'places', { id: row.id, event_id: event.id }, facts.quantity, poolId ? 'quantity' : 'total');
  if (poolId) await fitPool(tx, poolId);
  return row.id;
}

/**
 * Changes an offer whose row is locked. Its stock follows; the pool it is of, or which it is, is fitted to the new numbers.
 * @throws DomainError event_fixed (quantity, or total) where more is sold or held than is wanted now; invalid as create
 */
export async function change(tx: Transaction<DB>, offer: OfferRow, facts: OfferFacts): Promise<void> {
  await tx
    .updateTable('offers')
    .set({
      ...columns(facts),
      ...(offer.is_pool ? { total: facts.quantity } : { quantity: facts.quantity }),
      details: sql`details || ${JSON.stringify({ benefits: facts.benefits })}::jsonb`,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', offer.id)
    .execute()
    .catch(doubled);
  if (!offer.is_pool) await setStock(tx, offer.capped ? 'slots' : 'places', offer, facts.quantity, offer.capped ? 'quantity' : 'total');
  const pool = offer.is_pool ? offer.id : offer.pool_id;
  if (pool) await fitPool(tx, pool);
}

/**
 * Changes how many of an offer alone, or of a pool in all, are to be sold. Its row must be locked. Wakes the event's line: there may be more.
 * @throws DomainError event_fixed (total) where more is sold or held; invalid (total) where a pool's offers come to less
 */
export async function resize(tx: Transaction<DB>, offer: OfferRow, total: number): Promise<void> {
  if (offer.is_pool) {
    const most = await belowPool(tx, offer.id);
    if (most < total) throw invalidField('total', `What is sold of "${offer.name}" comes to ${most} in all: raise that first.`);
    await sql`update offers set total = ${total}, updated_at = now() where id = ${offer.id}::uuid`.execute(tx);
    await fitPool(tx, offer.id);
  } else {
    await sql`update offers set quantity = ${total}, updated_at = now() where id = ${offer.id}::uuid`.execute(tx);
    await setStock(tx, 'places', offer, total, 'total');
  }
  await callWaitlist(tx, offer.event_id);
}

/**
 * Takes away an offer whose row is locked, and all that is of it, for nobody ever ordered any of it.
 * @throws DomainError event_fixed (offers): there have been orders, or somebody waits for it
 */
export async function remove(tx: Transaction<DB>, offer: OfferRow): Promise<void> {
  const { rows } = await sql<{ orders: number; waits: boolean }>`
    with gone as (select id from offers where id = ${offer.id}::uuid or pool_id = ${offer.id}::uuid)
    select (select count(distinct order_id)::int from order_items where offer_id in (select id from gone)) as orders,
      exists (select from waitlist_entries where offer_id in (select id from gone)) as waits`.execute(tx);
  const { orders, waits } = rows[0]!;
  if (orders || waits) {
    const message = `There have been ${orders} order(s) of "${offer.name}": it can be closed (is_active: false), but not deleted.`;
    throw new DomainError('event_fixed', message, { fields: { offers: message }, because: 'ordered', orders });
  }
  await sql`delete from offers where pool_id = ${offer.id}::uuid`.execute(tx);
  await sql`delete from offers where id = ${offer.id}::uuid`.execute(tx);
  if (offer.pool_id) await fitPool(tx, offer.pool_id);
}

/** Locks an offer, and the pool it is of before it, against other changes; sales go on. Undefined: there is none. */
export async function lock(tx: Transaction<DB>, id: string) {
  await sql`select from offers where id = (select pool_id from offers where id = ${id}::uuid) for no key update`.execute(tx);
  return tx.selectFrom('offers').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
}

/** How many a pool's offers come to. One that is closed counts for what it has sold or holds. */
async function belowPool(tx: Transaction<DB>, poolId: string): Promise<number> {
  const { rows } = await sql<{ sum: number }>`
    select coalesce(sum(case when c.is_active then c.quantity
      else (select count(*) from slots s where s.offer_id = c.id and not (${isFree('s')})) end), 0)::int as sum
    from offers c where c.pool_id = ${poolId}::uuid`.execute(tx);
  return rows[0]!.sum;
}

/** Gives a pool as many places as can be sold at all: its total, or fewer where its offers come to less. Its row must be locked. */
async function fitPool(tx: Transaction<DB>, poolId: string): Promise<void> {
  const most = await belowPool(tx, poolId);
  const { rows } = await sql<{ id: string; event_id: string; wanted: number }>`
    select id, event_id, least(total, ${most}::int) as wanted from offers where id = ${poolId}::uuid`.execute(tx);
  const pool = rows[0]!;
  await setStock(tx, 'places', pool, pool.wanted, 'total');
  await sql`update offers set quantity = ${pool.wanted}, updated_at = now() where id = ${poolId}::uuid`.execute(tx);
}

const columns = (facts: OfferFacts) => ({
  name: facts.name,
  description: facts.description,
  price_minor: facts.priceMinor,
  sales_start: facts.salesStart,
  sales_end: facts.salesEnd,
  min_per_order: facts.minPerOrder,
  max_per_order: facts.maxPerOrder,
  is_active: facts.isActive,
  tier_number: facts.tierNumber,
  tier_name: facts.tierName,
  day_number: facts.dayNumber,
  day_name: facts.dayName,
  day_date: facts.dayDate,
  all_days: facts.allDays,
});

function doubled(error: { constraint?: string }): never {
  if (error.constraint !== 'offers_tier_day') throw error;
  const message = 'There is one of this number already.';
  throw new DomainError('invalid', message, { fields: { tier: message } });
}

/** How many places the event's offers come to together, closed ones aside. */
export async function offered(db: Kysely<DB> | Transaction<DB>, eventId: string, but?: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select coalesce(sum(coalesce(total, quantity)), 0)::int as n from offers
    where event_id = ${eventId}::uuid and pool_id is null and is_active and id is distinct from ${but ?? null}::uuid`.execute(db);
  return rows[0]!.n;
}
