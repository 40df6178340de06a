// Places of external events that somebody else has sold: sold, but to no order of ours. Their provider says which.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { announcing } from '../outbox/outbox.ts';
import { isFree } from './places.ts';

/** A place (alias) that is sold to nobody of ours. */
export const isElsewhere = (alias: string) =>
  sql<boolean>`(${sql.ref(`${alias}.sold_at`)} is not null and ${sql.ref(`${alias}.order_id`)} is null)`;

/** The order loses these places, which its provider has given to somebody else. Those that another order has by now stay as they are. */
export async function loseElsewhere(tx: Transaction<DB>, orderId: string, placeIds: string[]): Promise<void> {
  await sql`with lost as (
      update places p set order_id = null, held_until = null, sold_at = now()
      where p.id = any(${placeIds}::uuid[]) and p.external_id is not null and p.sold_at is null and (p.order_id = ${orderId}::uuid or ${isFree('p')})
      returning p.id, p.event_id)
    insert into place_changes (event_id, place_ids, state) select event_id, array_agg(id), 'sold' from lost group by event_id`.execute(tx);
}

/** The provider has these places again: whoever comes by may have them. */
export async function comeBack(db: Kysely<DB>, placeIds: string[]): Promise<void> {
  await sql`with freed as (
      update places p set sold_at = null where p.id = any(${placeIds}::uuid[]) and ${isElsewhere('p')} returning p.id, p.event_id),
    ${freedTold}
    select`.execute(db);
}

/** Parts of a statement that tell of the part `freed` (id, event_id): live seats, and the event's waitlist if somebody waits. */
const freedTold = sql`
    freed_told as (insert into place_changes (event_id, place_ids, state) select event_id, array_agg(id), 'free' from freed group by event_id),
    freed_called as (${announcing(sql`select 'places.freed', event_id, '{}'::jsonb from freed
      where exists (select from waitlist_entries w where w.event_id = freed.event_id and w.in_line) group by event_id`)})`;

/** A place as its provider lists it; `offerId` is what it is sold as here. */
export type Listed = { id: string; row: number; seat: number; isFree: boolean; offerId: string };

/** So long after a word between us and the provider about a place, what its list says of it may be older than that word. */
const UNSURE = sql`interval '5 seconds'`;

/**
 * Writes a part of the provider's list down: places that are new, those that others have bought, and those that they gave up. What is held by or
 * sold to an order of ours, or has just been, is left alone. `asOf`: the database's time before the list was asked for.
 * @returns how many places were written
 */
export async function takeList(db: Kysely<DB>, eventId: string, list: Listed[], asOf: Date): Promise<number> {
  const listed = sql`unnest(${list.map((p) => p.id)}::uuid[], ${list.map((p) => p.row)}::int[], ${list.map((p) => p.seat)}::int[],
    ${list.map((p) => p.isFree)}::boolean[], ${list.map((p) => p.offerId)}::uuid[]) as t (id, row, seat, free, offer)`;
  // Known places are found by the provider's ids alone: with the event beside them a table without statistics is read from end to end.
  const { rows } = await sql<{ count: number }>`
    with listed as materialized (select * from ${listed}),
    known as materialized (
      select p.id, p.external_id, p.sold_at, p.order_id, p.held_until from places p where p.external_id = any(${list.map((p) => p.id)}::uuid[])),
    sold_as as materialized (
      select o.id, o.name, coalesce((select max(position) + 1 from places where offer_id = o.id), 0) as next from offers o where o.event_id = ${eventId}::uuid),
    added as (
      insert into places (event_id, offer_id, section, row_label, seat_label, row_index, seat_index, position, external_id, sold_at)
      select ${eventId}::uuid, o.id, o.name, t.row::text, t.seat::text, t.row, t.seat, o.next + row_number() over (partition by o.id order by t.row, t.seat) - 1,
        t.id, case when not t.free then now() end
      from listed t join sold_as o on o.id = t.offer
      where not exists (select from known k where k.external_id = t.id) order by t.row, t.seat
      on conflict do nothing returning id),
    to_lose as materialized (select k.id from known k join listed t on t.id = k.external_id where not t.free and ${isFree('k')}),
    lost as (
      update places p set order_id = null, held_until = null, sold_at = now()
      where p.id in (select id from to_lose) and p.event_id = ${eventId}::uuid and ${isFree('p')}
        and not exists (select from external_places y where y.place_id = p.id
          and (y.state in ('asked', 'selected') or y.updated_at > ${asOf}::timestamptz - ${UNSURE}))
      returning p.id, p.event_id),
    lost_told as (insert into place_changes (event_id, place_ids, state) select event_id, array_agg(id), 'sold' from lost group by event_id),
    to_free as materialized (select k.id from known k join listed t on t.id = k.external_id where t.free and ${isElsewhere('k')}),
    freed as (
      update places p set sold_at = null
      where p.id in (select id from to_free) and p.event_id = ${eventId}::uuid and ${isElsewhere('p')} and p.sold_at < ${asOf}::timestamptz - ${UNSURE}
      returning p.id, p.event_id),
    ${freedTold}
    select ((select count(*) from added) + (select count(*) from lost) + (select count(*) from freed))::int as count`.execute(db);
  return rows[0]!.count;
}

/** Makes the offers' numbers those of their places, which tells live seats to read the event again. */
export async function countOffers(db: Kysely<DB>, eventId: string): Promise<void> {
  await sql`update offers o set quantity = c.n, updated_at = now()
    from (select offer_id, count(*)::int as n from places where event_id = ${eventId}::uuid group by offer_id) c
    where o.id = c.offer_id and o.quantity <> c.n`.execute(db);
}
