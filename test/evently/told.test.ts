// What buyers are told beside the seed: which seats are gone, that an event is over, whether they are in line, what a filter counts.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';
import { book } from '../support/sold.ts';

let world: World;
let ann: { id: string; token: string };
let bob: { id: string; token: string };
beforeAll(async () => {
  world = await startWorld();
  ann = await person(world.db);
  bob = await person(world.db);
});
afterAll(() => world?.stop());

const tryToBook = (token: string, eventId: string, seats: string[]) =>
  world.call('POST', '/api/v1/bookings', { token, body: { event_id: eventId, seat_ids: seats } });
const join = (token: string, eventId: string) => world.call('POST', '/api/v1/waitlist/join', { token, body: { event_id: eventId } });
const entries = async (token: string, query = '') => (await world.call('GET', `/api/v1/waitlist${query}`, { token })).body.data;

it('409 names the seats that are gone, as people know them, and no others', async () => {
  const event = await show(world.db, { seats: 4 });
  await book(world, ann.token, event.id, [event.seats[1]!, event.seats[2]!]);
  const answer = await tryToBook(bob.token, event.id, event.seats);
  expect([answer.status, answer.body.error.code]).toEqual([409, 'BOOKING_SEATS_UNAVAILABLE']);
  expect(answer.body.error.details).toEqual({
    wanted: 4,
    seats: [
      { id: event.seats[1], section: 'Floor', row: 'A', seat_number: '2' },
      { id: event.seats[2], section: 'Floor', row: 'A', seat_number: '3' },
    ],
  });
});

describe('an event that sells nothing is no lost race', () => {
  const set = (id: string, change: ReturnType<typeof sql>) => sql`update events set ${change} where id = ${id}::uuid`.execute(world.db);
  it.each([
    ['has begun', sql`starts_at = now() - interval '1 minute', ends_at = now() + interval '1 hour'`, 410, 'EVENT_OVER'],
    ['is over', sql`starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'`, 410, 'EVENT_OVER'],
    ['is cancelled', sql`status = 'cancelled'`, 410, 'EVENT_CANCELLED'],
    ['is a draft', sql`status = 'draft'`, 404, 'EVENT_NOT_FOUND'],
  ])('%s: in bookings and in the waitlist', async (_, change, status, code) => {
    const event = await show(world.db);
    await set(event.id, change);
    for (const answer of [await tryToBook(bob.token, event.id, [event.seats[0]!]), await join(bob.token, event.id)])
      expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  it('sells later, or no more: 409 EVENT_NOT_ON_SALE', async () => {
    const event = await show(world.db);
    await sql`update offers set sales_start = now() + interval '1 hour' where event_id = ${event.id}::uuid`.execute(world.db);
    const answer = await tryToBook(bob.token, event.id, [event.seats[0]!]);
    expect([answer.status, answer.body.error.code]).toEqual([409, 'EVENT_NOT_ON_SALE']);
  });
});

it('am I in line? one event or all of them, my own entries alone', async () => {
  const full = await show(world.db, { seats: 1 });
  const other = await show(world.db, { seats: 1 });
  for (const event of [full, other]) await book(world, ann.token, event.id, event.seats);
  const carl = await person(world.db);
  expect(await entries(carl.token)).toEqual([]);
  for (const event of [full, other]) expect((await join(bob.token, event.id)).status).toBe(201);
  expect((await join(carl.token, full.id)).status).toBe(201);

  expect((await entries(bob.token)).map((e: any) => [e.event.id, e.status, e.position])).toEqual([
    [other.id, 'waiting', 1],
    [full.id, 'waiting', 1],
  ]);
  const [mine, ...more] = await entries(carl.token, `?event_id=${full.id}`);
  expect([mine.event.id, mine.position, more]).toEqual([full.id, 2, []]);
  expect(await entries(carl.token, `?event_id=${other.id}`)).toEqual([]);
  await world.call('DELETE', `/api/v1/waitlist/${mine.waitlist_id}`, { token: carl.token });
  expect((await entries(carl.token)).map((e: any) => e.status)).toEqual(['left']);
});

it('the summary of seats counts those that the filter means', async () => {
  const section = (name: string, priceMinor: number) => ({ name, rows: ['A', 'B'], seatsPerRow: 2, priceMinor });
  const event = await show(world.db, { sections: [section('Floor', 5_000), section('Balcony', 3_000)] });
  const floor = await world.db.selectFrom('places').select('id').where('event_id', '=', event.id).where('section', '=', 'Floor').execute();
  await book(world, ann.token, event.id, [floor[0]!.id]);
  const summary = async (query: string) => (await world.call('GET', `/api/v1/events/${event.id}/seats${query}`)).body.data.summary;
  expect(await summary('')).toEqual({ total_available: 7, by_tier: { Floor: 3, Balcony: 4 } });
  expect(await summary('?section=Floor')).toEqual({ total_available: 3, by_tier: { Floor: 3 } });
  expect(await summary('?price_tier=Balcony')).toEqual({ total_available: 4, by_tier: { Balcony: 4 } });
  expect(await summary('?section=Floor&status=held')).toEqual({ total_available: 3, by_tier: { Floor: 3 } });
  expect(await summary('?section=Nowhere')).toEqual({ total_available: 0, by_tier: {} });
});
