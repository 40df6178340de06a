// What a refused claim saw, for its reason. A claim that succeeds does not look: every part here is a case of "no order was written".
import { type RawBuilder, sql } from 'kysely';
import type { OrderStatus } from '../../../db/tables.ts';
import { isFree, isOnSale } from '../../inventory/places.ts';
import type { PlaceNamed } from '../../shared/errors.ts';
import { uuids } from '../../shared/ids.ts';
import type { Locked } from './find.ts';
import { heldByAccount, isRegistered, openOfAccount, total } from './order.ts';
import type { Asked } from './request.ts';

export type Saw = {
  /** Of what was named, how much belongs to the event. */
  known: number;
  /** Every offer asked for sells now. */
  offers_open: boolean | null;
  /** Named places were all free to look at but not all could be had: somebody is at work on their rows this moment. */
  busy: boolean;
  /** Each offer's limits per order are kept. */
  limits_kept: boolean;
  /** What was got comes to more than can be paid at once: how much that is. */
  dear: { most: number; currency: string } | null;
  /** Something of the event is not sold for good. */
  unsold: boolean;
  /** Offers that have fewer places left than were asked for, and how many. */
  short: { id: string; name: string; left: number }[] | null;
  /** Named places that somebody else holds or has. */
  gone: PlaceNamed[] | null;
  /** Of the order that was to grow; `has`: so many of the named places it holds already. */
  target: { owner: string; status: OrderStatus; over: boolean; paying: boolean; items: number; has: number } | null;
  /** The participant has a live order already. */
  registered: boolean;
  /** Places the account has of this event, where that is limited. */
  had: number | null;
  /** Its unpaid orders, where these are limited. */
  open: number | null;
};

/** One look into an index for each offer, instead of a scan of all places. */
export const unsold = sql`exists (select from offers o cross join lateral
      (select from places p where p.offer_id = o.id and p.sold_at is null order by p.position limit 1) left_over where o.event_id = e.id and o.is_active)`;

/** Of places (alias `p`) those that somebody else holds or has. */
export const gone = sql`json_agg(json_build_object('id', p.id, 'section', p.section, 'row', p.row_label, 'seat', p.seat_label) order by p.position) filter (where not (${isFree('p')}))`;

const named = (w: Asked, locked: Locked) => sql`
      select count(*)::int as known, bool_and(${isOnSale(sql`e.starts_at`)}) as offers_open,
        ${locked === 'skip'} and count(*) filter (where ${w.terms.forWaiter ? sql`` : sql`not e.waited and`} ${isFree('p')} and ${isOnSale(sql`e.starts_at`)}) = ${w.count}::int and (select places from sums) < ${w.count}::int as busy, null::json as short,
        ${gone} as gone
      from places p join offers o on o.id = p.offer_id where p.id = any(${uuids(w.places)}) and p.event_id = ${w.eventId}::uuid`;

const offered = () => sql`
      select count(*)::int as known, bool_and(${isOnSale(sql`e.starts_at`)}) as offers_open, false as busy,
        json_agg(json_build_object('id', o.id, 'name', o.name, 'left', free.n)) filter (where free.n < a.n) as short, null::json as gone
      from asked a join offers o on o.id = a.offer_id cross join lateral (select least(${freeOf('places', sql`a.stock_id`)},
        case when a.capped then ${freeOf('slots', sql`a.offer_id`)} end)::int as n) free`;

/** How many of an offer's places or slots are free, as far as it matters: up to what was asked for. */
const freeOf = (table: 'places' | 'slots', offer: RawBuilder<unknown>) =>
  sql`(select count(*) from (select from ${sql.table(table)} p where p.offer_id = ${offer} and ${isFree('p')} order by p.position limit a.n) f)`;

const nothing = sql`select 0 as known, null::boolean as offers_open, false as busy, null::json as short, null::json as gone`;

const target = ({ into, places }: Asked) =>
  into
    ? sql`(select json_build_object('owner', t.account_id, 'status', t.status, 'over', t.ends <= now(), 'paying', t.paying,
        'items', (select count(*) from order_items i where i.order_id = t.id),
        'has', (select count(*) from places p where p.id = any(${uuids(places)}) and p.order_id = t.id and p.held_until > now())) from target t)`
    : sql`null::json`;

const dear = (w: Asked) =>
  w.terms.mostAtOnce
    ? sql`case when ${total(w, sql`(select minor from sums)`)} > e.most then json_build_object('most', e.most, 'currency', e.currency) end`
    : sql`null::json`;

/** The column `saw`: null where an order was written. */
export const saw = (w: Asked, locked: Locked): RawBuilder<unknown> => sql`
  case when b.id is null then (
    select json_build_object('known', k.known, 'offers_open', k.offers_open, 'busy', k.busy, 'short', k.short, 'gone', k.gone, 'limits_kept', (select kept from sums), 'dear', ${dear(w)},
      'unsold', ${unsold}, 'registered', ${w.terms.participant ? isRegistered(w) : sql`false`}, 'target', ${target(w)}, 'had', ${w.terms.maxPerAccount === undefined ? sql`null::int` : heldByAccount(w)},
      'open', ${w.terms.maxOpen === undefined ? sql`null::int` : openOfAccount(w)})
    from (${w.places.length ? named(w, locked) : w.offers.length ? offered() : nothing}) k
  ) end as saw`;
