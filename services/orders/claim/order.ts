// Parts of the claim's statement that decide and write the order: the limits, a new order, a grown one, or one that waited.
import { type RawBuilder, sql } from 'kysely';
import { START_GRACE_SECONDS } from '../../outbox/outbox.ts';
import { ownEnd } from '../../payments/attempts.ts';
import { payableOf } from '../../shared/money.ts';
import type { Asked } from './request.ts';

/** What was got, in sum, and whether it keeps the minimum and maximum per order: each offer's, or those of the pool it is of. */
export const sums = (w: Asked): RawBuilder<unknown> => sql`
  sums as materialized (
    select coalesce(sum(n), 0)::int as places, coalesce(sum(minor), 0)::bigint as minor, ${w.terms.complimentary ? sql`true` : sql`coalesce(bool_and(n + had between least_n and most_n), true)`} as kept, min(until) as until
    from (
      select count(*) as n, sum(price_minor) as minor, min(min_per_order) as least_n, coalesce(min(max_per_order), 2147483647) as most_n, min(sells_until) as until,
        ${w.into ? sql`(select count(*) from order_items i join offers o on o.id = i.offer_id where i.order_id = ${w.into}::uuid and got.limit_id in (o.id, o.pool_id))` : sql`0`} as had
      from got group by limit_id) by_limit
  )`;

/** All that was wanted was got, it may be sold to this buyer, and it fits into the order and into what one account may have. */
const ready = (w: Asked): RawBuilder<unknown> => sql`
    e.status = 'published' and not e.over and not e.blocked and s.kept and s.places = ${w.count}::int
    ${w.into ? sql`and s.places + (select count(*) from order_items i where i.order_id = ${w.into}::uuid) <= ${w.terms.maxPlaces}::int` : sql``}
    ${w.terms.maxPerAccount === undefined ? sql`` : sql`and s.places + ${heldByAccount(w)} <= ${w.terms.maxPerAccount}::int`}
    ${w.terms.maxOpen === undefined ? sql`` : sql`and ${openOfAccount(w)} < ${w.terms.maxOpen}::int`}
    ${w.terms.mostAtOnce ? sql`and ${total(w)} <= e.most` : sql``}
    ${w.terms.participant ? sql`and not ${isRegistered(w)}` : sql``}`;

/** The participant has a live order of the event. Of two that come at once the unique index orders_participant decides. */
export const isRegistered = ({
  eventId,
  terms,
}: Asked): RawBuilder<boolean> => sql<boolean>`exists (select from orders r where r.event_id = ${eventId}::uuid
      and r.participant_ref = ${terms.participant?.ref ?? null} and r.status in ('waiting', 'pending', 'confirmed'))`;

/** The fee on what was got: a share of it, rounded half up to an amount that cards can move, as pricing.priceOf has it. */
const fee = ({ terms }: Asked, minor: RawBuilder<unknown>): RawBuilder<number> =>
  terms.feeBasisPoints
    ? payableOf(sql`(${minor} * ${terms.feeBasisPoints}::int + 5000) / 10000`, sql`(select currency from event)`)
    : sql`0::bigint`;

const itsMinor = sql`s.minor`;

/** What the order comes to with what was got. `minor`: the sum of that, where it is not the column of the sums `s`. */
export const total = (w: Asked, minor: RawBuilder<unknown> = itsMinor): RawBuilder<number> =>
  w.into ? sql`${minor} + (select total_minor from target)` : sql`${minor} + ${fee(w, minor)}`;

/** Places of the event in the account's live orders. Exact: the function counts one claim of the account after the other. */
export const heldByAccount = (w: Asked): RawBuilder<unknown> => sql`places_of_account(${w.accountId}::uuid, ${w.eventId}::uuid)`;

/** Unpaid orders of the account whose hold runs, likewise. */
export const openOfAccount = (w: Asked): RawBuilder<unknown> => sql`open_of_account(${w.accountId}::uuid)`;

/** When the hold ends: after its seconds, but not after its places are on sale (`s.until`; null where nothing is wanted yet). */
const holdEnd = ({ terms }: Asked): RawBuilder<unknown> =>
  sql`least(s.until, now() + make_interval(secs => ${terms.forWaiter ? sql`${terms.holdSeconds}::int` : sql`coalesce(e.hold_seconds, ${terms.holdSeconds}::int)`}))`;

/** The announcement that an order was placed; none of one that its caller confirms at once. */
const announced = ({ terms }: Asked): RawBuilder<unknown> =>
  terms.complimentary
    ? sql``
    : sql`,
  boxed as (
    insert into outbox (topic, subject_id, payload, available_at)
    select 'order.created', b.id, jsonb_build_object('number', b.number, 'createdAt', b.created_at, 'event', e.slug, 'owner', b.account_id),
      now() + make_interval(secs => ${START_GRACE_SECONDS})
    from bought b, event e
  )`;

const returned = sql`id, number, status, created_at, expires_at, total_minor, currency, code_prefix, account_id`;
const returnedOf = sql`orders.id, orders.number, orders.status, orders.created_at, orders.expires_at, orders.total_minor, orders.currency, orders.code_prefix, orders.account_id`;

/** Columns of an order that is for a participant. */
const forSomebody = ({ terms }: Asked, columns: RawBuilder<unknown>): RawBuilder<unknown> =>
  terms.participant ? sql`, ${columns}` : sql``;

/** A new order, and the announcement that starts its workflow unless a payment does. `when`: what must hold of the event `e` and the sums `s`. */
export const newOrder = (w: Asked, when = ready(w)): RawBuilder<unknown> => sql`
  bought as (
    insert into orders (id, event_id, account_id, total_minor, fee_minor, currency, code_prefix, buyer_name, buyer_email, buyer_phone, notes, accepts_equal_place, expires_at${forSomebody(w, sql`participant_ref, details`)})
    select ${w.orderId ? sql`${w.orderId}::uuid` : sql`gen_random_uuid()`}, e.id, ${w.accountId}::uuid, ${total(w)}, ${fee(w, itsMinor)}, e.currency, ${w.terms.codePrefix ?? null},
      ${w.terms.buyer?.name ?? null}, ${w.terms.buyer?.email ?? null}, ${w.terms.buyer?.phone ?? null}, ${w.terms.notes ?? null},
      ${w.terms.acceptsEqualPlace ?? false}, ${holdEnd(w)}${forSomebody(w, sql`${w.terms.participant?.ref}, ${w.terms.participant?.details}::jsonb`)}
    from event e, sums s where ${when} returning ${returned}
  )${announced(w)}`;

/** The account's own pending order takes the places in, while its hold runs and nobody is paying it: its payment would be of another amount. */
export const grownOrder = (w: Asked): RawBuilder<unknown> => sql`
  target as materialized (
    select o.*, ${ownEnd} as ends, exists (select from payments y where y.order_id = o.id and y.status in ('created', 'processing', 'succeeded')) as paying
    from orders o where o.id = ${w.into!}::uuid and o.event_id = ${w.eventId}::uuid for update of o
  ),
  bought as (
    update orders set total_minor = orders.total_minor + s.minor, expires_at = least(orders.expires_at, s.until)
    from event e, sums s, target t
    where orders.id = t.id and t.account_id = ${w.accountId}::uuid and t.status = 'pending' and t.ends > now() and not t.paying and ${ready(w)}
    returning ${returnedOf}
  )`;

/**
 * The account's own waiting order takes the places in, and is placed with that: it keeps its id and number, and is announced as a new one.
 * Its creation is dated at this moment, as is every booking's; since when it waited is said by its waitlist entry.
 */
export const promotedOrder = (w: Asked): RawBuilder<unknown> => sql`
  target as materialized (
    select o.*, o.expires_at as ends, false as paying from orders o where o.id = ${w.into!}::uuid and o.event_id = ${w.eventId}::uuid for update of o
  ),
  bought as (
    update orders set status = 'pending', total_minor = s.minor, created_at = now(), expires_at = ${holdEnd(w)}
    from event e, sums s, target t
    where orders.id = t.id and t.account_id = ${w.accountId}::uuid and t.status = 'waiting' and ${ready(w)}
    returning ${returnedOf}
  )${announced(w)}`;
