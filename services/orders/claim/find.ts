// Parts of the claim's statement that find what is wanted: the event, and the places, which they lock.
import { type RawBuilder, sql } from 'kysely';
import { isBlocked } from '../../accounts/blocks.ts';
import { canDraw, isFree, isOnSale, isPassedOver, sellsUntil, stockOf } from '../../inventory/places.ts';
import { mostIn } from '../../payments/prices.ts';
import { uuids } from '../../shared/ids.ts';
import type { Asked } from './request.ts';

/** SKIP LOCKED: nobody waits and nothing deadlocks. `wait` is for the second look at places that were free but locked. */
export type Locked = 'skip' | 'wait';

const lock = (locked: Locked) => (locked === 'wait' ? sql`for update of p` : sql`for update of p skip locked`);

export const place = sql`p.id, p.section, p.row_label, p.seat_label, p.position`;
/** What every claimed place brings along beside itself: its offer, the price, and until when it sells. */
const offer = ({ terms }: Asked) =>
  sql`o.id as offer_id, o.name as offer_name, ${terms.complimentary ? sql`0::bigint as price_minor` : sql`o.price_minor`}, ${sellsUntil(sql`(select starts_at from event)`)} as sells_until`;
/** Whose minimum and maximum per order count for an offer: `limited` is the offer's own row, or its pool's. */
export const limits = (limited: string) =>
  sql`${sql.ref(`${limited}.id`)} as limit_id, ${sql.ref(`${limited}.min_per_order`)} as min_per_order, ${sql.ref(`${limited}.max_per_order`)} as max_per_order`;

/** Somebody waits for what is `wished` of the event. Ordered and limited, because a long line of another event would otherwise make the planner read the whole table. */
export const waits = (wished: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(select true from waitlist_entries w where w.event_id = events.id and w.in_line and ${wished} order by w.offer_id limit 1)`;

/** The event, whether it is over, whether the buyer is blocked, and whether somebody waits for what is wanted. */
export const event = (w: Asked): RawBuilder<unknown> => sql`
  event as materialized (
    select id, number, slug, name, starts_at, external, currency, hold_seconds, status::text as status, ends_at <= now() as over,
      ${isBlocked(sql`${w.accountId}::uuid`, sql`events.organizer_id`)} as blocked, ${waited(w)} as waited${most(w)}
    from events where id = ${w.eventId}::uuid
  )`;

/** The most that can be paid at once in the event's currency. */
export const most = ({ terms: { mostAtOnce } }: Asked): RawBuilder<unknown> =>
  mostAtOnce ? sql`, ${mostIn(mostAtOnce, 'currency')} as most` : sql``;

/**
 * While somebody waits for such a place it is not for whoever comes by: isWaitedFor, of all that is wanted. (A pool's places cannot be named.)
 * Asked once, before any place is looked at; one probe of one index where nobody waits.
 */
function waited({ terms, offers, places }: Asked): RawBuilder<unknown> {
  if (terms.forWaiter || (!offers.length && !places.length)) return sql`false`;
  const ids = uuids(offers.map((o) => o.offerId));
  const own = offers.length
    ? sql`w.offer_id = any(${ids})`
    : sql`w.offer_id in (select offer_id from places where id = any(${uuids(places)}))`;
  const besides = sql`w.offer_id in (select below.id from offers mine join offers below on below.pool_id = mine.pool_id where mine.id = any(${ids}) and ${canDraw('below')})`;
  const wishes = [sql`w.offer_id is null`, own, ...(offers.length ? [besides] : [])].map((wish) =>
    waits(sql`${wish} and not ${isPassedOver}`),
  );
  return sql`coalesce(case when ${waits(sql`true`)} then coalesce(${sql.join(wishes)}) end, false)`;
}

/** A place or slot that may be had by this claim. */
const isHad = ({ terms }: Asked, alias: string): RawBuilder<unknown> =>
  sql`${terms.forWaiter ? sql`` : sql`not (select waited from event) and`} ${isFree(alias)}`;

const sells = isOnSale(sql`(select starts_at from event)`);

/** Named places: locked in the order of their ids, so that two claims of the same ones never wait for each other in a circle. */
export const namedPlaces = (w: Asked, locked: Locked): RawBuilder<unknown> => sql`
  got as materialized (
    select ${place}, ${offer(w)}, ${limits('o')}, null::uuid as slot_id from places p join offers o on o.id = p.offer_id
    where p.id = any(${uuids(w.places)}) and p.event_id = ${w.eventId}::uuid and ${isHad(w, 'p')} and ${sells}
    order by p.id ${lock(locked)}
  )`;

/**
 * Any n places of each offer. Places are got by stock, since several of the offers may draw on one, and dealt out to the offers after that:
 * a statement does not skip what it has locked itself. An offer with a cap of its own also needs as many of its slots, and a place
 * without a slot is not got.
 */
export const anyPlaces = (w: Asked): RawBuilder<unknown> => sql`
  asked as materialized (
    select a.offer_id, a.n, sum(a.n) over (partition by stock.id order by a.offer_id) as up_to, stock.id as stock_id, stock.quantity as stock_quantity,
      o.capped, o.quantity, case when stock.is_pool then stock.id else o.id end as limited_by
    from unnest(${uuids(w.offers.map((o) => o.offerId))}, array[${sql.join(w.offers.map((o) => o.quantity))}]::int[]) as a (offer_id, n)
    join offers o on o.id = a.offer_id and o.event_id = ${w.eventId}::uuid join offers stock on stock.id = ${stockOf('o')}
  ),
  stocks as materialized (select stock_id as of, sum(n) as n, floor(random() * max(stock_quantity))::int as start from asked group by stock_id),
  ${some(w, 'stock', 'stocks', 'places', place)},
  caps as materialized (select offer_id as of, n, floor(random() * quantity)::int as start from asked where capped),
  ${some(w, 'slot', 'caps', 'slots', sql`p.id`)},
  got as materialized (
    select p.id, p.section, p.row_label, p.seat_label, p.position, ${offer(w)}, ${limits('limited')}, slot.id as slot_id
    from asked a join stock p on p.of = a.stock_id and p.k > a.up_to - a.n and p.k <= a.up_to
    join offers o on o.id = a.offer_id and ${sells} join offers limited on limited.id = a.limited_by
    left join slot on slot.of = a.offer_id and slot.k = p.k - (a.up_to - a.n)
    where not a.capped or slot.id is not null
  )`;

/**
 * A part `name` with up to n rows of a table for each row of `wants` (of an offer, n, start), numbered `k`: from a random position to the
 * end, then from the beginning for what is missing, so that buyers do not queue for the same rows.
 */
function some(w: Asked, name: string, wants: string, table: 'places' | 'slots', what: RawBuilder<unknown>): RawBuilder<unknown> {
  const [tail, head] = [sql.ref(`${name}_tail`), sql.ref(`${name}_head`)];
  const run = (where: RawBuilder<unknown>, n: RawBuilder<unknown>) => sql`
    select w.of, t.* from ${sql.ref(wants)} w, lateral (
      select ${what} from ${sql.table(table)} p where p.offer_id = w.of and ${where} and ${isHad(w, 'p')}
      order by p.position limit ${n} ${lock('skip')}) t`;
  return sql`
  ${tail} as materialized (${run(sql`p.position >= w.start`, sql`w.n`)}),
  ${head} as materialized (${run(sql`p.position < w.start`, sql`greatest(0, w.n - (select count(*) from ${tail} t where t.of = w.of))`)}),
  ${sql.ref(name)} as materialized (
    select f.*, row_number() over (partition by f.of) as k from (select * from ${tail} union all select * from ${head}) f
  )`;
}
