// Evently's list of events: what comes first, how it is sorted and narrowed, and that its pages are stable.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { list } from '../../services/events/eventList.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let organizerId: string;
const HOUR = 3_600_000;

/** An event named `name`; `days` from now, and going on until an hour later unless `ends` says otherwise. */
async function stage(name: string, days: number, o: { ends?: number; city?: string; prices?: number[]; currency?: string } = {}) {
  const sections = (o.prices ?? [5_000]).map((priceMinor, i) => ({ name: `S${i}`, rows: ['A'], seatsPerRow: 2, priceMinor }));
  const made = await show(world.db, { startsInMs: days * 24 * HOUR, sections, currency: o.currency });
  await sql`update events set name = ${name}, ends_at = ${new Date(Date.now() + (o.ends ?? days + 0.1) * 24 * HOUR)} where id = ${made.id}::uuid`.execute(
    world.db,
  );
  if (o.city) await sql`update venues set city = ${o.city} where id = ${made.venueId}::uuid`.execute(world.db);
  return made;
}

beforeAll(async () => {
  world = await startWorld();
  organizerId = (await person(world.db, 'organizer')).id;
  await stage('long over', -30);
  await stage('tomorrow', 1, { city: 'Kraków', prices: [1_999, 10_000] });
  await stage('exhibition', -60, { ends: 60, city: 'KØBENHAVN', prices: [0] });
  await stage('next week', 7, { city: 'Орёл', prices: [1_500], currency: 'JPY' });
  await stage('yesterday', -1);
  await stage('going on', -0.01, { prices: [3_000] });
  await stage('next year', 365, { city: 'New York', prices: [18_600], currency: 'KWD' });
});
afterAll(() => world?.stop());

const get = (query: string) => world.call('GET', `/api/v1/events?${query}`);
const names = async (query: string) => (await get(query)).body.data?.map((e: { name: string }) => e.name);

describe('order', () => {
  it('what is to come first, the next one first; then what goes on; then what is over, the last one first', async () => {
    const all = ['tomorrow', 'next week', 'next year', 'going on', 'exhibition', 'yesterday', 'long over'];
    expect(await names('')).toEqual(all);
    for (const size of [1, 2, 3, 4]) {
      const pages = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((page) => names(`page=${page}&per_page=${size}`)));
      expect(pages.flat(), `${size} a page`).toEqual(all);
    }
    expect((await get('page=3&per_page=2')).body.pagination).toMatchObject({ total: 7, total_pages: 4, has_next: true, has_prev: true });
    expect(await names('status=completed')).toEqual(['yesterday', 'long over']);
    expect(await names('status=ongoing')).toEqual(['going on', 'exhibition']);
  });

  it('as `sort` says, equal ones always the same way round', async () => {
    const byStart = ['exhibition', 'long over', 'yesterday', 'going on', 'tomorrow', 'next week', 'next year'];
    expect(await names('sort=start_time')).toEqual(byStart);
    expect(await names('sort=-start_time')).toEqual(byStart.toReversed());
    expect(await names('sort=name')).toEqual([...byStart].sort());
    expect((await names('sort=-created_at'))[0]).toBe('next year');
    // JPY 1500 is 1500, KWD 18600 is 18.6, USD 1999 is 19.99.
    const [free, ...rest] = await names('sort=price');
    expect([free, rest[0], rest[1], rest[2], rest.at(-1)]).toEqual(['exhibition', 'next year', 'tomorrow', 'going on', 'next week']);
    const pages = await Promise.all([1, 2, 3, 4, 5, 6, 7].map((page) => names(`sort=price&per_page=1&page=${page}`)));
    expect(pages.flat()).toEqual([free, ...rest]);
    expect(await names('sort=-price')).toEqual([free, ...rest].toReversed());
    expect((await get('sort=venue')).body.error.details.fields).toHaveProperty('sort');
  });
});

describe('filters', () => {
  it('city, compared as people read it', async () => {
    expect(await names('city=krakow')).toEqual(['tomorrow']);
    expect(await names(`city=${encodeURIComponent('København')}`)).toEqual(['exhibition']);
    expect(await names(`city=${encodeURIComponent('орел')}`)).toEqual(['next week']);
    expect(await names('city=new%20york')).toEqual(['next year']);
    expect(await names('city=York')).toEqual([]);
    expect(await names('city=%25')).toEqual([]);
  });

  it('prices: one of the event lies between the bounds, in its own currency', async () => {
    expect(await names('price_max=0')).toEqual(['exhibition']);
    expect(await names('price_min=18.6&price_max=19.99')).toEqual(['tomorrow', 'next year']);
    expect(await names('price_min=20&price_max=29.99')).toEqual([]); // tomorrow has 19.99 and 100, and nothing between
    expect(await names('price_min=100')).toEqual(['tomorrow', 'next week']);
    for (const bad of ['price_min=-1', 'price_max=cheap', 'price_min=1e3', 'price_max=', 'available=maybe', 'city='])
      expect((await get(bad)).body.error?.code, bad).toBe('VALIDATION_ERROR');
  });

  it('available: something can be bought now', async () => {
    const { id, seats } = await show(world.db, { seats: 2 });
    await sql`update events set name = 'small' where id = ${id}::uuid`.execute(world.db);
    expect(await names('available=true&sort=name')).toEqual(['next week', 'next year', 'small', 'tomorrow']);
    expect(await names('available=false')).toEqual(['going on', 'exhibition', 'yesterday', 'long over']);
    const buyer = await person(world.db);
    await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: seats } });
    // The list is a second old at most.
    await expect.poll(() => names('available=true&sort=name'), { timeout: 10_000 }).toEqual(['next week', 'next year', 'tomorrow']);
    expect(await names('available=false&status=upcoming')).toEqual(['small']);
  });
});

describe('own events', () => {
  it('drafts and cancelled ones too, of this organizer; an admin sees all', async () => {
    const draft = await show(world.db, { status: 'draft' });
    const gone = await show(world.db);
    await sql`update events set organizer_id = ${organizerId}::uuid where id = any(${[draft.id, gone.id]}::uuid[])`.execute(world.db);
    await sql`update events set status = 'cancelled' where id = ${gone.id}::uuid`.execute(world.db);
    const own = { manager: { accountId: organizerId, admin: false }, page: 1, perPage: 20 };
    const status = async (filter: Parameters<typeof list>[1]) =>
      (await world.gateway.listing.page(filter)).rows.map((row) => [row.id, row.status, row.available]);
    expect(await status(own)).toEqual([
      [draft.id, 'draft', 5],
      [gone.id, 'cancelled', 0],
    ]);
    expect(await status({ ...own, status: 'cancelled' })).toEqual([[gone.id, 'cancelled', 0]]);
    const all = await list(world.db, { ...own, manager: { accountId: organizerId, admin: true } });
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from events`.execute(world.db);
    expect(all.total).toBe(rows[0]!.count);
    expect(await names('per_page=100')).not.toContain(undefined);
    expect((await get('per_page=100')).body.data.map((e: { id: string }) => e.id)).not.toContain(draft.id);
  });
});
