// The hackathon of the demo data: an event of ticket types over one capacity, and the API key that its programs use.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { SCOPES, stored } from '../../services/accounts/apiKeys.ts';
import { create as createEvent, type NewEvent } from '../../services/events/eventCreation.ts';
import { create as createOffer, type OfferFacts } from '../../services/inventory/offers.ts';

/** Known to everybody, so a gateway in production refuses it (`bk_test_`). */
export const TEST_KEY = 'bk_test_hackathon_2025';
const SLUG = 'test-hackathon-2025';
const CAPACITY = 500;
const DAY = 86_400_000;

/** Ticket types with their prices in cents and what they hold. This API takes no money: a price is settled with the organizer. */
const TYPES = [
  { name: 'standard', price: 0, benefits: 'Welcome package, lunch and refreshments, the main venue' },
  { name: 'premium', price: 4_900, benefits: 'Priority seating, networking dinner, workshops, premium swag' },
  { name: 'team', price: 0, benefits: 'For teams of four or more: a workspace of their own, team building' },
];

/**
 * Writes the event and the key of this organizer where they are missing. The event begins two weeks after `demo`, and is moved on with it:
 * lists show the demo event first.
 */
export async function seedHackathon(db: Kysely<DB>, organizerId: string, demo: Date): Promise<void> {
  await db
    .insertInto('api_keys')
    .values({ account_id: organizerId, name: 'Hackathon (local stack)', scopes: [...SCOPES], ...stored(TEST_KEY) })
    .onConflict((c) => c.column('prefix').doNothing())
    .execute();

  const startsAt = new Date(demo.getTime() + 14 * DAY);
  const endsAt = new Date(startsAt.getTime() + 2 * DAY);
  const known = await db.selectFrom('events').select(['id', 'starts_at']).where('slug', '=', SLUG).executeTakeFirst();
  if (known) {
    if (known.starts_at <= demo)
      await db.updateTable('events').set({ starts_at: startsAt, ends_at: endsAt }).where('id', '=', known.id).execute();
    return;
  }
  const event: NewEvent = {
    ...{ organizerId, slug: SLUG, name: 'Test Hackathon 2025', description: 'Two days of building things together.' },
    ...{ venueId: null, startsAt, endsAt, capacity: CAPACITY, currency: 'USD', sections: [] },
    status: 'published',
    facts: { pricingType: 'tiered' },
  };
  const id = await createEvent(db, event, {});
  await db.transaction().execute(async (tx) => {
    const of = { id, currency: event.currency };
    const pool = await createOffer(tx, of, { pool: true }, facts('Registration', 0, null));
    for (const [i, { name, price, benefits }] of TYPES.entries())
      await createOffer(tx, of, { of: pool }, { ...facts(name, price, i + 1), benefits });
  });
}

const facts = (name: string, priceMinor: number, tierNumber: number | null): OfferFacts => ({
  ...{ name, description: '', priceMinor, quantity: CAPACITY, salesStart: null, salesEnd: null, minPerOrder: 1, maxPerOrder: null },
  ...{ isActive: true, tierNumber, tierName: tierNumber ? name : null, dayNumber: null, dayName: null, dayDate: null },
  ...{ allDays: false, benefits: '' },
});
