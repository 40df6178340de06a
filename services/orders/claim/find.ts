// Parts of the claim's statement that find what is wanted: the event, and the places, which they lock.
import { type RawBuilder, sql } from 'kysely';
import { isFree, isOnSale, sellsUntil, stockOf } from '../../inventory/places.ts';
import { uuids } from '../../shared/ids.ts';
import type { Wanted } from './request.ts';

/** SKIP LOCKED: nobody waits and nothing deadlocks. `wait` is for the second look at places that were free but locked. */
export type Locked = 'skip' | 'wait';

const lock = (locked: Locked) => (locked === 'wait' ? sql`for update of p` : sql`for update of p skip locked`);

/** What every claimed place brings along: itself, and its offer's name, price and limits. */
const columns = sql`p.id, p.section, p.row_label, p.seat_label, p.position, o.id as offer_id, o.name as offer_name, o.price_minor, o.min_per_order, o.max_per_order, ${sellsUntil(sql`(select starts_at from event)`)} as sells_until`;

/** The event, whether it is over, and whether somebody waits for what is wanted. */
export const event = (w: Wanted): RawBuilder<unknown> => sql`
  event as materialized (
    select id, number, slug, name, starts_at, currency, hold_seconds, status::text as status, ends_at <= now() as over, ${waited(w)} as waited${most(w)}
    from events where id = ${w.eventId}::uuid
  )`;

/** The most that can be paid at once in the event's currency. One text, because a claim is compiled anew each time. */
function most({ terms: { mostAtOnce } }: Wanted): RawBuilder<unknown> {
  if (!mostAtOnce) return sql``;
  const others = Object.entries(mostAtOnce.by).map(([currency, minor]) => `when '${currency}' then ${minor}`);
  return sql`, ${sql.raw(others.length ? `case currency ${others.join(' ')} else ${mostAtOnce.usual} end` : `${mostAtOnce.usual}`)}::bigint as most`;
}

/** While somebody waits for such a place it is not for whoever comes by. Asked once, before any place is looked at: two probes of one index. */
function waited({ terms, offers, places }: Wanted): RawBuilder<unknown> {
  if (terms.forWaiter || (!offers.length && !places.length)) return sql`false`;
  const wish = offers.length
    ? sql`w.offer_id = any(${uuids(offers.map((o) => o.offerId))})`
    : sql`w.offer_id in (select offer_id from places where id = any(${uuids(places)}))`;
  // Ordered and limited, because a long line of another event would otherwise make the planner read the whole table.
  const waits = (what: RawBuilder<unknown>) =>
    sql`(select true from waitlist_entries w where w.event_id = events.id and w.in_line and ${what} order by w.offer_id limit 1)`;
  return sql`coalesce(${waits(sql`w.offer_id is null`)}, ${waits(wish)}, false)`;
}

/** A place that may be had by this claim, of an offer that sells now. */
const isOpen = ({ terms }: Wanted): RawBuilder<unknown> =>
  sql`${terms.forWaiter ? sql`` : sql`not (select waited from event) and`} ${isFree('p')} and ${isOnSale(sql`(select starts_at from event)`)}`;

/** Named places: locked in the order of their ids, so that two claims of the same ones never wait for each other in a circle. */
export const namedPlaces = (w: Wanted, locked: Locked): RawBuilder<unknown> => sql`
  got as materialized (
    select ${columns} from places p join offers o on o.id = p.offer_id
    where p.id = any(${uuids(w.places)}) and p.event_id = ${w.eventId}::uuid and ${isOpen(w)}
    order by p.id ${lock(locked)}
  )`;

/** Any n places of each offer: from a random position of its stock to the end, then from the start for what is missing. */
export const anyPlaces = (w: Wanted): RawBuilder<unknown> => sql`
  asked as materialized (
    select a.offer_id, a.n, stock.id as stock_id, floor(random() * stock.quantity)::int as start
    from unnest(${uuids(w.offers.map((o) => o.offerId))}, array[${sql.join(w.offers.map((o) => o.quantity))}]::int[]) as a (offer_id, n)
    join offers o on o.id = a.offer_id and o.event_id = ${w.eventId}::uuid join offers stock on stock.id = ${stockOf('o')}
  ),
  tail as materialized (${someOf(w, sql`p.position >= a.start`, sql`a.n`)}),
  head as materialized (${someOf(w, sql`p.position < a.start`, sql`greatest(0, a.n - (select count(*) from tail where tail.offer_id = a.offer_id))`)}),
  got as materialized (select * from tail union all select * from head)`;

const someOf = (w: Wanted, where: RawBuilder<unknown>, n: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    select t.* from asked a, lateral (
      select ${columns} from places p join offers o on o.id = a.offer_id
      where p.offer_id = a.stock_id and ${where} and ${isOpen(w)}
      order by p.position limit ${n} ${lock('skip')}) t`;
