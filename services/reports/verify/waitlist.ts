// The waitlist: who came first is offered first, an entry fits its order, and nothing is waited for past its end.
import { sql } from 'kysely';
import { rowCheck } from './check.ts';

/** While somebody waits a round comes once a minute (waitlistOffers.ts). */
const ROUND = sql`interval '75 seconds'`;

/** Each entry has an order of its own person and event. It is in line as long as that waits, and was offered something once it was placed. */
const orders = rowCheck<{ order: string; status: string }>({
  name: 'waitlist/order',
  of: 'waitlist_entries',
  rows: () => sql`
    select w.id as subject, array[w.id, w.event_id, w.order_id] as about, o.id as "order", o.status
    from waitlist_entries w join orders o on o.id = w.order_id
    where w.in_line <> (o.status = 'waiting') or (w.offered_at is null) <> (o.expires_at is null)
      or (o.event_id, o.account_id) is distinct from (w.event_id, w.account_id)`,
  says: ({ subject, order, status }) => `entry ${subject} does not fit its order ${order}, which is ${status}`,
});

const lost = rowCheck<object>({
  name: 'waitlist/no-entry',
  of: 'orders',
  rows: () => sql`
    select o.id as subject, array[o.id, o.event_id] as about from orders o
    where o.status = 'waiting' and not exists (select from waitlist_entries w where w.order_id = o.id)`,
  says: ({ subject }) => `order ${subject} waits and is in no line`,
});

const inVain = rowCheck<{ event: string; status: string; starts_at: Date }>({
  name: 'waitlist/in-vain',
  of: 'waitlist_entries',
  rows: (before) => sql`
    select w.id as subject, array[w.id, e.id] as about, e.id as event, e.status, e.starts_at
    from waitlist_entries w join events e on e.id = w.event_id
    where w.in_line and w.created_at < ${before} - ${ROUND}
      and (e.starts_at < ${before} - ${ROUND} or (e.status = 'cancelled' and e.updated_at < ${before} - ${ROUND}))`,
  says: ({ subject, event, status, starts_at }) =>
    `entry ${subject} waits for event ${event}, which is ${status === 'cancelled' ? 'cancelled' : `over since ${starts_at.toISOString()}`}`,
});

/**
 * Compared are only entries of the same wish and size: a larger group, or one for another tier, may rightly be passed over. A tier taken
 * out of the plan changes wishes that were made before it, and who was blocked at that moment was passed over. Participants are left out,
 * because they may wish for another offer and keep their place in the line.
 */
const order = rowCheck<{ later: string; event: string }>({
  name: 'waitlist/passed-over',
  of: 'waitlist_entries',
  rows: (before) => sql`
    with latest as (
      select distinct on (event_id, offer_id, quantity) event_id, offer_id, quantity, id, seq, offered_at
      from waitlist_entries where offered_at is not null and not for_participant order by event_id, offer_id, quantity, seq desc)
    select w.id as subject, array[w.id, w.event_id, l.id] as about, l.id as later, w.event_id as event
    from waitlist_entries w join latest l on l.event_id = w.event_id and l.offer_id is not distinct from w.offer_id and l.quantity = w.quantity
    where w.in_line and not w.for_participant and w.seq < l.seq and w.created_at < l.offered_at and w.created_at < ${before}
      and not exists (select from offers f where f.event_id = w.event_id and not f.is_active and f.updated_at > l.offered_at)
      and not exists (select from blocks b join events e on e.id = w.event_id where b.account_id = w.account_id
        and (b.everywhere or b.organizer_id = e.organizer_id) and (b.lifted_at is null or b.lifted_at > l.offered_at))`,
  says: ({ subject, later, event }) =>
    `entry ${subject} of event ${event} waits, but ${later}, who came later and wants the same, was offered it`,
});

export const waitlist = [orders, lost, inVain, order];
