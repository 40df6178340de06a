// Places, and the slots that go with some of them: when one is free, and the statements that keep, free and sell those of an order.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB } from '../../db/tables.ts';
import { isBlocked } from '../accounts/blocks.ts';
import { announcing } from '../outbox/outbox.ts';
import { uuids } from '../shared/ids.ts';

/** Wakes the event's waitlist, if anybody waits: places may have become free, or the event may be over. */
export async function callWaitlist(tx: Transaction<DB>, eventId: string): Promise<void> {
  await announcing(sql`select 'places.freed', ${eventId}::uuid, '{}'::jsonb
    where exists (select from waitlist_entries where event_id = ${eventId}::uuid and in_line)`).execute(tx);
}

/**
 * Free means: not sold, and not held by an order whose hold still runs. Every reader and writer of places, and of slots, uses this. Whom a
 * free place is for is another question (isWaitedFor).
 */
export const isFree = (alias: string) =>
  sql<boolean>`${sql.ref(`${alias}.sold_at`)} is null and (${sql.ref(`${alias}.order_id`)} is null or ${sql.ref(`${alias}.held_until`)} <= now())`;

/** An offer of a pool (alias) that takes places of the pool now: it is open, and has no cap or a slot that is free. */
export const canDraw = (alias: string) => {
  const [active, opens, closes, capped, id] = ['is_active', 'sales_start', 'sales_end', 'capped', 'id'].map((column) =>
    sql.ref(`${alias}.${column}`),
  );
  return sql<boolean>`(${active} and coalesce(${opens} <= now(), true) and coalesce(${closes} > now(), true) and (not ${capped}
    or coalesce((select true from slots free_slot where free_slot.offer_id = ${id} and ${isFree('free_slot')} order by free_slot.position limit 1), false)))`;
};

/** An entry of a waitlist (alias `w`) that gets no offer, and holds nothing back from others, as long as its account is blocked. */
export const isPassedOver = isBlocked(sql`w.account_id`, sql`(select e.organizer_id from events e where e.id = w.event_id)`);

/**
 * Somebody in line waits for the offer (alias), or for any of its event. Its free places are held for the line then: no claim gets them, and
 * no reader counts them. Who waits for another offer of the same pool waits for the pool's places, and so do these two, unless it is that
 * offer's own cap that is reached. The first look alone is made where nobody waits. Ordered and limited, because a long line of another
 * event would otherwise make the planner read the whole table.
 */
export const isWaitedFor = (alias: string) => {
  const [id, poolId] = [sql.ref(`${alias}.id`), sql.ref(`${alias}.pool_id`)];
  const waits = (wish: RawBuilder<unknown>) =>
    sql`(select true from waitlist_entries w where w.event_id = ${sql.ref(`${alias}.event_id`)} and w.in_line and ${wish} order by w.offer_id limit 1)`;
  const besides = sql`w.offer_id in (select below.id from offers below where below.pool_id in (${id}, ${poolId}) and ${canDraw('below')})`;
  return sql<boolean>`coalesce(case when ${waits(sql`true`)}
    then coalesce(${sql.join([sql`w.offer_id is null`, sql`w.offer_id = ${id}`, besides].map((wish) => waits(sql`${wish} and not ${isPassedOver}`)))}) end, false)`;
};

/**
 * The ids of these events' offers that somebody waits for, as a subquery that a statement runs once: one look for each event where nobody
 * waits. Fenced (offset 0), because the planner would ask of each offer of every event first.
 */
export const waitedFor = (eventIds: RawBuilder<unknown>) => sql`(
  select waited.id from (select e.id from unnest(${eventIds}) as e (id)
    where (select true from waitlist_entries w where w.event_id = e.id and w.in_line order by w.event_id, w.seq limit 1) offset 0) line
  cross join lateral (select o.id from offers o where o.event_id = line.id and ${isWaitedFor('o')} offset 0) waited)`;

/**
 * An offer (alias) whose places can be bought now. The same words for claims and for the waitlist.
 * It sells until its event starts, unless it says until when (a later day of an event of several days). A pool is not sold itself, and
 * nothing of it sells while it is closed or outside its own window.
 */
export const isOnSale = (startsAt: RawBuilder<unknown>, alias: 'o' | 'c' = 'o') => {
  const [active, pool, opens, poolId] = ['is_active', 'is_pool', 'sales_start', 'pool_id'].map((column) => sql.ref(`${alias}.${column}`));
  return sql<boolean>`${active} and not ${pool} and coalesce(${opens} <= now(), true) and ${sellsUntil(startsAt, alias)} > now()
    and (${poolId} is null or exists (select from offers pool where pool.id = ${poolId} and (not pool.is_pool or (pool.is_active and coalesce(pool.sales_start <= now(), true)))))`;
};

/** isOnSale of an offer (alias `o`) that draws on no pool, which is the common one, and its sellsUntil: without a look for the pool. */
export const isOnSaleAlone = (startsAt: RawBuilder<unknown>) =>
  sql<boolean>`o.is_active and not o.is_pool and o.pool_id is null and coalesce(o.sales_start <= now(), true) and ${sellsUntilAlone(startsAt)} > now()`;
export const sellsUntilAlone = (startsAt: RawBuilder<unknown>) => sql<Date>`coalesce(o.sales_end, ${startsAt})`;

/** Until when an offer (alias `o`) sells. No hold on its places outlives that: what is not paid by then is not sold. */
export const sellsUntil = (startsAt: RawBuilder<unknown>, alias = 'o') =>
  sql<Date>`least(coalesce(${sql.ref(`${alias}.sales_end`)}, ${startsAt}),
    case when ${sql.ref(`${alias}.pool_id`)} is not null then (select pool.sales_end from offers pool where pool.id = ${sql.ref(`${alias}.pool_id`)} and pool.is_pool) end)`;

/** Until when all that is in an order is sold, as its rows say it now; null where nothing is in it yet. */
export const allSellUntil = (orderId: RawBuilder<unknown>) => sql<Date | null>`(select min(${sellsUntil(sql`sale.starts_at`, 'sold')})
  from order_items item join offers sold on sold.id = item.offer_id join events sale on sale.id = sold.event_id where item.order_id = ${orderId})`;

/** What places of an offer (alias) cost: its price, or of a pool the lowest of what sells them. */
export const priceFrom = (alias: string) => sql<number>`case when ${sql.ref(`${alias}.is_pool`)}
  then coalesce((select min(below.price_minor) from offers below where below.pool_id = ${sql.ref(`${alias}.id`)} and below.is_active), 0) else ${sql.ref(`${alias}.price_minor`)} end`;

/** The offer whose places another one sells: its pool's, or its own. Several offers may draw on one stock. */
export const stockOf = (alias: string) => sql<string>`coalesce(${sql.ref(`${alias}.pool_id`)}, ${sql.ref(`${alias}.id`)})`;

/** Keeps the order's places for it past its hold, because captured money waits to be settled. Places it no longer holds are left alone. */
export async function keepForPaid(tx: Transaction<DB>, orderId: string): Promise<void> {
  await sql`with kept as (
      update places p set held_until = now() + interval '1 day'
      from order_items i where i.order_id = ${orderId}::uuid and p.id = i.place_id and p.order_id = i.order_id and p.sold_at is null and p.held_until > now()
      returning p.id, p.event_id, p.held_until),
    kept_slots as (
      update slots s set held_until = now() + interval '1 day'
      from order_items i where i.order_id = ${orderId}::uuid and s.id = i.slot_id and s.order_id = i.order_id and s.sold_at is null and s.held_until > now())
    insert into place_changes (event_id, place_ids, state, held_until)
    select event_id, array_agg(id), 'held', max(held_until) from kept group by event_id`.execute(tx);
}

/**
 * Keeps all of the order's places for it, past its hold too, while captured money waits for the provider of an external event.
 * @returns false where it has lost one, or has none
 */
export async function keepAll(db: Kysely<DB>, orderId: string): Promise<boolean> {
  const { rows } = await sql<{ all: boolean }>`with kept as (
      update places p set held_until = greatest(p.held_until, now() + interval '1 day')
      from order_items i where i.order_id = ${orderId}::uuid and p.id = i.place_id and p.order_id = i.order_id and p.sold_at is null
      returning p.id, p.event_id, p.held_until),
    told as (
      insert into place_changes (event_id, place_ids, state, held_until)
      select event_id, array_agg(id), 'held', max(held_until) from kept group by event_id)
    select count(*) > 0 and count(*) = (select count(*) from order_items i where i.order_id = ${orderId}::uuid) as "all" from kept`.execute(
    db,
  );
  return rows[0]!.all;
}

/**
 * Parts of a statement: the places of an order are kept until a moment past its hold, unless another order has them. It reads the
 * part `near` (id of the order, `until`); its part `kept` has a row for each place that was kept, with its slot if it goes with one.
 */
export const keepUntil = sql`
    kept_slots as (
      update slots s set held_until = near.until from near, order_items i
      where i.order_id = near.id and s.id = i.slot_id and s.order_id = near.id and s.sold_at is null
      returning s.id
    ),
    kept as (
      update places p set held_until = near.until from near, order_items i
      where i.order_id = near.id and p.id = i.place_id and p.order_id = near.id and p.sold_at is null
        and (i.slot_id is null or i.slot_id in (select id from kept_slots))
      returning p.id, p.event_id, p.held_until
    ),
    kept_told as (
      insert into place_changes (event_id, place_ids, state, held_until)
      select event_id, array_agg(id), 'held', max(held_until) from kept group by event_id
    )`;

/**
 * Parts of a statement: the places of orders are held no longer than until a moment. It reads the part `late` (id of the order, `kept`); its
 * part `held` has a row for each place whose hold was shortened.
 */
export const shortenTo = sql`
    held as (
      update places p set held_until = late.kept from late, order_items i
      where i.order_id = late.id and p.id = i.place_id and p.order_id = late.id and p.sold_at is null and p.held_until > late.kept
      returning p.id, p.event_id, p.held_until
    ),
    held_slots as (
      update slots s set held_until = late.kept from late, order_items i
      where i.order_id = late.id and s.id = i.slot_id and s.order_id = late.id and s.sold_at is null and s.held_until > late.kept
    ),
    held_told as (
      insert into place_changes (event_id, place_ids, state, held_until)
      select event_id, array_agg(id), 'held', held_until from held group by event_id, held_until
    )`;

/** Frees every place the order still holds, or some of them (sold ones stay). Safe to repeat. Returns how many became free. */
export const release = (tx: Transaction<DB>, orderId: string, only?: string[]): Promise<number> =>
  free(tx, orderId, (alias) => {
    const unsold = sql`${sql.ref(`${alias}.sold_at`)} is null`;
    return only ? sql`${unsold} and i.place_id = any(${only}::uuid[])` : unsold;
  });

/**
 * Frees the order's places, sold ones too, after its tickets were voided. Only cancelling an order calls this. Sold ones of an external event
 * are free only once their provider has taken them back (elsewhere.ts).
 */
export const giveBack = (tx: Transaction<DB>, orderId: string): Promise<number> => free(tx, orderId, () => sql`true`);

/** Frees places and their slots, writes the change for live seats, and wakes the event's waitlist if somebody waits. */
async function free(tx: Transaction<DB>, orderId: string, which: (alias: 'p' | 's') => RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with freed as (
      update places p set order_id = null, held_until = null, sold_at = case when p.external_id is not null then p.sold_at end
      from order_items i where i.order_id = ${orderId}::uuid and p.id = i.place_id and p.order_id = i.order_id and ${which('p')}
      returning p.id, p.event_id, p.sold_at is null as free),
    freed_slots as (
      update slots s set order_id = null, held_until = null, sold_at = null
      from order_items i where i.order_id = ${orderId}::uuid and s.id = i.slot_id and s.order_id = i.order_id and ${which('s')}),
    told as (
      insert into place_changes (event_id, place_ids, state) select event_id, array_agg(id), 'free' from freed where free group by event_id),
    called as (
      ${announcing(sql`select 'places.freed', event_id, '{}'::jsonb from freed
      where free and exists (select from waitlist_entries w where w.event_id = freed.event_id and w.in_line) group by event_id`)})
    select count(*) filter (where free)::int as count from freed`.execute(tx);
  return rows[0]!.count;
}

/** Takes the order off unsold places that are none of its items any more: its hold on them is over. */
export async function letGo(tx: Transaction<DB>, orderId: string, placeIds: string[]): Promise<void> {
  await sql`update places set order_id = null, held_until = null
    where id = any(${uuids(placeIds)}) and order_id = ${orderId}::uuid and sold_at is null`.execute(tx);
}

/** May a place or a slot (alias) be the order's: it still is, or is free again? */
const isOrders = (alias: 'p' | 's', orderId: RawBuilder<unknown>) =>
  sql<boolean>`${sql.ref(`${alias}.sold_at`)} is null and (${sql.ref(`${alias}.order_id`)} = ${orderId}::uuid or ${isFree(alias)})`;

/** The place of an item of an order. `ok`: it is still the order's, or free again. */
export type Secured = { id: string; slot: string | null; ok: boolean };

/**
 * Locks the places of the order's items, and the slots that go with them, whether its hold still runs or not: each can be had if it is still
 * the order's, or free again.
 * @returns the ids of the places that could not be had, or whose slot could not. Empty: the order may have them all (`selling`).
 */
export const secure = async (tx: Transaction<DB>, orderId: string): Promise<string[]> =>
  lostOf(tx, orderId, await secured(tx, { orderId }));

/** The same, where the places were locked by a statement of the caller's (`securing`). */
export async function lostOf(tx: Transaction<DB>, orderId: string, rows: Secured[]): Promise<string[]> {
  const gone = rows.some((r) => r.slot !== null) ? await lostSlots(tx, orderId) : new Set<string>();
  return rows.filter((r) => !r.ok || gone.has(r.slot!)).map((r) => r.id);
}

/** Locks the places of the order's items: a row of Secured for each, and the id of its `item`. */
export const securing = (orderId: RawBuilder<string>) => sql<Secured & { item: string }>`
  select p.id, i.id as item, i.slot_id as slot, ${isOrders('p', orderId)}
    and p.offer_id = (select ${stockOf('f')} from offers f where f.id = i.offer_id) as ok -- a seat that left the plan meanwhile belongs to another offer (seatPlans.replan)
  from order_items i join places p on p.id = i.place_id where i.order_id = ${orderId}::uuid order by p.id for update of p`;

const secured = prepared<{ orderId: string }>()((p) => securing(p.orderId));

/** Parts of a statement: the places of the order's items are sold to it, and their slots. Whoever runs it has secured them. */
export const selling = (orderId: RawBuilder<string>) => sql`
  taken as (
    update places p set order_id = i.order_id, held_until = null, sold_at = now()
    from order_items i where i.order_id = ${orderId}::uuid and p.id = i.place_id returning p.id, p.event_id
  ),
  taken_slots as (
    update slots s set order_id = i.order_id, held_until = null, sold_at = now()
    from order_items i where i.order_id = ${orderId}::uuid and s.id = i.slot_id
  ),
  taken_told as (
    insert into place_changes (event_id, place_ids, state) select event_id, array_agg(id), 'sold' from taken group by event_id
  )`;

/** Locks the slots of the order's items. Returns those that another order has. */
async function lostSlots(tx: Transaction<DB>, orderId: string): Promise<Set<string>> {
  const { rows } = await sql<{ id: string; ok: boolean }>`
    select s.id, ${isOrders('s', sql`${orderId}`)} and s.offer_id = i.offer_id as ok -- one that was taken away meanwhile belongs to another offer
    from order_items i join slots s on s.id = i.slot_id where i.order_id = ${orderId}::uuid order by s.id for update of s`.execute(tx);
  return new Set(rows.filter((r) => !r.ok).map((r) => r.id));
}
