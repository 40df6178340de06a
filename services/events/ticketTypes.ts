// Ticket types and what is sold below them: who may make and change them, and the rules that tie them to their event.

import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, EventStatus, PricingType } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';
import * as offers from '../inventory/offers.ts';
import { priceFault } from '../payments/prices.ts';
import type { Providers } from '../payments/provider.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
import { checkManager } from './events.ts';

/** What is sold below a type, by its event's pricing type. Nothing below a simple one. */
export const BELOW = { tiered: 'tier', day_based: 'day', tier_and_day: 'day_tier' } as const satisfies Partial<Record<PricingType, string>>;
export type Below = (typeof BELOW)[keyof typeof BELOW];

/** A price as it was asked for: in minor units of the event's currency, which only the rows know. Throws for one that is none of it. */
export type AskedPrice = (currency: string) => number;

type Facts = offers.OfferFacts;
/** What is asked for; what is left out is as it was, or as usual. `price: null` is none, as a type above others has. */
export type Asked = Partial<Omit<Facts, 'priceMinor'>> & { price?: AskedPrice | null; pricingType?: PricingType };

const USUAL: Facts = {
  name: '',
  description: '',
  priceMinor: 0,
  quantity: 0,
  salesStart: null,
  salesEnd: null,
  minPerOrder: 1,
  maxPerOrder: null,
  isActive: true,
  tierNumber: null,
  tierName: null,
  dayNumber: null,
  dayName: null,
  dayDate: null,
  allDays: false,
  benefits: '',
};

/** More than this is no number of tickets anybody sells; and one request cannot fill the disk. */
const MAX_QUANTITY = 250_000;

type EventRow = {
  id: string;
  organizer_id: string | null;
  currency: string;
  status: EventStatus;
  pricing_type: PricingType;
  is_free: boolean;
  capacity: number;
  starts_at: Date;
  ends_at: Date;
  over: boolean;
  /** Its calendar days at the venue. */
  first_day: string;
  last_day: string;
  time_zone: string;
};

/**
 * Makes a ticket type of an event; returns its id.
 * @throws DomainError event_not_found | forbidden | invalid | event_fixed
 */
export async function createType(
  db: Kysely<DB>,
  of: { eventId: string; by: Manager; providers: Providers },
  asked: Asked,
): Promise<string> {
  return changing(db, async (tx) => {
    const event = await managed(tx, of.eventId, of.by);
    const facts = typeFacts(event, asked, USUAL, of.providers);
    await checkCapacity(tx, event, facts);
    return offers.create(tx, event, event.pricing_type === 'simple' ? 'alone' : { pool: true }, facts);
  });
}

/**
 * Makes a tier, a day pass or a day and tier's price of a ticket type; returns its id.
 * @throws DomainError not_found | forbidden | invalid | event_fixed
 */
export async function createBelow(
  db: Kysely<DB>,
  of: { typeId: string; kind: Below; by: Manager; providers: Providers },
  asked: Asked,
): Promise<string> {
  return changing(db, async (tx) => {
    const type = isUuid(of.typeId) ? await offers.lock(tx, of.typeId) : undefined;
    if (!type || !isOf('type', type)) throw invalidField('ticketType', 'Ticket type not found');
    const event = await managed(tx, type.event_id, of.by);
    checkKind(event, of.kind);
    const facts = await belowFacts(tx, event, of.kind, asked, USUAL, of.providers);
    return offers.create(tx, event, { of: type.id }, facts);
  });
}

/**
 * Changes a ticket type, or what is sold below one (`kind`). A new price is for new orders.
 * @throws DomainError not_found | forbidden | invalid | event_fixed
 */
export async function change(
  db: Kysely<DB>,
  of: { id: string; kind: Below | 'type'; by: Manager; providers: Providers },
  asked: Asked,
): Promise<void> {
  await changing(db, async (tx) => {
    const { offer, event } = await found(tx, of);
    const old = factsOf(offer);
    const facts =
      of.kind === 'type' ? typeFacts(event, asked, old, of.providers) : await belowFacts(tx, event, of.kind, asked, old, of.providers);
    if (offer.seated) checkSeated(old, facts);
    await checkOrdered(tx, offer, old, facts);
    if (of.kind === 'type') await checkCapacity(tx, event, facts, offer.id);
    await offers.change(tx, offer, facts);
  });
}

/**
 * Deletes a ticket type with all below it, or one of those, if nobody ever ordered any of it.
 * @throws DomainError not_found | forbidden | event_fixed
 */
export async function remove(db: Kysely<DB>, of: { id: string; kind: Below | 'type'; by: Manager }): Promise<void> {
  await changing(db, async (tx) => {
    const { offer } = await found(tx, of);
    if (offer.seated) throw planned('offers', 'deleted');
    await offers.remove(tx, offer);
  });
}

const changing = <T>(db: Kysely<DB>, work: (tx: Transaction<DB>) => Promise<T>): Promise<T> =>
  despiteDeadlocks(() => db.transaction().execute(work));

/** The event, for its organizer or an admin; locked against changes of itself, for its days and capacity decide here. */
async function managed(tx: Transaction<DB>, id: string, by: Manager): Promise<EventRow> {
  const zone = sql`coalesce(v.time_zone, 'UTC')`;
  const { rows } = await sql<EventRow>`
    select e.id, e.organizer_id, e.currency, e.status, e.pricing_type, e.is_free, e.capacity, e.starts_at, e.ends_at, e.ends_at <= now() as over,
      (e.starts_at at time zone ${zone})::date::text as first_day, (e.ends_at at time zone ${zone})::date::text as last_day, ${zone} as time_zone
    from events e left join venues v on v.id = e.venue_id where e.id = ${isUuid(id) ? id : null}::uuid for share of e`.execute(tx);
  const event = rows[0];
  if (!event) throw new DomainError('event_not_found', 'Event does not exist.', { eventId: id });
  checkManager(event, by);
  const because = event.status === 'cancelled' ? 'cancelled' : event.over ? 'over' : undefined;
  if (because) throw new DomainError('event_fixed', `The event is ${because}: what it sells changes no more.`, { fields: {}, because });
  return event;
}

async function found(tx: Transaction<DB>, of: { id: string; kind: Below | 'type'; by: Manager }) {
  const offer = isUuid(of.id) ? await offers.lock(tx, of.id) : undefined;
  if (!offer || !isOf(of.kind, offer)) throw new DomainError('not_found', NONE[of.kind], { what: of.kind });
  return { offer, event: await managed(tx, offer.event_id, of.by) };
}

export const NONE: Record<Below | 'type', string> = {
  type: 'Ticket type not found',
  tier: 'Ticket tier not found',
  day: 'Day pass not found',
  day_tier: 'Day and tier price not found',
};

/** Whether an offer is what this kind's address is for. */
function isOf(kind: Below | 'type', offer: offers.OfferRow): boolean {
  const isDay = offer.day_number !== null || offer.all_days;
  if (kind === 'type') return offer.pool_id === null && !(offer.details as { withdrawn?: boolean }).withdrawn;
  if (!offer.pool_id || !offer.capped) return false;
  if (kind === 'day_tier') return isDay && offer.tier_number !== null;
  return kind === 'tier' ? !isDay && offer.tier_number !== null : isDay && offer.tier_number === null;
}

const factsOf = (o: offers.OfferRow): Facts => ({
  name: o.name,
  description: o.description,
  priceMinor: o.price_minor,
  quantity: o.total ?? o.quantity,
  salesStart: o.sales_start,
  salesEnd: o.sales_end,
  minPerOrder: o.min_per_order,
  maxPerOrder: o.max_per_order,
  isActive: o.is_active,
  tierNumber: o.tier_number,
  tierName: o.tier_name,
  dayNumber: o.day_number,
  dayName: o.day_name,
  dayDate: o.day_date,
  allDays: o.all_days,
  benefits: (o.details as { benefits?: string }).benefits ?? '',
});

/** What was asked for over what there was; `undefined` asks for nothing. */
function over(old: Facts, { price, pricingType: _, ...asked }: Asked, currency: string): Facts {
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { ...old, ...given, ...(price && { priceMinor: price(currency) }) };
}

function typeFacts(event: EventRow, asked: Asked, old: Facts, providers: Providers): Facts {
  if (asked.pricingType && asked.pricingType !== event.pricing_type)
    throw invalidField('pricingType', `The event is sold as ${event.pricing_type}: its ticket types are too.`);
  const simple = event.pricing_type === 'simple';
  if (!simple && asked.price) throw invalidField('price', `A ${event.pricing_type} type has no price of its own: what is below it has.`);
  if (simple && (asked.price === null || (asked.price === undefined && old === USUAL)))
    throw invalidField('price', 'A ticket type of simple pricing needs a price.');
  const facts = over(old, asked, event.currency);
  checkShared(event, facts, 'total', providers);
  return facts;
}

async function belowFacts(
  tx: Transaction<DB>,
  event: EventRow,
  kind: Below,
  asked: Asked,
  old: Facts,
  providers: Providers,
): Promise<Facts> {
  const facts = over(old, asked, event.currency);
  if (kind !== 'tier') await checkDay(tx, event, facts, old, asked);
  if (kind === 'day_tier' && facts.allDays) throw invalidField('day', 'A price by day and tier is of one day.');
  if (kind !== 'day' && facts.tierNumber === null) throw invalidField('tier', 'It needs the number of its tier.');
  if (old === USUAL && !asked.price) throw invalidField('price', 'It needs a price.');
  // What a list of seats or a ticket calls it.
  if (kind === 'day_tier') facts.name = [facts.dayName, facts.tierName].filter(Boolean).join(' ');
  checkShared(event, facts, 'quantity', providers);
  return facts;
}

function checkKind(event: EventRow, kind: Below): void {
  const needed = (Object.keys(BELOW) as (keyof typeof BELOW)[]).find((type) => BELOW[type] === kind)!;
  if (event.pricing_type !== needed)
    throw invalidField('pricingType', `This is for ticket types with pricing_type "${needed}"; this one is "${event.pricing_type}".`);
}

/** A pass for all days has no day; any other is of one of the event's calendar days at the venue, and sells until that day is over there. */
async function checkDay(tx: Transaction<DB>, event: EventRow, facts: Facts, old: Facts, asked: Asked): Promise<void> {
  if (facts.allDays) {
    if (facts.dayNumber !== null || facts.dayDate !== null) throw invalidField('day', 'A pass for all days has neither a day nor a date.');
    return;
  }
  if (facts.dayNumber === null) throw invalidField('day', 'It needs the number of its day, or is for all days.');
  if (facts.dayDate === null) throw invalidField('dayDate', 'It needs the date of its day.');
  if (facts.dayDate < event.first_day || facts.dayDate > event.last_day)
    throw invalidField('dayDate', `The event is from ${event.first_day} to ${event.last_day} (${event.time_zone}).`);

  if (asked.salesEnd !== undefined && asked.salesEnd !== null) return;
  const wasUsual = old === USUAL || old.salesEnd === null || old.salesEnd.getTime() === (await dayEnd(tx, event, old.dayDate))?.getTime();
  if (wasUsual || asked.salesEnd === null) facts.salesEnd = await dayEnd(tx, event, facts.dayDate);
}

/** When a calendar day at the venue is over, or the event before that. */
async function dayEnd(tx: Transaction<DB>, event: EventRow, date: string | null): Promise<Date | null> {
  if (!date) return null;
  const { rows } = await sql<{ at: Date }>`
    select least(${event.ends_at}::timestamptz, (${date}::date + 1)::timestamp at time zone ${event.time_zone}::text) as at`.execute(tx);
  return rows[0]!.at;
}

function checkShared(event: EventRow, facts: Facts, quantity: 'quantity' | 'total', providers: Providers): void {
  if (facts.quantity < 1 || facts.quantity > MAX_QUANTITY) throw invalidField(quantity, `It is from 1 to ${MAX_QUANTITY}.`);
  const fault = priceFault(providers, facts.priceMinor, event.currency);
  if (fault) throw invalidField('price', fault);
  if (event.is_free && facts.priceMinor > 0) throw invalidField('price', 'The event is free: nothing of it has a price.');
  if (facts.salesStart && facts.salesEnd && facts.salesEnd <= facts.salesStart)
    throw invalidField('salesEnd', 'The sale must end after it begins.');
  if (facts.salesEnd && facts.salesEnd > event.ends_at) throw invalidField('salesEnd', 'Nothing is sold once the event is over.');
  if (facts.maxPerOrder !== null && facts.maxPerOrder < facts.minPerOrder)
    throw invalidField('maxPerOrder', 'The most that may be bought at once is less than the least.');
}

/** More tickets than people the event has room for would be sold to nobody's joy. */
async function checkCapacity(tx: Transaction<DB>, event: EventRow, facts: Facts, own?: string): Promise<void> {
  if (!facts.isActive) return;
  // Two types made at once each would see only the others.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`offers/${event.id}`}, 0))`.execute(tx);
  const others = await offers.offered(tx, event.id, own);
  if (others + facts.quantity > event.capacity)
    throw invalidField('total', `The event has room for ${event.capacity}, and ${others} are in other ticket types.`);
}

/** A section of numbered seats is the seat plan's: a count would make places without a number, or take seats out of the middle of rows. */
function checkSeated(old: Facts, facts: Facts): void {
  if (facts.quantity !== old.quantity) throw planned('total', 'resized');
  if (facts.name !== old.name) throw planned('name', 'renamed');
}

function planned(field: 'total' | 'name' | 'offers', what: string): DomainError {
  const message = `Its seats are numbered: it is ${what} by changing the seat plan of the event.`;
  return new DomainError('event_fixed', message, { fields: { [field]: message }, because: 'planned' });
}

/** What says which day or tier was bought cannot change once somebody bought it. */
async function checkOrdered(tx: Transaction<DB>, offer: offers.OfferRow, old: Facts, facts: Facts): Promise<void> {
  const FIXED = { tierNumber: 'tier', dayNumber: 'day', dayDate: 'dayDate', allDays: 'day' } as const;
  const changed = (Object.keys(FIXED) as (keyof typeof FIXED)[]).find((key) => facts[key] !== old[key]);
  if (!changed) return;
  const { rows } = await sql<{ orders: number }>`
    select count(distinct order_id)::int as orders from order_items where offer_id = ${offer.id}::uuid`.execute(tx);
  const { orders } = rows[0]!;
  if (!orders) return;
  const message = `There have been ${orders} order(s) of it: its ${changed.startsWith('tier') ? 'tier' : 'day'} can no longer be changed.`;
  throw new DomainError('event_fixed', message, { fields: { [FIXED[changed]]: message }, because: 'ordered', orders });
}
