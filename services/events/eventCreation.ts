// Making an event: checked as a whole, then written with its offers and seats in one transaction.
import { randomBytes } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { plan, type Section } from '../inventory/seats.ts';
import { priceFault } from '../payments/prices.ts';
import type { Providers } from '../payments/provider.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
import { type EventFacts, writeFacts } from './eventFacts.ts';
import { make as makeVenue, type VenueFacts } from './eventVenues.ts';
import { EXPECTED_PLACES, makeExternal } from './externalSync.ts';
import * as venues from './venues.ts';

export type NewEvent = {
  organizerId: string | null;
  name: string;
  /** Made from the name when not given. */
  slug?: string;
  description: string;
  venueId: string | null;
  startsAt: Date;
  endsAt: Date;
  /** How many people the event has room for: at least the number of seats; their number when not given. */
  capacity?: number;
  currency: string;
  holdSeconds?: number | null;
  /** Until so long before its start a paid order may be cancelled; left out, until it starts. */
  refundUntilMinutes?: number;
  status: 'draft' | 'published';
  sections: Section[];
  /** Its places are the Event Provider's: they come by themselves, and `sections` has none. */
  external?: boolean;
  /** Its venue, written down with it in place of `venueId`. */
  venue?: Partial<VenueFacts>;
  facts?: Partial<EventFacts>;
  /** Remarks on it that no column has. */
  settings?: Record<string, string | boolean>;
};

/** Twice the largest arena, so that one request cannot fill the disk. */
const MAX_SEATS = 250_000;

/** A venue that exists, or DomainError invalid. */
export async function checkVenue(db: Kysely<DB> | Transaction<DB>, venueId: string | null): Promise<void> {
  if (venueId && !(isUuid(venueId) && (await venues.find(db, venueId))))
    throw new DomainError('invalid', 'The venue does not exist.', { fields: { venueId: 'unknown venue' } });
}

/**
 * Creates the event with its seats, at prices that one of the providers takes; returns its id.
 * @throws DomainError invalid (details.fields), also for an unknown venue
 */
export async function create(db: Kysely<DB>, event: NewEvent, providers: Providers): Promise<string> {
  const seats = check(event);
  checkPrices(providers, event.currency, event.sections);
  await checkVenue(db, event.venueId);
  return db.transaction().execute(async (tx) => {
    const venueId = event.venue ? await makeVenue(tx, event.venue, event.capacity ?? seats) : event.venueId;
    const id = await insert(tx, { ...event, venueId }, event.capacity ?? (event.external ? EXPECTED_PLACES : seats));
    if (event.facts) await writeFacts(tx, { id, currency: event.currency }, event.facts, providers);
    if (event.external) await makeExternal(tx, { id, currency: event.currency });
    if (event.sections.length) await plan(tx, { id, currency: event.currency }, event.sections);
    return id;
  });
}

/** Throws invalid for a price that nobody could pay. */
export function checkPrices(providers: Providers, currency: string, sections: { priceMinor: number }[]): void {
  const faults = sections.flatMap(({ priceMinor }, i) => {
    const fault = priceFault(providers, priceMinor, currency);
    return fault ? [[`sections.${i}.price`, fault] as const] : [];
  });
  if (faults.length) throw new DomainError('invalid', faults[0]![1], { fields: Object.fromEntries(faults) });
}

/** The number of seats of a plan. Throws invalid where it names something twice or is too large. */
export function countSeats(sections: Section[]): number {
  const names = sections.map((s) => s.name);
  if (new Set(names).size !== names.length) throw invalidField('sections', 'Two sections have the same name.');
  for (const [i, s] of sections.entries())
    if (new Set(s.rows).size !== s.rows.length) throw invalidField(`sections.${i}.rows`, 'Two rows have the same name.');
  const seats = sections.reduce((sum, s) => sum + s.rows.length * s.seatsPerRow, 0);
  if (seats > MAX_SEATS) throw invalidField('seatPlan', `At most ${MAX_SEATS} seats fit into one event.`);
  return seats;
}

/** Throws invalid where the event contradicts itself; returns the number of its seats. */
function check(event: NewEvent): number {
  if (event.endsAt <= event.startsAt) throw invalidField('endsAt', 'The event must end after it starts.');
  const seats = countSeats(event.sections);
  if (event.external && seats) throw invalidField('sections', 'The places of an external event are its provider’s.');
  // Fewer seats than capacity: there is standing room, or blocks are closed (as in the seed's own example). More cannot be.
  if (event.capacity !== undefined && seats > event.capacity)
    throw invalidField('capacity', `The seat configuration has ${seats} seats, more than the capacity of ${event.capacity}.`);
  return seats;
}

async function insert(tx: Transaction<DB>, event: NewEvent, capacity: number): Promise<string> {
  const base = event.slug ?? slugOf(event.name);
  for (let attempt = 0; attempt < 5; attempt++) {
    const row = await tx
      .insertInto('events')
      .values({
        slug: attempt === 0 ? base : `${base}-${randomBytes(3).toString('hex')}`,
        organizer_id: event.organizerId,
        venue_id: event.venueId,
        name: event.name,
        description: event.description,
        starts_at: event.startsAt,
        ends_at: event.endsAt,
        capacity,
        currency: event.currency,
        hold_seconds: event.holdSeconds ?? null,
        refund_until_minutes: event.refundUntilMinutes ?? null,
        status: event.status,
        published_at: event.status === 'published' ? sql<Date>`now()` : null,
        external: event.external ?? false,
        settings: sql`${JSON.stringify(event.settings ?? {})}::jsonb`,
      })
      .onConflict((c) => c.column('slug').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (row) return row.id;
  }
  throw new Error(`no free slug for ${base}`);
}

/** Fixed words where an API has a slug: test/easyticket/slugs.test.ts compares them with the routes. */
export const RESERVED = new Set(['categories', 'my_events', 'upcoming', 'featured', 'search']);

/**
 * "Été à Paris!" -> "ete-a-paris", "Новый год" -> "новый-год": Latin letters lose their accents, those of other scripts stay, for
 * there a mark is part of the letter. Never empty, never a number and never shaped like a uuid, which would be looked up as an id; and no
 * word that stands beside slugs in an address: these get `kind` before them.
 */
export function slugOf(name: string, kind = 'event'): string {
  const words = name
    .normalize('NFKD')
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '-');
  const slug = Array.from(words)
    .slice(0, 80)
    .join('')
    .replace(/^-+|-+$/g, '');
  if (!slug || isUuid(slug)) return `${kind}-${randomBytes(4).toString('hex')}`;
  return RESERVED.has(slug) || /^\p{N}+$/u.test(slug) ? `${kind}-${slug}` : slug;
}
