// Orders: one is confirmed exactly if each of its items has its ticket.
import { sql } from 'kysely';
import { rowCheck } from './check.ts';

const ticketless = rowCheck<{ items: number; tickets: number }>({
  name: 'orders/ticketless',
  of: 'orders',
  rows: () => sql`
    select o.id as subject, array[o.id, o.event_id] as about, n.items, n.tickets
    from orders o cross join lateral (
      select count(*)::int as items, count(t.id)::int as tickets
      from order_items i left join tickets t on t.order_item_id = i.id and t.order_id = o.id and t.voided_at is null
      where i.order_id = o.id) n
    where o.status = 'confirmed' and (n.items = 0 or n.tickets < n.items)`,
  says: ({ subject, items, tickets }) => `order ${subject} is confirmed with ${items} item(s), but has ${tickets} ticket(s)`,
});

const unsold = rowCheck<{ order: string; status: string }>({
  name: 'orders/not-confirmed',
  of: 'tickets',
  rows: () => sql`
    select t.id as subject, array[o.id, t.event_id, t.place_id] as about, o.id as "order", o.status
    from tickets t join orders o on o.id = t.order_id where t.voided_at is null and o.status <> 'confirmed'`,
  says: ({ subject, order, status }) => `ticket ${subject} admits, but its order ${order} is ${status}`,
});

const misplaced = rowCheck<{ order: string }>({
  name: 'orders/wrong-ticket',
  of: 'tickets',
  rows: () => sql`
    select t.id as subject, array[t.order_id, t.event_id, t.place_id] as about, t.order_id as "order"
    from tickets t join order_items i on i.id = t.order_item_id
    where t.voided_at is null and (i.order_id, i.place_id, i.offer_id) is distinct from (t.order_id, t.place_id, t.offer_id)`,
  says: ({ subject, order }) => `ticket ${subject} of order ${order} is not for the place that its item bought`,
});

export const orders = [ticketless, unsold, misplaced];
