// Places: each has one live claim or one ticket, and no hold outlives its order or its time.
import { type RawBuilder, sql } from 'kysely';
import { holdEnd, holdIsOver } from '../../payments/attempts.ts';
import { rowCheck } from './check.ts';

/** An order (alias `o`) that has places: paid, or its hold runs. */
const live = sql`(o.status = 'confirmed' or (o.status = 'pending' and not ${holdIsOver}))`;

const claimedTwice = rowCheck<{ orders: string[] }>({
  name: 'places/claimed-twice',
  of: 'order_items',
  rows: () => sql`
    select p.id as subject, array_agg(o.id) || p.id || p.event_id as about, array_agg(o.id::text) as orders
    from order_items i join orders o on o.id = i.order_id join places p on p.id = i.place_id
    where ${live} group by p.id having count(*) > 1`,
  says: ({ subject, orders }) =>
    `place ${subject} is in ${orders.length} live orders: ${orders.slice(0, 5).join(', ')}${orders.length > 5 ? ', ...' : ''}`,
});

const ticketedTwice = rowCheck<{ tickets: string[] }>({
  name: 'places/ticketed-twice',
  of: 'tickets',
  rows: () => sql`
    select t.place_id as subject, array_agg(t.order_id) || t.place_id || t.event_id as about, array_agg(t.id::text) as tickets
    from tickets t where t.voided_at is null group by t.place_id, t.event_id having count(*) > 1`,
  says: ({ subject, tickets }) => `place ${subject} has ${tickets.length} tickets that admit: ${tickets.join(', ')}`,
});

const astray = rowCheck<{ order: string; status: string; place: string; holder: string | null }>({
  name: 'places/astray',
  of: 'order_items',
  rows: () => sql`
    select i.id as subject, array[o.id, o.event_id, p.id] as about, o.id as "order", o.status, p.id as place, p.order_id as holder
    from order_items i join orders o on o.id = i.order_id join places p on p.id = i.place_id
    where ${live} and (p.order_id is distinct from o.id
      or (o.status = 'confirmed' and p.sold_at is null)
      or (o.status = 'pending' and (p.sold_at is not null or coalesce(p.held_until < ${holdEnd}, true))))`,
  says: ({ order, status, place, holder }) =>
    holder === order
      ? `place ${place} is not ${status === 'confirmed' ? 'sold to' : 'held for the whole time of'} its ${status} order ${order}`
      : `place ${place} of ${status} order ${order} is ${holder ? `with order ${holder}` : 'free'}`,
});

const sold = rowCheck<{ order: string; status: string }>({
  name: 'places/sold-to-nobody',
  of: 'places',
  rows: () => sql`
    select p.id as subject, array[p.id, p.event_id, o.id] as about, o.id as "order", o.status
    from places p join orders o on o.id = p.order_id
    where p.sold_at is not null
      and (o.status <> 'confirmed' or not exists (select from order_items i where i.order_id = o.id and i.place_id = p.id))`,
  says: ({ subject, order, status }) => `place ${subject} is sold, but its order ${order} is ${status} or has no such item`,
});

const kept = rowCheck<{ order: string; status: string; held_until: Date | null }>({
  name: 'places/kept',
  of: 'places',
  rows: () => sql`
    select p.id as subject, array[p.id, p.event_id, o.id] as about, o.id as "order", o.status, p.held_until
    from places p join orders o on o.id = p.order_id
    where p.sold_at is null and (o.status <> 'pending' or p.held_until is null
      or not exists (select from order_items i where i.order_id = o.id and i.place_id = p.id))`,
  says: ({ subject, order, status, held_until }) =>
    `place ${subject} is still held (${held_until?.toISOString() ?? 'without an end'}) for ${status} order ${order}`,
});

/** After a rush a hold is tidied up as late as its workflow was started (workflows/order.ts): ten times the grace, by default ten minutes. */
const longBefore = (before: RawBuilder<Date>) => sql`now() - 10 * (now() - ${before})`;

/**
 * Money that came in time is waited for: it is settled, or on its way back, before the order is ended. So is an attempt to pay that is
 * being decided: for ten minutes, longer than any provider takes that answers.
 */
const overdue = rowCheck<{ ended: Date }>({
  name: 'places/overdue',
  of: 'orders',
  rows: (before) => sql`
    select o.id as subject, array[o.id, o.event_id] as about, ${holdEnd} as ended from orders o
    where o.status = 'pending' and ${holdEnd} < ${longBefore(before)}
      and not exists (select from outbox b where b.subject_id = o.id)
      and not exists (select from payment_attempts a where a.order_id = o.id and a.decided_at is null and a.received_at > now() - interval '10 minutes')
      and not exists (select from payments y where y.order_id = o.id and y.status = 'succeeded' and y.settled_at is null)
      and not exists (select from refunds r where r.order_id = o.id and r.status = 'pending')`,
  says: ({ subject, ended }) => `order ${subject} is pending although its hold ended at ${ended.toISOString()}`,
});

export const places = [claimedTwice, ticketedTwice, astray, sold, kept, overdue];
