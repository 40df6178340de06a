// What an order is to have, as people name it: a ticket type, and of it a tier, a day or a day's tier, as its event is sold. Here it becomes offers.
import { type Kysely, sql } from 'kysely';
import type { DB, EventStatus, PricingType } from '../../db/tables.ts';
import { fullName, offerKind } from '../inventory/offerNames.ts';
import { DomainError, type Fields, invalidField } from '../shared/errors.ts';
import { uuids } from '../shared/ids.ts';
import type { OrderedPlace } from './view.ts';

/** One item as it is asked for. Which of the three ids it needs beside the type's follows from how its event is sold. */
export type ItemWanted = { type: string; tier?: string; dayPass?: string; dayTier?: string; quantity: number };

/** So many of an offer. `name` is the offer's whole name. */
export type OfferWanted = { offerId: string; name: string; quantity: number };

type Part = 'tier' | 'dayPass' | 'dayTier';

/** How each pricing type names what it sells: nothing beside the type, or one part of it. */
const FORMS: Record<PricingType, { part: Part; kind: OrderedPlace['kind']; by: string } | undefined> = {
  simple: undefined,
  tiered: { part: 'tier', kind: 'tier', by: 'by tier' },
  day_based: { part: 'dayPass', kind: 'day', by: 'by day' },
  tier_and_day: { part: 'dayTier', kind: 'day-tier', by: 'by day and tier' },
};
const CALLED: Record<Part, string> = { tier: 'Ticket tier', dayPass: 'Day pass', dayTier: 'Day and tier price' };
const PARTS = Object.keys(CALLED) as Part[];

type Row = {
  status: EventStatus;
  pricing_type: PricingType;
  begun: boolean;
  id: string | null;
  pool_id: string | null;
  kind: OrderedPlace['kind'];
  name: string;
  sells: boolean;
  min_per_order: number;
  max_per_order: number | null;
};

/**
 * The offers that the items name, each once: what is named twice is summed up. Places are not looked at; the claim does that.
 * @throws DomainError event_not_found | invalid (fields.offers.0.tier ...) | event_not_on_sale | limit_exceeded, each naming what it is about
 */
export async function resolveItems(db: Kysely<DB>, eventId: string, items: ItemWanted[]): Promise<OfferWanted[]> {
  if (!items.length) throw invalidField('offers', 'Order must have at least one item');
  const rows = await named(db, eventId, items);
  const [event] = rows;
  if (!event || event.status === 'draft') throw new DomainError('event_not_found', 'There is no such event.', { eventId });

  const offers = new Map(rows.filter((row) => row.id !== null).map((row) => [row.id!, row]));
  const chosen = items.map((item, i) => ({ ...item, ...choose(event.pricing_type, offers, item, i) }));
  const fields: Fields = Object.assign({}, ...chosen.map((one) => one.fields));
  const [fault] = Object.values(fields);
  if (fault !== undefined) throw new DomainError('invalid', fault, { fields });

  // A cancelled event says so itself, and so does one that has begun.
  const closed = chosen.flatMap(({ type, offer }) => [offers.get(type)!, offer!]).find((row) => !row.sells);
  if (closed && event.status === 'published' && !event.begun)
    throw new DomainError('event_not_on_sale', `'${closed.name}' is not on sale now.`, { eventId });

  // The claim counts the same limits; here they are told by name.
  for (const [id, quantity] of sumBy(chosen, ({ type }) => type)) assertLimits(offers.get(id)!, quantity);
  return [...sumBy(chosen, ({ offer }) => offer!.id!)].map(([offerId, quantity]) => ({
    offerId,
    quantity,
    name: offers.get(offerId)!.name,
  }));
}

/** The event's row for each of its offers that is named; one without an offer when none is; none without the event. */
async function named(db: Kysely<DB>, eventId: string, items: ItemWanted[]): Promise<Row[]> {
  const ids = new Set(items.flatMap(({ type, tier, dayPass, dayTier }) => [type, tier, dayPass, dayTier]).filter((id) => id !== undefined));
  const { rows } = await sql<Row>`
    select e.status, e.pricing_type, e.starts_at <= now() as begun, f.id, t.id as pool_id, ${offerKind} as kind, ${fullName('f', 't')} as name,
      f.is_active and coalesce(f.sales_start <= now(), true) and coalesce(f.sales_end > now(), true) as sells, f.min_per_order, f.max_per_order
    from events e left join offers f on f.event_id = e.id and f.id = any(${uuids([...ids])})
      left join offers t on t.id = f.pool_id and t.is_pool
    where e.id = ${eventId}::uuid`.execute(db);
  return rows;
}

/** The offer that an item names, or what is wrong with how it does. */
function choose(pricing: PricingType, offers: Map<string, Row>, item: ItemWanted, i: number): { offer?: Row; fields: Fields } {
  const form = FORMS[pricing];
  const type = offers.get(item.type);
  if (type?.kind !== 'type') return { fields: { [`offers.${i}.type`]: 'Ticket type not found' } };

  const fields: Fields = {};
  for (const part of PARTS.filter((one) => one !== form?.part))
    if (item[part] !== undefined)
      fields[`offers.${i}.${part}`] = `Tickets of this event are sold ${form?.by ?? 'by ticket type alone'}: leave this out.`;
  if (!form) return { offer: type, fields };

  const id = item[form.part];
  const offer = id === undefined ? undefined : offers.get(id);
  if (id === undefined) fields[`offers.${i}.${form.part}`] = `Tickets of this event are sold ${form.by}: say which.`;
  else if (offer?.kind !== form.kind || offer.pool_id !== item.type) fields[`offers.${i}.${form.part}`] = `${CALLED[form.part]} not found`;
  return { offer, fields };
}

function sumBy<T extends { quantity: number }>(items: T[], key: (item: T) => string): Map<string, number> {
  const sums = new Map<string, number>();
  for (const item of items) sums.set(key(item), (sums.get(key(item)) ?? 0) + item.quantity);
  return sums;
}

function assertLimits(offer: Row, wanted: number): void {
  const { min_per_order: min, max_per_order: max, name } = offer;
  const about = { wanted, min, ...(max !== null && { max }), offers: [{ id: offer.id!, name }] };
  if (wanted < min) throw new DomainError('limit_exceeded', `At least ${min} tickets of '${name}' must be bought at once.`, about);
  if (max !== null && wanted > max)
    throw new DomainError('limit_exceeded', `At most ${max} tickets of '${name}' can be bought at once.`, about);
}
