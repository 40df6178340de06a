// Holds: the one statement that claims places for an order. What becomes of claimed places is in places.ts.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB, OrderStatus } from '../../../db/tables.ts';
import { isFree, isOnSale } from '../../inventory/places.ts';
import { START_GRACE_SECONDS } from '../../outbox/outbox.ts';
import { DomainError, invalidField } from '../../shared/errors.ts';
import { uuids } from '../../shared/ids.ts';

export type ClaimRequest = {
  accountId: string;
  eventId: string;
  /** Named places; all of them are claimed or none. */
  placeIds?: string[];
  /** Or any `quantity` places of an offer, taken from a random start so that buyers do not queue for the same rows. */
  offers?: { offerId: string; quantity: number }[];
  /** How long the hold lasts where the event does not say (each API configures its own). */
  holdSeconds: number;
  /** At most so many places in one order. */
  maxPlaces: number;
  /** The new order's id, where the caller must be able to find it again after a crash. */
  orderId?: string;
  /** Claim into this pending order of the same account instead of a new one. */
  into?: string;
  buyer?: { name?: string | null; email?: string | null; phone?: string | null };
  acceptsEqualPlace?: boolean;
  /** An offer of the waitlist: it may have what is kept for those who wait, and holdSeconds counts whatever the event says. */
  forWaiter?: boolean;
  /** false leaves the guard out. Only the race tests' proof does that (config.claimGuard). */
  guard?: boolean;
};

export type ClaimedPlace = {
  id: string;
  offer_id: string;
  offer_name: string;
  section: string | null;
  row_label: string | null;
  seat_label: string | null;
  price_minor: number;
};

export type Claim = {
  order: { id: string; number: number; created_at: Date; expires_at: Date; total_minor: number; currency: string; status: OrderStatus };
  event: { id: string; number: number; slug: string; name: string; starts_at: Date };
  places: ClaimedPlace[];
};

type ClaimRow = {
  event_id: string | null;
  event_number: number;
  event_slug: string;
  event_name: string;
  event_starts_at: Date;
  on_sale: boolean;
  order_id: string | null;
  order_number: number;
  order_created_at: Date;
  order_expires_at: Date;
  order_total: number;
  order_currency: string;
  places: ClaimedPlace[] | null;
  known: number;
  offers_open: boolean | null;
  limits_kept: boolean | null;
  unsold: boolean | null;
  /** All named places were free to look at but not all could be had: somebody is at work on their rows this moment. */
  looked_free: boolean;
  waited: boolean | null;
  target_status: OrderStatus | null;
};

/**
 * Claims places for an order in ONE statement and one round trip: lock the wanted free places (SKIP LOCKED, so nobody waits
 * and nothing deadlocks), and only if every one was got write the order, its items, the holds and the outbox row.
 * Two claims of one place cannot both succeed: the row lock decides, and a row changed meanwhile is checked again by Postgres.
 * Named places that were free but locked get a second statement that waits for the lock: often it is not a rival but the worker
 * releasing an ended hold, and who clicks a seat the moment it is shown as free must not be refused for that.
 *
 * @returns the order (pending, hold running) with its event and places.
 * @throws DomainError event_not_found | event_not_on_sale | invalid | places_unavailable | sold_out | limit_exceeded,
 *   and with `into` also order_not_found | order_not_payable | order_expired. Nothing is written then.
 */
export async function claim(db: Kysely<DB> | Transaction<DB>, request: ClaimRequest): Promise<Claim> {
  const placeIds = request.placeIds ?? [];
  const offers = request.offers ?? [];
  if (placeIds.length && offers.length) throw invalidField('offers', 'Name places or offers, not both.');
  const wanted = placeIds.length + offers.reduce((sum, o) => sum + o.quantity, 0);
  if (new Set(placeIds).size !== placeIds.length) throw invalidField('places', 'The same seat is named twice.');
  if (new Set(offers.map((o) => o.offerId)).size !== offers.length) throw invalidField('offers', 'The same offer is named twice.');
  if (wanted > request.maxPlaces)
    throw new DomainError('limit_exceeded', `At most ${request.maxPlaces} places fit into one order.`, { max: request.maxPlaces, wanted });

  let row = await run(db, claimStatement(request, placeIds, offers, wanted));
  if (row.looked_free) row = await run(db, claimStatement(request, placeIds, offers, wanted, 'wait')).catch(lostTheWait(row));
  if (!row.order_id) throw refusal(request, row, wanted);
  return {
    order: {
      id: row.order_id,
      number: row.order_number,
      created_at: row.order_created_at,
      expires_at: row.order_expires_at,
      total_minor: row.order_total,
      currency: row.order_currency,
      status: 'pending',
    },
    event: {
      id: row.event_id!,
      number: row.event_number,
      slug: row.event_slug,
      name: row.event_name,
      starts_at: row.event_starts_at,
    },
    places: row.places ?? [],
  };
}

async function run(db: Kysely<DB> | Transaction<DB>, statement: RawBuilder<ClaimRow>): Promise<ClaimRow> {
  const { rows } = await statement.execute(db);
  return rows[0]!;
}

/** Two who wait for each other's rows are told so by Postgres (40P01); the claim is then refused as it was at first. */
const lostTheWait = (first: ClaimRow) => (err: { code?: string }) => {
  if (err.code === '40P01') return first;
  throw err;
};

/** The claim's SQL. Exported so that the benchmark can put exactly this statement beside pgbench's raw limit. */
export function claimStatement(
  request: ClaimRequest,
  placeIds: string[],
  offers: { offerId: string; quantity: number }[],
  wanted: number,
  locked: 'skip' | 'wait' = 'skip',
): RawBuilder<ClaimRow> {
  const ids = uuids(placeIds);
  const offerIds = uuids(offers.map((o) => o.offerId));
  // While somebody waits for such a place it is not for whoever comes by. Asked once, before any place is looked at or locked.
  const kept = request.forWaiter ? sql`false` : sql`(select waited from event)`;
  const isOpen = sql`not ${kept} and ${request.guard === false ? sql`true` : isFree('p')}`;
  const lock = request.guard === false ? sql`` : locked === 'wait' ? sql`for update of p` : sql`for update of p skip locked`;
  const wished = offers.length
    ? sql`w.offer_id = any(${offerIds})`
    : sql`w.offer_id in (select offer_id from places where id = any(${ids}))`;
  const waits = (wish: RawBuilder<unknown>) =>
    sql`exists (select from waitlist_entries w where w.event_id = events.id and w.status = 'waiting' and ${wish})`;
  const waited = request.forWaiter ? sql`false` : sql`(${waits(sql`w.offer_id is null`)} or ${waits(wished)})`; // two probes of one index
  const columns = sql`p.id, p.offer_id, o.name as offer_name, p.section, p.row_label, p.seat_label, o.price_minor, p.position`;

  // Any n of an offer: from a random position to the end, then from the start for what is missing.
  const byOffer = offers.length
    ? sql`
  asked as materialized (
    select a.offer_id, a.n, floor(random() * o.quantity)::int as start
    from unnest(${offerIds}, array[${sql.join(offers.map((o) => o.quantity))}]::int[]) as a (offer_id, n)
    join offers o on o.id = a.offer_id and o.event_id = ${request.eventId}::uuid
  ),
  tail as materialized (
    select t.* from asked a, lateral (
      select ${columns} from places p join offers o on o.id = p.offer_id
      where p.offer_id = a.offer_id and p.position >= a.start and ${isOpen} and ${isOnSale}
      order by p.position limit a.n ${lock}) t
  ),
  head as materialized (
    select t.* from asked a, lateral (
      select ${columns} from places p join offers o on o.id = p.offer_id
      where p.offer_id = a.offer_id and p.position < a.start and ${isOpen} and ${isOnSale}
      order by p.position limit greatest(0, a.n - (select count(*) from tail where tail.offer_id = a.offer_id)) ${lock}) t
  ),`
    : sql``;
  const named = sql`select ${columns} from places p join offers o on o.id = p.offer_id
    where p.id = any(${ids}) and p.event_id = ${request.eventId}::uuid and ${isOpen} and ${isOnSale}
    order by p.id ${lock}`;

  const order = request.into
    ? sql`
  target as materialized (
    select * from orders where id = ${request.into}::uuid and account_id = ${request.accountId}::uuid and event_id = ${request.eventId}::uuid for update
  ),
  bought as (
    update orders set total_minor = orders.total_minor + ready.total
    from ready, target where orders.id = target.id and target.status = 'pending' and target.expires_at > now()
    returning orders.*
  ),`
    : sql`
  bought as (
    insert into orders (id, event_id, account_id, total_minor, currency, buyer_name, buyer_email, buyer_phone, accepts_equal_place, expires_at)
    select coalesce(${request.orderId ?? null}::uuid, gen_random_uuid()), ready.event_id, ${request.accountId}::uuid, ready.total, ready.currency,
      ${request.buyer?.name ?? null}, ${request.buyer?.email ?? null}, ${request.buyer?.phone ?? null}, ${request.acceptsEqualPlace ?? false},
      now() + make_interval(secs => coalesce(${request.forWaiter ? sql`null` : sql`ready.hold_seconds`}, ${request.holdSeconds}::int))
    from ready returning *
  ),
  boxed as (
    insert into outbox (topic, subject_id, payload, available_at)
    select 'order.created', b.id, jsonb_build_object('number', b.number, 'createdAt', b.created_at, 'event', r.slug, 'owner', b.account_id),
      now() + make_interval(secs => ${START_GRACE_SECONDS})
    from bought b, ready r
  ),`;
  // What a refused claim saw, for its reason; a claim that succeeds does not look.
  const seen = offers.length
    ? sql`select count(*)::int as known, bool_and(${isOnSale}) as offers_open, false as looked_free
    from asked a join offers o on o.id = a.offer_id where b.id is null`
    : sql`select count(*)::int as known, bool_and(${isOnSale}) as offers_open,
      ${locked === 'skip' && request.guard !== false} and count(*) filter (where ${isOpen} and ${isOnSale}) = ${wanted}::int
        and (select count(*) from got) < ${wanted}::int as looked_free
    from places p join offers o on o.id = p.offer_id
    where b.id is null and p.id = any(${ids}) and p.event_id = ${request.eventId}::uuid`;
  const held = request.into ? sql`(select count(*) from order_items i where i.order_id = ${request.into}::uuid)` : sql`0`;

  return sql<ClaimRow>`
with event as materialized (
    select id, number, slug, name, starts_at, currency, hold_seconds, status = 'published' and starts_at > now() as on_sale, ${waited} as waited
    from events where id = ${request.eventId}::uuid
  ),${byOffer}
  got as materialized (${offers.length ? sql`select * from tail union all select * from head` : named}),
  limits as materialized (
    select coalesce(bool_and(n.count >= o.min_per_order and n.count <= coalesce(o.max_per_order, n.count)), true) as kept
    from (select offer_id, count(*) from got group by offer_id) n join offers o on o.id = n.offer_id
  ),
  ready as materialized (
    select e.id as event_id, e.slug, e.currency, e.hold_seconds, w.total
    from event e, limits l, (select count(*) as count, coalesce(sum(price_minor), 0)::bigint as total from got) w
    where e.on_sale and l.kept and w.count = ${wanted}::int and w.count + ${held} <= ${request.maxPlaces}::int
  ),${order}
  holds as (
    update places set order_id = b.id, held_until = b.expires_at from bought b, got where places.id = got.id returning places.id
  ),
  told as (
    insert into place_changes (event_id, place_ids, state, held_until)
    select b.event_id, array(select id from got), 'held', b.expires_at from bought b where exists (select from got)
  ),
  items as (
    insert into order_items (order_id, place_id, offer_id, price_minor) select b.id, g.id, g.offer_id, g.price_minor from bought b, got g
    ${request.into ? sql`on conflict (order_id, place_id) do update set price_minor = excluded.price_minor` : sql``} returning 1
  )
select e.id as event_id, e.number as event_number, e.slug as event_slug, e.name as event_name, e.starts_at as event_starts_at, e.on_sale, e.waited,
  b.id as order_id, b.number as order_number, b.created_at as order_created_at, b.expires_at as order_expires_at,
  b.total_minor as order_total, b.currency as order_currency,
  case when b.id is not null then (select json_agg(g order by g.position) from got g) end as places,
  ${request.into ? sql`(select status from target)` : sql`null::order_status`} as target_status,
  seen.known, seen.offers_open, seen.looked_free,
  case when b.id is null then (select kept from limits) end as limits_kept,
  -- the order by makes it one look into places_unsold per offer instead of a scan of all places
  case when b.id is null then exists (select from offers o cross join lateral
    (select from places p where p.offer_id = o.id and p.sold_at is null order by p.position limit 1) left_over where o.event_id = e.id and o.is_active) end as unsold
from (select) one left join event e on true left join bought b on true, lateral (${seen}) seen`;
}

/** Why a claim was refused, read from what its own statement saw. */
function refusal(request: ClaimRequest, row: ClaimRow, wanted: number): DomainError {
  const named = request.placeIds?.length ?? 0;
  if (!row.event_id) return new DomainError('event_not_found', 'There is no such event.', { eventId: request.eventId });
  if (!row.on_sale) return new DomainError('event_not_on_sale', 'This event is not on sale.', { eventId: request.eventId });
  if (request.into && !row.target_status) return new DomainError('order_not_found', 'There is no such order.', { orderId: request.into });
  if (request.into && row.target_status === 'expired') return new DomainError('order_expired', 'The hold of this order has ended.');
  if (request.into && row.target_status !== 'pending')
    return new DomainError('order_not_payable', `This order is ${row.target_status}: it takes no more places.`);
  if (row.known < (named || (request.offers?.length ?? 0)))
    return new DomainError('invalid', 'Some of these places do not belong to this event.', {
      fields: { [named ? 'places' : 'offers']: 'not all of them belong to this event' },
      wanted,
      known: row.known,
    });
  if (row.offers_open === false) return new DomainError('event_not_on_sale', 'These places are not on sale now.');
  if (row.limits_kept === false) return new DomainError('limit_exceeded', 'The offer has a minimum or a maximum per order.', { wanted });
  if (row.unsold === false) return new DomainError('sold_out', 'This event is sold out.', { eventId: request.eventId });
  if (row.waited)
    return new DomainError('places_unavailable', 'What is free here is being offered to the waitlist: join it to be next.', {
      wanted,
      waitlist: true,
    });
  return new DomainError('places_unavailable', 'Some of these places are no longer available.', { wanted });
}
