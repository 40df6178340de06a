// Changing an event: what may still change once it is on sale, sold or begun, and which changes its holders are told.
//
//   name, description   always
//   everything else     until the event is over; never once it is cancelled, which is for good
//   start, venue        until it begins; the new start lies ahead; every holder is told (a notice)
//   hold_seconds        until it begins; holds that run keep their time
//   seats, prices       until it begins; sold and held seats stay where they are, and cost what they cost
//   capacity            never below what is for sale, nor below what is sold
//   currency, draft     until the first booking
//   cancelled           until it is over, also after it began: every booking is cancelled and refunded (a notice)

import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, EventStatus, PricingType } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';
import { offered } from '../inventory/offers.ts';
import * as places from '../inventory/places.ts';
import { changeCurrency, replan } from '../inventory/seatPlans.ts';
import type { Section } from '../inventory/seats.ts';
import { isPlaced } from '../orders/placed.ts';
import { shortenHolds } from '../orders/shorten.ts';
import { priceFault } from '../payments/prices.ts';
import type { Providers } from '../payments/provider.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError, type Field, invalidField, type RefusalDetails } from '../shared/errors.ts';
import { forgetPdfs } from '../tickets/ticketFiles.ts';
import { wishForAny } from '../waitlist/waitlist.ts';
import { checkPrices, checkVenue, countSeats } from './eventCreation.ts';
import { type EventFacts, writeFacts } from './eventFacts.ts';
import * as notices from './eventNotices.ts';
import { checkManager, named } from './events.ts';
import { changed as changedVenue, dropUnused, type VenueFacts } from './eventVenues.ts';

export type EventChanges = {
  name?: string;
  description?: string;
  venueId?: string;
  startsAt?: Date;
  endsAt?: Date;
  capacity?: number;
  currency?: string;
  /** null: as each API is configured. */
  holdSeconds?: number | null;
  status?: EventStatus;
  /** The whole plan, as it is to be; prices in minor units of the event's currency, which only the rows know. */
  sections?: (currency: string) => Section[];
  /** Told to the holders with a notice. */
  reason?: string;
  /** Where it is, for an event whose venue is written down with it. */
  venue?: Partial<VenueFacts>;
  facts?: Partial<EventFacts>;
};

type Row = {
  id: string;
  organizer_id: string | null;
  venue_id: string | null;
  venue: string | null;
  time_zone: string | null;
  name: string;
  description: string;
  starts_at: Date;
  ends_at: Date;
  capacity: number;
  currency: string;
  hold_seconds: number | null;
  status: EventStatus;
  pricing_type: PricingType;
  is_free: boolean;
  external: boolean;
  begun: boolean;
  over: boolean;
};

type ChangeRequest = { event: string; by: Manager; changes: EventChanges; providers: Providers };

/**
 * Changes an event in one transaction, all of it or nothing; what is not given stays as it is. Only its organizer and admins may.
 * A repeated call changes nothing more and tells nobody twice.
 * @returns the event's id
 * @throws DomainError event_not_found | forbidden | invalid | event_fixed (details.fields says which change is refused and why)
 */
export async function update(db: Kysely<DB>, request: ChangeRequest): Promise<string> {
  // Two changes, or a change and a sale, may lock the same rows in different orders.
  return despiteDeadlocks(() => db.transaction().execute((tx) => change(tx, request)));
}

async function change(tx: Transaction<DB>, { event, by, changes, providers }: ChangeRequest): Promise<string> {
  const old = await lock(tx, event);
  checkManager(old, by);
  const next = merged(old, changes);
  if (old.status === 'cancelled' && (changes.facts || changes.venue)) throw cancelled('status');
  if (changes.venue) next.venue_id = await changedVenue(tx, old, changes.venue);
  const changed = (Object.keys(FIELD) as (keyof typeof FIELD)[]).filter((key) => String(next[key]) !== String(old[key]));
  const sections = changes.sections?.(next.currency);

  checkMoment(old, changed, sections !== undefined, next.capacity !== old.capacity);
  if (changed.includes('venue_id')) await checkVenue(tx, next.venue_id);
  if (changes.facts) await writeFacts(tx, { id: old.id, currency: next.currency }, changes.facts, providers);
  if (next.ends_at <= next.starts_at) throw invalidField('endsAt', 'The event must end after it starts.');
  if (changed.includes('starts_at') && next.starts_at <= new Date()) throw invalidField('startsAt', 'The new start must lie ahead.');
  if (changed.includes('currency') || (changed.includes('status') && next.status === 'draft')) await checkUnbooked(tx, old.id, changed);
  if (sections) {
    checkPlannable(old, sections, changes.facts?.isFree ?? old.is_free);
    checkPrices(providers, next.currency, sections);
    const seats = countSeats(sections);
    if (changes.capacity === undefined) next.capacity = Math.max(old.capacity, seats);
    await wishForAny(tx, await replan(tx, { id: old.id, currency: next.currency }, sections));
  }
  if (next.capacity !== old.capacity || sections) await checkCapacity(tx, old.id, next.capacity);
  if (!changed.length && next.capacity === old.capacity && !sections) return old.id;

  await sql`update events set name = ${next.name}, description = ${next.description}, venue_id = ${next.venue_id}::uuid, starts_at = ${next.starts_at},
      ends_at = ${next.ends_at}, capacity = ${next.capacity}, currency = ${next.currency}, hold_seconds = ${next.hold_seconds},
      status = ${next.status}::event_status, published_at = case when ${next.status} = 'published' then coalesce(published_at, now()) else published_at end,
      updated_at = now() where id = ${old.id}::uuid`.execute(tx);
  if (next.venue_id !== old.venue_id) await dropUnused(tx, old.venue_id);
  if (changed.includes('starts_at')) await shortenHolds(tx, old.id);
  if (changed.includes('currency')) {
    if (!sections) await checkKeptPrices(tx, providers, old.id, next.currency);
    await changeCurrency(tx, old.id, next.currency);
  }
  if (changed.some((key) => ON_TICKETS.has(key))) await forgetPdfs(tx, old.id);
  if (sections) await places.callWaitlist(tx, old.id); // more seats, or other ones, may fit somebody who waits
  await tell(tx, old, next, changed, by.accountId, changes.reason ?? '');
  return old.id;
}

/** What can be compared, and what a refusal calls it. */
const FIELD = {
  name: 'name',
  description: 'description',
  venue_id: 'venueId',
  starts_at: 'startsAt',
  ends_at: 'endsAt',
  currency: 'currency',
  hold_seconds: 'holdSeconds',
  status: 'status',
} as const satisfies Partial<Record<keyof Row, Field>>;
const UNTIL_BEGUN = new Set<string>(['venue_id', 'starts_at', 'currency', 'hold_seconds']);
/** Printed on the tickets. */
const ON_TICKETS = new Set<string>(['name', 'venue_id', 'starts_at']);

type Fixed = RefusalDetails['event_fixed'];

const fixed = (because: Fixed['because'], field: Field, message: string, facts: Omit<Fixed, 'fields' | 'because'> = {}) =>
  new DomainError('event_fixed', message, { fields: { [field]: message }, because, ...facts });

const cancelled = (field: Field) => fixed('cancelled', field, 'The event is cancelled, and nothing of it changes any more.');

/** Locks the event against other changes; sales of it go on. */
async function lock(tx: Transaction<DB>, idOrSlug: string): Promise<Row> {
  const { rows } = await sql<Row>`
    select e.id, e.organizer_id, e.venue_id, v.name as venue, v.time_zone, e.name, e.description, e.starts_at, e.ends_at,
      e.capacity, e.currency, e.hold_seconds, e.status, e.pricing_type, e.is_free, e.external, e.starts_at <= now() as begun, e.ends_at <= now() as over
    from events e left join venues v on v.id = e.venue_id where ${named(idOrSlug)} for no key update of e`.execute(tx);
  if (!rows[0]) throw new DomainError('event_not_found', 'Event does not exist.', { eventId: idOrSlug });
  return rows[0];
}

function merged(old: Row, c: EventChanges): Row {
  return {
    ...old,
    name: c.name ?? old.name,
    description: c.description ?? old.description,
    venue_id: c.venueId?.toLowerCase() ?? old.venue_id,
    starts_at: c.startsAt ?? old.starts_at,
    ends_at: c.endsAt ?? old.ends_at,
    capacity: c.capacity ?? old.capacity,
    currency: c.currency ?? old.currency,
    hold_seconds: c.holdSeconds === undefined ? old.hold_seconds : c.holdSeconds,
    status: c.status ?? old.status,
  };
}

/** Refuses what can no longer change because the event has begun, is over or is cancelled. Throws event_fixed. */
function checkMoment(old: Row, changed: (keyof typeof FIELD)[], seats: boolean, capacity: boolean): void {
  const more: Field[] = [...(seats ? ['seatPlan' as const] : []), ...(capacity ? ['capacity' as const] : [])];
  const wanted = [...changed.map((key) => FIELD[key]), ...more];
  const first = (forbidden: (field: Field) => boolean) => wanted.find(forbidden);
  if (old.status === 'cancelled') {
    const field = first(() => true);
    if (field) throw cancelled(field);
  }
  if (old.over) {
    const field = first((f) => f !== 'name' && f !== 'description');
    if (field) throw fixed('over', field, 'The event is over; only its name and description can be changed.');
  }
  if (old.begun) {
    const key = changed.find((k) => UNTIL_BEGUN.has(k));
    const field = key ? FIELD[key] : seats ? 'seatPlan' : undefined;
    if (field) throw fixed('begun', field, 'The event has begun: this can no longer be changed.');
  }
}

async function checkUnbooked(tx: Transaction<DB>, eventId: string, changed: (keyof typeof FIELD)[]): Promise<void> {
  // Money that ever came, or may still come, is in the old currency; and holders of tickets could not see a draft.
  const { rows } = await sql<{ orders: number; waited: boolean }>`
    select count(*) filter (where ${isPlaced})::int as orders, count(*) > 0 as waited from orders o where event_id = ${eventId}::uuid`.execute(
    tx,
  );
  const { orders, waited } = rows[0]!;
  const field = changed.includes('currency') ? 'currency' : 'status';
  if (waited) throw fixed('ordered', field, `There have been ${orders} order(s): the ${field} can no longer be changed so.`, { orders });
}

/** Numbered seats are sold one by one at their section's price: beside tiers or days nobody could say what they are of. */
function checkPlannable(event: Row, sections: Section[], free: boolean): void {
  if (event.external) throw fixed('planned', 'seatPlan', 'The places of this event are its provider’s: they come and go with his.');
  if (event.pricing_type !== 'simple')
    throw fixed('planned', 'seatPlan', `The event is sold as ${event.pricing_type}: it has ticket types instead of numbered seats.`);
  if (free && sections.some((s) => s.priceMinor > 0)) throw invalidField('sections', 'The event is free: nothing of it has a price.');
}

/** Prices stay as numbers when the currency changes. Throws invalid for the first that could not be paid then. */
async function checkKeptPrices(tx: Transaction<DB>, providers: Providers, eventId: string, currency: string): Promise<void> {
  const offers = await tx
    .selectFrom('offers')
    .select('price_minor')
    .where('event_id', '=', eventId)
    .where('is_active', '=', true)
    .execute();
  const fault = offers.map((offer) => priceFault(providers, offer.price_minor, currency)).find(Boolean);
  if (fault) throw invalidField('currency', fault);
}

async function checkCapacity(tx: Transaction<DB>, eventId: string, capacity: number): Promise<void> {
  const { rows } = await sql<{ sold: number }>`select count(*)::int as sold
    from places p join offers o on o.id = p.offer_id where p.event_id = ${eventId}::uuid and o.is_active and p.sold_at is not null`.execute(
    tx,
  );
  const { sold } = rows[0]!;
  // Not the places: a type above tiers has only as many of them as its tiers come to so far.
  const planned = await offered(tx, eventId);
  if (capacity < sold) throw fixed('sold', 'capacity', `${sold} seats are sold already: the capacity cannot be less.`, { sold, planned });
  if (capacity < planned)
    throw fixed('planned', 'capacity', `${planned} places are for sale: a smaller capacity needs fewer of them first.`, { sold, planned });
}

/** A cancelled event is always announced (open bookings end too); a moved one if anybody holds a ticket. */
async function tell(tx: Transaction<DB>, old: Row, next: Row, changed: string[], madeBy: string, reason: string): Promise<void> {
  const of = { eventId: old.id, reason, madeBy };
  if (changed.includes('status') && next.status === 'cancelled') return notices.give(tx, { ...of, kind: 'cancelled', data: {} });
  if (next.status !== 'published' || !(changed.includes('starts_at') || changed.includes('venue_id'))) return;
  const venue =
    next.venue_id && (await tx.selectFrom('venues').select(['name', 'time_zone']).where('id', '=', next.venue_id).executeTakeFirst());
  await notices.give(tx, {
    ...of,
    kind: 'moved',
    data: {
      before: { starts_at: old.starts_at.toISOString(), venue: old.venue, time_zone: old.time_zone },
      after: { starts_at: next.starts_at.toISOString(), venue: venue ? venue.name : null, time_zone: venue ? venue.time_zone : null },
    },
  });
}
