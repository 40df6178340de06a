// GET /events/{id}: nothing is counted for it, and still it says what is true now.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as events from '../../services/events/events.ts';
import { until } from '../support/client.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let user: string;
beforeAll(async () => {
  world = await startWorld();
  user = (await person(world.db)).token;
});
afterAll(() => world?.stop());

const get = async (id: string, etag?: string) =>
  world.call('GET', `/api/v1/events/${id}`, { headers: etag ? { 'if-none-match': etag } : {} });
const book = async (event: string, seats: string[]) =>
  (await world.call('POST', '/api/v1/bookings', { token: user, body: { event_id: event, seat_ids: seats } })).body.data.booking
    .id as string;
const counted = async (id: string) => {
  const { available, status } = (await events.find(world.db, id))!;
  return [available, status, (await events.tiers(world.db, [id])).map((t) => t.available)];
};
const said = async (id: string) => {
  const { data } = (await get(id)).body;
  return [data.available_seats, data.status, data.price_tiers.map((t: { available: number }) => t.available)];
};

it('is right after a booking, its cancelling, and the end of its hold that nobody has tidied up', async () => {
  const { id, seats } = await show(world.db, { seats: 5 });
  expect(await said(id)).toEqual([5, 'upcoming', [5]]);
  const booking = await book(id, seats.slice(0, 2));
  expect(await said(id)).toEqual([3, 'upcoming', [3]]);
  await world.call('DELETE', `/api/v1/bookings/${booking}`, { token: user });
  expect(await said(id)).toEqual([5, 'upcoming', [5]]);
  await book(id, seats.slice(0, 3));
  expect(await said(id)).toEqual([2, 'upcoming', [2]]);
  // The hold is given an end that is near; nobody writes down that it has come.
  await sql`with cut as (update places set held_until = now() + interval '500 milliseconds' where event_id = ${id}::uuid and order_id is not null returning *)
    insert into place_changes (event_id, place_ids, state, held_until) select event_id, array[id], 'held', held_until from cut`.execute(
    world.db,
  );
  await until(
    'over',
    () => said(id),
    ([available]) => available === 5,
  );
  expect(await said(id)).toEqual([5, 'upcoming', [5]]);
  expect(await said(id)).toEqual(await counted(id));
});

it('shows a change of the event, of an offer and of the venue at once, by id and by slug', async () => {
  const { id, venueId } = await show(world.db, { seats: 4 });
  const { slug } = (await get(id)).body.data;
  const change = async (statement: ReturnType<typeof sql>) => {
    await statement.execute(world.db);
    const [byId, bySlug] = [(await get(id)).body.data, (await get(slug)).body.data];
    expect(bySlug).toEqual(byId);
    expect(await said(id)).toEqual(await counted(id));
    return byId;
  };
  expect(await change(sql`update events set name = 'Another' where id = ${id}::uuid`)).toMatchObject({
    name: 'Another',
    available_seats: 4,
  });
  expect((await change(sql`update venues set city = 'Odense' where id = ${venueId}::uuid`)).venue.city).toBe('Odense');
  expect((await change(sql`update offers set price_minor = 7700 where event_id = ${id}::uuid`)).price_tiers[0].price).toBe(77);
  expect(await change(sql`update offers set is_active = false where event_id = ${id}::uuid`)).toMatchObject({
    available_seats: 0,
    price_tiers: [],
  });
  await sql`update offers set is_active = true where event_id = ${id}::uuid`.execute(world.db);
  expect((await change(sql`update events set starts_at = now() - interval '1 minute' where id = ${id}::uuid`)).status).toBe('ongoing');
  expect(await change(sql`update events set status = 'cancelled' where id = ${id}::uuid`)).toMatchObject({
    status: 'cancelled',
    available_seats: 0,
  });
  await sql`update events set status = 'draft' where id = ${id}::uuid`.execute(world.db);
  const gone = await get(id);
  expect([gone.status, gone.body.error.code]).toEqual([404, 'EVENT_NOT_FOUND']);
});

it('304 while nothing has changed, 200 with another tag when something has', async () => {
  const { id, seats } = await show(world.db, { seats: 3 });
  const first = await get(id);
  const etag = first.headers.get('etag')!;
  expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-cache']);
  const same = await get(id, etag);
  expect([same.status, same.text, same.headers.get('etag')]).toEqual([304, '', etag]);
  await book(id, seats.slice(0, 1));
  const other = await get(id, etag);
  expect([other.status, other.body.data.available_seats, other.headers.get('etag') === etag]).toEqual([200, 2, false]);
});

it('the clock alone begins an event', async () => {
  // It has to be read before it begins: on a machine too slow for that, once more with more time.
  for (let ms = 700; ; ms *= 4) {
    const made = Date.now();
    const { id } = await show(world.db, { startsInMs: ms });
    const before = await get(id);
    if (Date.now() >= made + ms) continue;
    expect(before.body.data.status).toBe('upcoming');
    await new Promise((resolve) => setTimeout(resolve, Date.parse(before.body.data.start_time) + 1000 - Date.now() + 100));
    const after = await get(id, before.headers.get('etag')!);
    expect([after.status, after.body?.data.status]).toEqual([200, 'ongoing']);
    return;
  }
});

it('a draft is no event, nor is what is no id', async () => {
  const { id } = await show(world.db, { status: 'draft' });
  for (const name of [id, 'no-such-event', '00000000-0000-4000-8000-000000000000']) expect((await get(name)).status).toBe(404);
});
