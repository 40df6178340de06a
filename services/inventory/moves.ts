// A sold place changes hands within its own order: parts of the statement that exchanges an item's offer (orders/exchange.ts).
import { type RawBuilder, sql } from 'kysely';
import { announcing } from '../outbox/outbox.ts';
import { isFree, isOnSale, isPassedOver, isWaitedFor, stockOf } from './places.ts';

/** Of the capped offer `o` no more slots are free than people in line wait for: they come first. */
const isShort = sql`(select count(*) between 1 and line.n from (select from slots s where s.offer_id = o.id and ${isFree('s')} order by s.position limit line.n + 1) f)`;

/**
 * Parts that find what an item gets in place of what it has, and lock it: `item` (id, order_id, event_id, offer_id, place_id, slot_id) is read,
 * `target` and `got` are written. Nothing is got where the offer is not on sale, is waited for, or has nothing free; `target` says which.
 * Another offer of the same pool keeps the place and takes a slot, unless those who wait for that very offer need each that is free.
 */
export const findInstead = (offerId: string): RawBuilder<unknown> => sql`
    target as materialized (
      select o.id, o.name, o.capped, ${stockOf('o')} as stock, ${stockOf('o')} = had.stock as same, ${isOnSale(sql`e.starts_at`)} as on_sale,
        case when ${stockOf('o')} <> had.stock then ${isWaitedFor('o')} else o.capped and ${isShort} end as waited
      from item join events e on e.id = item.event_id join offers o on o.event_id = item.event_id and o.id = ${offerId}::uuid
        cross join lateral (select ${stockOf('f')} as stock from offers f where f.id = item.offer_id) had
        cross join lateral (select count(*) as n from waitlist_entries w where w.event_id = o.event_id and w.in_line and w.offer_id = o.id and not ${isPassedOver}) line
    ),
    place as materialized (
      select p.id from target t, places p where not t.same and t.on_sale and not t.waited and p.offer_id = t.stock and ${isFree('p')}
      order by p.position limit 1 for update of p skip locked
    ),
    slot as materialized (
      select p.id from target t, slots p where t.capped and t.on_sale and not t.waited and (t.same or exists (select from place)) and p.offer_id = t.id and ${isFree('p')}
      order by p.position limit 1 for update of p skip locked
    ),
    got as materialized (
      select item.id as item_id, item.order_id, item.event_id, item.place_id as old_place, item.slot_id as old_slot, t.id as offer_id,
        case when t.same then item.place_id else (select id from place) end as place_id, (select id from slot) as slot_id
      from item, target t
      where t.on_sale and not t.waited and (t.same or exists (select from place)) and (not t.capped or exists (select from slot))
    )`;

/** Parts that move the place and the slot of `got`: the new ones are sold, the old ones free, live seats are told, and the line is woken. */
export const moveInstead = sql`
    places_moved as (
      update places p set order_id = case when p.id = got.place_id then got.order_id end, held_until = null, sold_at = case when p.id = got.place_id then now() end
      from got where got.place_id <> got.old_place and p.id in (got.place_id, got.old_place)
    ),
    slots_moved as (
      update slots s set order_id = case when s.id = got.slot_id then got.order_id end, held_until = null, sold_at = case when s.id = got.slot_id then now() end
      from got where s.id in (got.slot_id, got.old_slot)
    ),
    told as (
      insert into place_changes (event_id, place_ids, state)
      select got.event_id, array[change.id], change.state from got,
        lateral (values (got.place_id, 'sold'::place_state), (got.old_place, 'free'::place_state)) change (id, state) where got.place_id <> got.old_place
    ),
    woken as (
      ${announcing(sql`select 'places.freed', got.event_id, '{}'::jsonb from got
        where exists (select from waitlist_entries w where w.event_id = got.event_id and w.in_line)`)}
    )`;
