// Equal places in place of lost ones: what a buyer agreed to whose money came late.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isFree, letGo, stockOf } from '../inventory/places.ts';

/**
 * Replaces lost places of the order's items by free ones of the same stock and section, one for one, and their slots by free slots of the
 * same offer. False (and nothing changed) if there are not enough. The buyer must have agreed to an equal place.
 */
export async function swap(tx: Transaction<DB>, orderId: string, lost: string[]): Promise<boolean> {
  const own = sql`select from order_items own where own.order_id = ${orderId}::uuid`;
  const { rows } = await sql<{ item: string; place: string; slot: string | null }>`
    with gone as (
      select i.id, i.offer_id, f.capped, ${stockOf('f')} as stock, p.section,
        row_number() over (partition by ${stockOf('f')}, p.section order by p.position) as n,
        row_number() over (partition by i.offer_id order by p.position) as m
      from order_items i join places p on p.id = i.place_id join offers f on f.id = i.offer_id
      where i.order_id = ${orderId}::uuid and i.place_id = any(${lost}::uuid[])),
    spare as (
      select s.id, s.stock, s.section, row_number() over (partition by s.stock, s.section order by s.position) as n
      from (select stock, section, count(*) as n from gone group by 1, 2) g, lateral (
        select p.id, p.offer_id as stock, p.section, p.position from places p
        where p.offer_id = g.stock and p.section is not distinct from g.section and ${isFree('p')}
          -- its own places that are free again stay its own
          and not exists (${own} and own.place_id = p.id)
        order by p.position limit g.n for update skip locked) s),
    slot as (
      select s.id, s.offer_id, row_number() over (partition by s.offer_id order by s.position) as m
      from (select offer_id, count(*) as n from gone where capped group by 1) g, lateral (
        select s.id, s.offer_id, s.position from slots s
        where s.offer_id = g.offer_id and ${isFree('s')}
          and not exists (${own} and own.slot_id = s.id and own.place_id <> all(${lost}::uuid[]))
        order by s.position limit g.n for update skip locked) s)
    select gone.id as item, spare.id as place, slot.id as slot
    from gone join spare using (stock, n) left join slot on slot.offer_id = gone.offer_id and slot.m = gone.m
    where gone.section is not distinct from spare.section and (not gone.capped or slot.id is not null)`.execute(tx);
  if (rows.length !== lost.length) return false;

  const [items, places, slots] = [rows.map((r) => r.item), rows.map((r) => r.place), rows.map((r) => r.slot)];
  await sql`update order_items i set place_id = s.place, slot_id = s.slot
    from unnest(${items}::uuid[], ${places}::uuid[], ${slots}::uuid[]) as s (item, place, slot) where i.id = s.item`.execute(tx);
  await letGo(tx, orderId, lost);
  return true;
}
