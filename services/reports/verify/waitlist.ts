// The waitlist: who came first is offered first, an offer is an order of that person, and nothing is waited for past its end.
import { sql } from 'kysely';
import { rowCheck } from './check.ts';

/** Rounds come some seconds after an offer's end, and once a minute while somebody waits (waitlistOffers.ts). */
const ROUND = sql`interval '75 seconds'`;

const offers = rowCheck<{ status: string; order: string | null }>({
  name: 'waitlist/offer',
  of: 'waitlist_entries',
  rows: () => sql`
    select w.id as subject, array[w.id, w.event_id, w.order_id] as about, w.status, w.order_id as "order"
    from waitlist_entries w left join orders o on o.id = w.order_id
    where (w.status in ('offered', 'accepted') and (o.id is null or w.offer_expires_at is null))
      or (w.status = 'waiting' and o.id is not null)
      or (w.status = 'accepted' and o.confirmed_at is null)
      or (o.id is not null and (o.event_id, o.account_id) is distinct from (w.event_id, w.account_id))`,
  says: ({ subject, status, order }) => `entry ${subject} is ${status} with ${order ? `order ${order}, which does not fit` : 'no order'}`,
});

const overdue = rowCheck<{ offer_expires_at: Date }>({
  name: 'waitlist/offer-overdue',
  of: 'waitlist_entries',
  rows: (before) => sql`
    select w.id as subject, array[w.id, w.event_id, w.order_id] as about, w.offer_expires_at from waitlist_entries w
    where w.status = 'offered' and w.offer_expires_at < ${before} - ${ROUND}`,
  says: ({ subject, offer_expires_at }) => `entry ${subject} is still offered what it had until ${offer_expires_at.toISOString()}`,
});

const inVain = rowCheck<{ event: string; status: string; starts_at: Date }>({
  name: 'waitlist/in-vain',
  of: 'waitlist_entries',
  rows: (before) => sql`
    select w.id as subject, array[w.id, e.id] as about, e.id as event, e.status, e.starts_at
    from waitlist_entries w join events e on e.id = w.event_id
    where w.status = 'waiting' and w.created_at < ${before} - ${ROUND}
      and (e.starts_at < ${before} - ${ROUND} or (e.status = 'cancelled' and e.updated_at < ${before} - ${ROUND}))`,
  says: ({ subject, event, status, starts_at }) =>
    `entry ${subject} waits for event ${event}, which is ${status === 'cancelled' ? 'cancelled' : `over since ${starts_at.toISOString()}`}`,
});

/**
 * Compared are only entries of the same wish and size: a larger group, or one for another tier, may rightly be passed over. A tier taken
 * out of the plan changes wishes that were made before it.
 */
const order = rowCheck<{ later: string; event: string }>({
  name: 'waitlist/passed-over',
  of: 'waitlist_entries',
  rows: (before) => sql`
    with latest as (
      select distinct on (event_id, offer_id, quantity) event_id, offer_id, quantity, id, seq, offered_at
      from waitlist_entries where offered_at is not null order by event_id, offer_id, quantity, seq desc)
    select w.id as subject, array[w.id, w.event_id, l.id] as about, l.id as later, w.event_id as event
    from waitlist_entries w join latest l on l.event_id = w.event_id and l.offer_id is not distinct from w.offer_id and l.quantity = w.quantity
    where w.status = 'waiting' and w.seq < l.seq and w.created_at < l.offered_at and w.created_at < ${before}
      and not exists (select from offers f where f.event_id = w.event_id and not f.is_active and f.updated_at > l.offered_at)`,
  says: ({ subject, later, event }) =>
    `entry ${subject} of event ${event} waits, but ${later}, who came later and wants the same, was offered it`,
});

export const waitlist = [offers, overdue, inVain, order];
