// Serving a waitlist: free places are offered to the first entry that fits, as a real hold with a deadline; a participant, who pays nothing
// here, has the place at once. One short transaction each.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isFree, isOnSale, isPassedOver, stockOf } from '../inventory/places.ts';
import { claim, type Want } from '../orders/claim/claim.ts';
import { tell as tellParticipants } from '../orders/participants.ts';
import type { PlacedOrder } from '../orders/placed.ts';
import { confirmPlaced } from '../orders/settlement.ts';
import * as waiting from '../orders/waiting.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import * as texts from '../outbox/texts.ts';
import { type MostAtOnce, mostIn } from '../payments/prices.ts';
import { DomainError, isRefusal } from '../shared/errors.ts';
import { shortName } from '../shared/text.ts';
import { localTime } from '../shared/time.ts';
import type { TicketKeys } from '../tickets/keys.ts';

export type OfferTerms = {
  /** How long an offer stands within `nearHours` of the event, and before that. */
  nearSeconds: number;
  farSeconds: number;
  nearHours: number;
  /** Where the order of an offer is paid. */
  payUrl(orderId: string): string;
  /** What signs the tickets of participants, who are not offered a place but have it at once. */
  ticketKeys: TicketKeys;
  /** What can be paid at once: nobody is offered what comes to more. Left out: no limit. */
  mostAtOnce?: MostAtOnce;
};

/** What a round did and when the next is due. `waitMs` null: nobody waits, so there is no next round. */
export type Round = { event: string; offered: number; waiting: number; waitMs: number | null };

/** At most so many offers in one round, so that a round stays well under a second or two and its caller may report. */
const ROUND = 50;
/** How often a round tries again at once when a place is just being released. */
const TRIES = 5;
const PAUSE_MS = 20;
/** A hold's workflow asks the provider once more before it ends the hold (up to 10 s). A round comes after that. */
const GRACE_SECONDS = 12;
/** While somebody waits there is a round this often, because nothing announces that a tier is put on sale or seats are added. */
const BEAT_SECONDS = 60;

/** One round for one event: ends waiting in vain, then makes offers until nobody fits any more. Safe to repeat and to run twice at once. */
export async function serve(db: Kysely<DB>, eventId: string, terms: OfferTerms): Promise<Round> {
  await endWaits(db, eventId);
  const passed: string[] = [];
  let offered = 0;
  let busy = 0;
  while (offered < ROUND && busy < TRIES) {
    const step = await db
      .transaction()
      .execute((tx) => offerNext(tx, eventId, terms, passed))
      .catch(cancelledMeanwhile);
    if (step === 'nobody') break;
    if (step === 'busy') {
      busy++;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } else if (step === 'offered') {
      offered++;
      busy = 0;
    } else passed.push(step.passed);
  }
  const next = await nextLook(db, eventId);
  const due = next.waitMs === null ? null : offered === ROUND ? 0 : busy === TRIES ? Math.min(500, next.waitMs) : next.waitMs;
  return { ...next, offered, waitMs: due };
}

/** Nothing was written then, and nobody is offered anything of it any more. */
function cancelledMeanwhile(error: unknown): Step {
  if (isRefusal(error, 'event_cancelled')) return 'nobody';
  throw error;
}

type Waited = {
  order_id: string;
  for_participant: boolean;
  notify_email: boolean;
  notify_sms: boolean;
  cancelled: boolean;
  event: string;
  starts_at: Date;
  time_zone: string | null;
  reason: string | null;
  email: string;
  full_name: string;
  phone: string | null;
};

/** Ends all waiting for an event that has begun or is cancelled. Of a cancelling, those who waited are told by mail or text as they wished. */
async function endWaits(db: Kysely<DB>, eventId: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { rows } = await sql<Waited>`update waitlist_entries w set in_line = false from events e, accounts a
      where w.event_id = ${eventId}::uuid and w.in_line and e.id = w.event_id and a.id = w.account_id
        and (e.status = 'cancelled' or e.starts_at <= now())
      returning w.order_id, w.for_participant, w.notify_email, w.notify_sms, e.status = 'cancelled' as cancelled, e.name as event, e.starts_at, a.email, a.full_name, a.phone,
        (select time_zone from venues v where v.id = e.venue_id),
        (select reason from event_notices n where n.event_id = e.id and n.kind = 'cancelled' order by number desc limit 1) as reason`.execute(
      tx,
    );
    if (!rows[0]) return;
    const why = rows[0].cancelled ? 'the event is cancelled' : 'the event has begun';
    await waiting.end(
      tx,
      rows.map((row) => row.order_id),
      'expired',
      why,
    );

    await tellParticipants(
      tx,
      'registration.cancelled',
      rows.filter((row) => row.for_participant).map((row) => row.order_id),
    );
    const told = rows.filter((row) => row.cancelled);
    const mail = ({ email, full_name: name, event, starts_at: startsAt, time_zone: timeZone, reason }: Waited) => ({
      to: email,
      data: { name, event, startsAt, timeZone, reason: reason ?? '' },
    });
    const text = ({ phone, event }: Waited) => ({
      phone,
      order: null,
      body: `${shortName(event)} is cancelled, and its waitlist is closed.`,
    });
    await mails.enqueueTo(tx, 'waitlist-cancelled', told.filter((row) => row.notify_email).map(mail));
    await texts.enqueueTo(tx, 'waitlist-cancelled', told.filter((row) => row.notify_sms).map(text));
  });
}

type Entry = {
  id: string;
  order_id: string;
  account_id: string;
  for_participant: boolean;
  quantity: number;
  offer_id: string | null;
  notify_email: boolean;
  notify_sms: boolean;
  seconds: number;
  time_zone: string | null;
};
type Step = 'offered' | 'nobody' | 'busy' | { passed: string };

/** Makes one offer, to the first in line whose group fits. Rounds of one event take turns here, so that no two offer the same places. */
async function offerNext(tx: Transaction<DB>, eventId: string, terms: OfferTerms, passed: string[]): Promise<Step> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`waitlist/${eventId}`}, 0))`.execute(tx);
  const entry = await firstThatFits(tx, eventId, terms, passed);
  if (!entry) return 'nobody';
  const want = await wanted(tx, eventId, entry, terms);
  if (!want) return 'busy';
  let order: PlacedOrder;
  try {
    order = await claim(tx, {
      actor: { kind: 'account', id: entry.account_id, role: 'user' },
      eventId,
      want,
      into: entry.order_id,
      terms: {
        ...{ holdSeconds: entry.seconds, maxPlaces: entry.quantity, forWaiter: true },
        ...(entry.for_participant ? { complimentary: true } : { mostAtOnce: terms.mostAtOnce }),
      },
    });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === 'limit_exceeded') return { passed: entry.id }; // free in several tiers, none of which sells so few, or too dear to be paid at once
    if (error.code === 'blocked') return { passed: entry.id }; // in this very moment
    if (isRefusal(error, 'event_not_on_sale', 'event_over', 'event_cancelled', 'event_not_found')) return 'nobody';
    return 'busy'; // somebody has one of them in hand: late money takes it, or a hold that is just ending
  }
  await sql`update waitlist_entries set in_line = false, offered_at = now() where id = ${entry.id}::uuid`.execute(tx);
  if (!entry.for_participant) await tell(tx, entry, order, terms.payUrl(order.id));
  else {
    await confirmPlaced(tx, order.id, terms.ticketKeys);
    await tellParticipants(tx, 'registration.created', [order.id]);
  }
  return 'offered';
}

/** What the entry's claim asks for. A participant's wish may be an offer of a pool, whose places are dealt out by the claim. */
async function wanted(tx: Transaction<DB>, eventId: string, entry: Entry, terms: OfferTerms): Promise<Want | undefined> {
  if (entry.for_participant && entry.offer_id) return { offers: [{ offerId: entry.offer_id, quantity: entry.quantity }] };
  const places = await placesFor(tx, eventId, entry, terms);
  return places.length < entry.quantity ? undefined : { places };
}

const startOf = (eventId: string) => sql`(select starts_at from events where id = ${eventId}::uuid)`;

/** How many places or slots of an offer are free, not counted past what the largest group wants. */
const countFree = (table: 'places' | 'slots', offerId: RawBuilder<unknown>, eventId: string) => sql`(select count(*)::int from (
        select from ${sql.table(table)} p where p.offer_id = ${offerId} and ${isFree('p')} order by p.position
        limit (select max(quantity) from waitlist_entries where event_id = ${eventId}::uuid and in_line)) f)`;

async function firstThatFits(tx: Transaction<DB>, eventId: string, terms: OfferTerms, passed: string[]): Promise<Entry | undefined> {
  const { rows } = await sql<Entry>`
    with stock as materialized ( -- what is of a pool counts for those who wish for it alone: the pool's places are nobody else's
      select o.id, o.pool_id, least(${countFree('places', stockOf('o'), eventId)}, case when o.capped then ${countFree('slots', sql`o.id`, eventId)} end) as free
      from offers o where o.event_id = ${eventId}::uuid and ${isOnSale(startOf(eventId))})
    select w.id, w.account_id, w.quantity, w.offer_id, w.notify_email, w.notify_sms, w.order_id, w.for_participant,
      (select time_zone from venues v where v.id = e.venue_id),
      greatest(1, least(extract(epoch from e.starts_at - now()), case when e.starts_at <= now() + make_interval(hours => ${terms.nearHours}::int)
        then ${terms.nearSeconds}::int else ${terms.farSeconds}::int end))::int as seconds
    from waitlist_entries w join events e on e.id = w.event_id
    where w.event_id = ${eventId}::uuid and w.in_line and w.id <> all(${passed}::uuid[]) and not ${isPassedOver}
      and w.quantity <= (select coalesce(sum(s.free), 0) from stock s where case when w.offer_id is null then s.pool_id is null else s.id = w.offer_id end)
    order by w.seq limit 1 for update of w`.execute(tx);
  return rows[0];
}

/** Of each tier so many free places are searched for neighbours: a stadium may have 90,000. */
const LOOKED_AT = 500;

/** Free places for the group: of one tier, standing closest together, if any tier has enough; else over several, in their order. */
async function placesFor(
  tx: Transaction<DB>,
  eventId: string,
  { offer_id, quantity: n }: Entry,
  { mostAtOnce }: OfferTerms,
): Promise<string[]> {
  const payable = mostAtOnce ? sql`o.price_minor * ${n}::bigint <= ${mostIn(mostAtOnce, 'o.currency')}` : sql`true`;
  const { rows } = await sql<{ id: string }>`
    with free as materialized (
      select p.id, p.offer_id, o.number, p.position, ${n}::int between o.min_per_order and coalesce(o.max_per_order, ${n}) and ${payable} as sold_so,
        row_number() over line as at, lead(p.position, ${n - 1}::int) over line - p.position as spread
      from offers o cross join lateral (
        select id, offer_id, position from places p where p.offer_id = o.id and ${isFree('p')} order by p.position limit ${LOOKED_AT}) p
      where o.event_id = ${eventId}::uuid and (${offer_id}::uuid is null or o.id = ${offer_id}::uuid) and ${isOnSale(startOf(eventId))}
      window line as (partition by p.offer_id order by p.position)),
    best as (select offer_id, at from free where spread is not null and sold_so order by spread, number, at limit 1)
    select f.id from free f left join best b on true
    where b.at is null or (f.offer_id = b.offer_id and f.at between b.at and b.at + ${n - 1})
    order by f.number, f.position limit ${n}`.execute(tx);
  return rows.map((r) => r.id);
}

/** Writes the mail and the text that the person wished for, in the offer's own transaction. */
async function tell(tx: Transaction<DB>, entry: Entry, order: PlacedOrder, link: string): Promise<void> {
  const until = order.expires_at!.toISOString();
  if (entry.notify_email) {
    await mails.enqueue(tx, 'waitlist-offer', order.id, { link, until });
    await outbox.orderChanged(tx, order.id);
  }
  if (entry.notify_sms) {
    const what = entry.quantity === 1 ? 'A place' : `${entry.quantity} places`;
    const body = `${what} for ${shortName(order.event.name)} held for you until ${localTime(until, entry.time_zone)}. Pay: ${link}`;
    await texts.enqueue(tx, 'waitlist-offer', order.id, body);
  }
}

/** When the next round is due while somebody waits: at the next end of a hold (an open offer is one), at the event's start, and at least every minute. */
async function nextLook(db: Kysely<DB>, eventId: string): Promise<Omit<Round, 'offered'>> {
  const { rows } = await sql<Omit<Round, 'offered'>>`
    with line as materialized (
      select count(*)::int as waiting from waitlist_entries where event_id = ${eventId}::uuid and in_line),
    held as (
      select min(p.held_until) as ends from offers o join places p on p.offer_id = o.id and p.sold_at is null
      where o.event_id = ${eventId}::uuid and p.held_until > now())
    select e.slug::text as event, line.waiting, case when line.waiting > 0 then ceil(1000 * greatest(0.1, extract(epoch from
        least(held.ends + grace, e.starts_at, now() + make_interval(secs => ${BEAT_SECONDS})) - now())))::int end as "waitMs"
    from events e, line, held, make_interval(secs => ${GRACE_SECONDS}) as grace where e.id = ${eventId}::uuid`.execute(db);
  return rows[0] ?? { event: '', waiting: 0, waitMs: null };
}
