// What must be so of slots: each item of a capped offer has one, and no slot is taken for nothing; a pool has as many places as can be sold.
import { sql } from 'kysely';
import { rowCheck } from './check.ts';

const astray = rowCheck<{ order: string; status: string; slot: string | null }>({
  name: 'slots/astray',
  of: 'slots',
  rows: () => sql`
    select i.id as subject, array[o.id, o.event_id, i.slot_id] as about, o.id as "order", o.status, i.slot_id as slot
    from order_items i join offers f on f.id = i.offer_id join orders o on o.id = i.order_id join places p on p.id = i.place_id
    left join slots s on s.id = i.slot_id
    where f.capped and (o.status = 'confirmed' or (o.status = 'pending' and p.order_id = o.id))
      and (s.order_id is distinct from o.id or s.offer_id <> f.id or (s.sold_at is null) <> (p.sold_at is null) or s.held_until is distinct from p.held_until)`,
  says: ({ order, status, slot }) =>
    slot
      ? `slot ${slot} does not go with its place of ${status} order ${order}`
      : `${status} order ${order} has an item of a capped offer without a slot`,
});

const taken = rowCheck<{ order: string }>({
  name: 'slots/taken-for-nothing',
  of: 'slots',
  rows: () => sql`
    select s.id as subject, array[s.id, s.order_id] as about, s.order_id as "order" from slots s
    where (s.sold_at is not null or s.held_until > now())
      and not exists (select from order_items i where i.order_id = s.order_id and i.slot_id = s.id)`,
  says: ({ subject, order }) => `slot ${subject} is taken for order ${order}, which has no such item`,
});

const unfit = rowCheck<{ places: number; wanted: number }>({
  name: 'slots/pool-unfit',
  of: 'offers',
  rows: () => sql`
    select * from (
      select o.id as subject, array[o.id, o.event_id] as about, (select count(*)::int from places p where p.offer_id = o.id) as places,
        least(o.total, (select coalesce(sum(c.quantity), 0) from offers c where c.pool_id = o.id))::int as wanted
      from offers o where o.is_pool) pool where places > wanted`,
  says: ({ subject, places, wanted }) => `pool ${subject} has ${places} places, and its offers sell ${wanted} at most`,
});

export const slots = [astray, taken, unfit];
