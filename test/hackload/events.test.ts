// /api/events: found by words and by day, and made by organizers.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { type Buyer, buyerOf } from '../support/hackload.ts';

let world: World;
let organizer: Buyer;
beforeAll(async () => {
  world = await startWorld();
  organizer = await buyerOf(world, 'organizer');
});
afterAll(() => world?.stop());

const list = (query: Record<string, string> = {}) => world.call('GET', `/api/events?${new URLSearchParams(query)}`);
const make = (body: unknown, who = organizer) => who.call('POST', '/api/events', body);

describe('GET /api/events', () => {
  it('finds by words in any form, and by day', async () => {
    const { id } = (await make({ title: 'Концерт группы «Кино»' })).body;
    const { rows } = await sql<{
      day: string;
    }>`select (starts_at at time zone 'UTC')::date as day from events where number = ${id}`.execute(world.db);
    for (const query of ['концерты', 'кино концерт', '"группы кино"', 'КОНЦЕРТОВ -опера'])
      expect((await list({ query })).body, query).toEqual([{ id, title: 'Концерт группы «Кино»' }]);
    expect((await list({ query: 'кино', date: rows[0]!.day })).body).toHaveLength(1);
    expect((await list({ query: 'кино', date: '2020-01-01' })).body).toEqual([]);
    expect((await list({ query: 'кино', date: '' })).body).toHaveLength(1);
    expect((await list({ query: 'опера' })).body).toEqual([]);
  });

  it('pages of 20 at most', async () => {
    for (let n = 0; n < 5; n++) await make({ title: `Лекция ${n}` });
    const all = (await list({ query: 'лекции' })).body as { id: number; title: string }[];
    expect(all.map(({ title }) => title)).toEqual(Array.from({ length: 5 }, (_, n) => `Лекция ${n}`));
    const pages = await Promise.all(['1', '2', '3', '4'].map((page) => list({ query: 'лекции', page, pageSize: '2' })));
    expect(pages.map(({ body }) => body.length)).toEqual([2, 2, 1, 0]);
    expect(pages.flatMap(({ body }) => body)).toEqual(all);
  });

  it('400 for what is not as stated, and for pages that nobody reads', async () => {
    const wrong = [
      'date=2024-02-30',
      'date=01.02.2024',
      'date=0000-01-01',
      'date=2024-1-1',
      'page=0',
      'page=x',
      'page=-1',
      'pageSize=0',
      'pageSize=21',
    ];
    for (const query of [...wrong, 'page=501', 'page=1000000', 'date=2024-01-01&date=2024-01-02', `query=${'x'.repeat(1001)}`]) {
      const { status, body } = await world.call('GET', `/api/events?${query}`);
      expect([query, status, body.error]).toEqual([query, 400, 'bad_request']);
    }
    expect((await list({ page: '500' })).status).toBe(200);
  });

  it('whatever is typed is answered, without credentials and with wrong ones', async () => {
    for (const query of ["'", '"', ':*', '\\', '!&|()', '💃', '<->', '%00']) expect((await list({ query })).status, query).toBe(200);
    const wrong = { authorization: `Basic ${Buffer.from('a@b.c:x').toString('base64')}` };
    expect((await world.call('GET', '/api/events', { headers: wrong })).status).toBe(200);
  });

  it('thousands who ask the same at once share a statement; who has made an event finds it at once', async () => {
    const before = (await list({ query: 'совместный' })).body;
    expect(before).toEqual([]);
    const { id } = (await make({ title: 'Совместный вечер' })).body;
    expect((await list({ query: 'совместный' })).body).toEqual([{ id, title: 'Совместный вечер' }]);
  });
});

describe('POST /api/events', () => {
  const stored = (id: number) => world.db.selectFrom('events').selectAll().where('number', '=', id).executeTakeFirstOrThrow();

  it('201 with a 64-bit id: published, in a month, without seats', async () => {
    const { status, body } = await make({ title: '  Вечер  ' });
    expect([status, body]).toEqual([201, { id: expect.any(Number) }]);
    const event = await stored(body.id);
    expect(event).toMatchObject({
      name: 'Вечер',
      status: 'published',
      currency: 'KZT',
      external: false,
      capacity: 0,
      settings: { times: 'assumed' },
    });
    expect([event.refund_until_minutes, event.ends_at.getTime() - event.starts_at.getTime()]).toEqual([720, 3 * 3_600_000]);
    const days = (event.starts_at.getTime() - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThanOrEqual(30);
    expect((await world.call('GET', `/api/seats?event_id=${body.id}`)).body).toEqual([]);
  });

  it('with zones it has their seats, rows numbered through the hall', async () => {
    const zones = [
      { name: 'Партер', rows: 2, seats: 3, price: '40000.00' },
      { name: 'Балкон', rows: 1, seats: 2, price: '80000' },
    ];
    const { id } = (await make({ title: 'С местами', zones })).body;
    const seats = (await world.call('GET', `/api/seats?event_id=${id}`)).body as { row: number; number: number; price: string }[];
    expect(seats.map(({ row, number, price }) => `${row}/${number} ${price}`)).toEqual([
      ...['1/1', '1/2', '1/3', '2/1', '2/2', '2/3'].map((seat) => `${seat} 40000.00`),
      ...['3/1', '3/2'].map((seat) => `${seat} 80000.00`),
    ]);
  });

  it('external: its places are the provider’s, and it has no zones of ours', async () => {
    const { body } = await make({ title: 'Звезда', external: true });
    expect(await stored(body.id)).toMatchObject({ external: true });
    const zones = [{ name: 'A', rows: 1, seats: 1, price: '1' }];
    expect((await make({ title: 'Звезда', external: true, zones })).status).toBe(400);
  });

  it('400 for what cannot be', async () => {
    const zone = { name: 'A', rows: 1, seats: 1, price: '10.00' };
    const bodies = [
      {},
      { title: '' },
      { title: ' ' },
      { title: 1 },
      { title: 'x'.repeat(501) },
      { title: 'x', external: 'yes' },
      { title: 'x', zones: [] },
      { title: 'x', zones: [zone, zone] },
      { title: 'x', zones: [{ ...zone, price: '-1' }] },
      { title: 'x', zones: [{ ...zone, price: '1.001' }] },
      { title: 'x', zones: [{ ...zone, rows: 1001 }] },
      { title: 'x', zones: [{ ...zone, rows: 1000, seats: 1000 }] },
    ];
    for (const body of bodies) expect((await make(body)).status, JSON.stringify(body)).toBe(400);
  });

  it('401 for nobody, 403 for who is no organizer', async () => {
    expect((await world.call('POST', '/api/events', { body: { title: 'x' } })).status).toBe(401);
    expect((await make({ title: 'x' }, await buyerOf(world))).status).toBe(403);
    expect((await make({ title: 'x' }, await buyerOf(world, 'admin'))).status).toBe(201);
  });
});
