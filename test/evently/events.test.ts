// Evently's events: list, show, seats, create; amounts exact, availability from rows.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { letters } from '../../gateway/evently/admin.ts';
import { slugOf } from '../../services/events/eventCreation.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let organizer: string;
let venueId: string;
beforeAll(async () => {
  world = await startWorld();
  organizer = (await person(world.db, 'organizer')).token;
  venueId = (await show(world.db, { startsInMs: -7_200_000 })).venueId; // one that is over
});
afterAll(() => world?.stop());

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const section = { name: 'VIP', rows: ['A', 'B'], seats_per_row: 20, price: 300.0 };
const event = (over: Record<string, unknown> = {}) => ({
  name: 'New Year Concert',
  description: 'Welcome 2025 with music',
  venue_id: venueId,
  start_time: '2034-12-31T20:00:00Z',
  end_time: '2035-01-01T01:00:00Z',
  capacity: 10000,
  seat_configuration: { sections: [section] },
  ...over,
});
const post = (body: unknown) => world.call('POST', '/api/v1/admin/events', { token: organizer, body });
const sections = (...s: Record<string, unknown>[]) => ({ seat_configuration: { sections: s.map((x) => ({ ...section, ...x })) } });

describe('create', () => {
  it("201 for the seed's own example, 40 seats in a house of 10,000", async () => {
    const made = await post(event({ start_time: '2024-12-31T20:00:00Z', end_time: '2025-01-01T01:00:00Z' }));
    expect([made.status, made.body.success]).toEqual([201, true]);
    expect(made.body.data).toMatchObject({
      name: 'New Year Concert',
      slug: 'new-year-concert',
      start_time: '2024-12-31T20:00:00Z',
      capacity: 10000,
      available_seats: 40,
      status: 'completed',
      price_tiers: [{ tier: 'VIP', price: 300, available: 40 }],
    });
    expect(made.body.data.created_at).toMatch(ISO);
    expect((await post(event())).body.data.slug).toMatch(/^new-year-concert-[0-9a-f]{6}$/);
  });

  it('201 with amounts kept exactly, in currencies of none, two and three decimals', async () => {
    for (const [currency, price, minor] of [
      ['USD', 19.99, 1999],
      ['USD', '8.07', 807],
      ['usd', 1.1, 110],
      ['USD', 999999.99, 99999999],
      ['JPY', 1500, 1500],
      ['KWD', 1.01, 1010],
      ['USD', 0, 0],
    ] as const) {
      const made = await post(event({ currency, ...sections({ price }) }));
      expect(made.body.data?.price_tiers[0].price, `${currency} ${price}`).toBe(Number(price));
      const offer = await world.db
        .selectFrom('offers')
        .select('price_minor')
        .where('event_id', '=', made.body.data.id)
        .executeTakeFirstOrThrow();
      expect(offer.price_minor).toBe(minor);
    }
  });

  it('201 with 100,000 seats in one request', async () => {
    const made = await post(event({ name: 'Stadium', capacity: 100_000, ...sections({ rows: 200, seats_per_row: 500 }) }));
    expect([made.status, made.body.data.available_seats]).toEqual([201, 100_000]);
    const map = await world.call('GET', '/api/v1/events/stadium/seats');
    expect(map.body.data.sections[0].rows.map((r: { row: string }) => r.row).slice(24, 28)).toEqual(['Y', 'Z', 'AA', 'AB']);
    expect(map.body.data.sections[0].rows.flatMap((r: { seats: unknown[] }) => r.seats)).toHaveLength(100_000);
  });

  it('400 VALIDATION_ERROR for what contradicts itself, naming the field', async () => {
    const cases: [Record<string, unknown>, string][] = [
      [{ capacity: 39 }, 'capacity'],
      [{ end_time: '2034-12-31T19:00:00Z' }, 'end_time'],
      [{ venue_id: '00000000-0000-4000-8000-000000000000' }, 'venue_id'],
      [{ venue_id: 'x' }, 'venue_id'],
      [{ start_time: 'tomorrow' }, 'start_time'],
      [{ currency: 'XXQ' }, 'currency'],
      [sections({ price: 1.999 }), 'seat_configuration.sections.0.price'],
      [sections({ price: '1e3' }), 'seat_configuration.sections.0.price'],
      [sections({ price: -1 }), 'seat_configuration.sections.0.price'],
      [sections({ rows: ['A', 'A'] }), 'seat_configuration.sections.0.rows'],
      [sections({}, {}), 'seat_configuration.sections'],
      [sections({ rows: [] }), 'seat_configuration.sections.0.rows'],
      [sections({ seats_per_row: 0 }), 'seat_configuration.sections.0.seats_per_row'],
      [sections({ rows: 5000, seats_per_row: 5000 }), 'seat_configuration'],
      [{ seat_configuration: undefined }, 'seat_configuration'],
      [{ name: '  ' }, 'name'],
      [{ name: 'a\u0000b' }, 'body'],
    ];
    for (const [over, field] of cases) {
      const answer = await post(event(over));
      expect(
        [answer.status, answer.body.error?.code, Object.keys(answer.body.error?.details.fields ?? {})[0]],
        JSON.stringify(over),
      ).toEqual([400, 'VALIDATION_ERROR', field]);
    }
  });

  it.each([
    ['Новогодний концерт', 'новогодний-концерт'],
    ['日本', '日本'],
    ['हिन्दी मेला', 'हिन्दी-मेला'],
    ['محمد عبد الله', 'محمد-عبد-الله'],
  ])('the slug of "%s" keeps its letters, and leads to the event', async (name, slug) => {
    const made = await post(event({ name, start_time: '2099-12-31T20:00:00Z', end_time: '2100-01-01T01:00:00Z' }));
    expect(made.body.data.slug).toBe(slug);
    const found = await world.call('GET', `/api/v1/events/${encodeURIComponent(slug)}`);
    expect([found.status, found.body.data?.id]).toEqual([200, made.body.data.id]);
  });

  it('names rows as houses do and makes slugs that are no ids', () => {
    expect([0, 25, 26, 27, 701, 702].map(letters)).toEqual(['A', 'Z', 'AA', 'AB', 'ZZ', 'AAA']);
    expect(slugOf(' Été à Paris! ')).toBe('ete-a-paris');
    expect(slugOf('Łódź, Smörgåsbord')).toBe('łodz-smorgasbord');
    expect(slugOf('!?')).toMatch(/^event-[0-9a-f]{8}$/);
    expect(slugOf('550e8400-e29b-41d4-a716-446655440001')).toMatch(/^event-/);
  });
});

describe('list and show', () => {
  it('200 with the page block of the seed, filtered and searched', async () => {
    const { id, venueId: hall } = await show(world.db, { seats: 3, startsInMs: 3 * 86_400_000 });
    await sql`update events set name = 'Jazz 100%_night', description = 'smooth' where id = ${id}::uuid`.execute(world.db);
    const list = (query: string) => world.call('GET', `/api/v1/events?${query}`);
    const found = await list('search=100%25_NIGHT&status=upcoming');
    expect(found.body.pagination).toEqual({ page: 1, per_page: 20, total: 1, total_pages: 1, has_next: false, has_prev: false });
    expect(found.body.data[0]).toMatchObject({
      id,
      venue: { id: hall, name: 'Hall', city: 'Aarhus', capacity: 1000 },
      capacity: 3,
      available_seats: 3,
      min_price: 50,
      max_price: 50,
      status: 'upcoming',
    });
    expect((await list('search=100__night')).body.pagination.total).toBe(0);
    expect((await list(`venue_id=${hall}&search=smooth`)).body.pagination.total).toBe(1);
    const day = found.body.data[0].start_time.slice(0, 10); // not asked of the clock again: midnight may have passed
    expect((await list(`venue_id=${hall}&start_date=${day}`)).body.pagination.total).toBe(1);
    expect((await list(`venue_id=${hall}&end_date=${day}`)).body.pagination.total).toBe(0);
    expect((await list('status=completed')).body.data.map((e: { status: string }) => e.status)).toContain('completed');
    const paged = await list('per_page=1&page=2');
    expect([paged.body.data.length, paged.body.pagination.has_prev]).toEqual([1, true]);
    expect((await list('page=999')).body.data).toEqual([]);
  });

  it('400 VALIDATION_ERROR for filters that mean nothing, and for unknown ones', async () => {
    for (const query of ['page=0', 'page=x', 'per_page=101', 'status=sold', 'venue_id=7', 'start_date=soon', 'page=1e9', 'search=%00'])
      expect((await world.call('GET', `/api/v1/events?${query}`)).body.error?.code, query).toBe('VALIDATION_ERROR');
    const unknown = await world.call('GET', '/api/v1/events?colour=red&q=jazz&page=1');
    expect([unknown.status, unknown.body.error.code, Object.keys(unknown.body.error.details.fields)]).toEqual([
      400,
      'VALIDATION_ERROR',
      ['colour', 'q'],
    ]);
    expect(unknown.body.error.message).toMatch(/^colour is not a parameter here; these are: page, per_page, status, .*sort\.$/);
  });

  it('200 by id and by slug; 404 EVENT_NOT_FOUND for drafts, unknown ids and nonsense', async () => {
    const { id } = await show(world.db);
    const byId = await world.call('GET', `/api/v1/events/${id}`);
    expect(byId.body.data).toMatchObject({
      id,
      venue: { name: 'Hall', layout_config: {}, state: '' },
      price_tiers: [{ tier: 'Floor', price: 50, available: 5 }],
    });
    expect((await world.call('GET', `/api/v1/events/${byId.body.data.slug}`)).body.data.id).toBe(id);
    const draft = await show(world.db, { status: 'draft' });
    for (const other of [draft.id, '00000000-0000-4000-8000-000000000000', 'nothing', '17', '%E0%A4%A', '%F0%9F%8E%AB'])
      for (const path of [`/api/v1/events/${other}`, `/api/v1/events/${other}/seats`]) {
        const answer = await world.call('GET', path);
        expect([answer.status, answer.body.error?.code], path).toEqual([404, 'EVENT_NOT_FOUND']);
      }
    expect((await world.call('GET', '/api/v1/events/a%00b')).status).toBe(400);
  });
});

describe('seats', () => {
  it('200 with available seats, or those asked for; the summary counts what is available', async () => {
    const { id, seats } = await show(world.db, { seats: 3 });
    const buyer = await person(world.db);
    await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: [seats[1]] } });
    const get = async (query = '') => (await world.call('GET', `/api/v1/events/${id}/seats${query}`)).body.data;
    const map = await get();
    expect(map).toEqual({
      event_id: id,
      sections: [
        {
          name: 'Floor',
          rows: [{ row: 'A', seats: [0, 2].map((i) => ({ id: seats[i], seat_number: String(i + 1), price: 50, status: 'available' })) }],
        },
      ],
      summary: { total_available: 2, by_tier: { Floor: 2 } },
    });
    const states = async (query: string) =>
      (await get(query)).sections.flatMap((s: any) => s.rows.flatMap((r: any) => r.seats.map((x: any) => x.status)));
    expect(await states('?status=all')).toEqual(['available', 'held', 'available']);
    expect(await states('?status=held&section=Floor&price_tier=Floor')).toEqual(['held']);
    expect(await states('?section=Nowhere')).toEqual([]);
    await sql`with ended as (update places set held_until = now() - interval '1 second' where id = ${seats[1]!}::uuid returning *)
      insert into place_changes (event_id, place_ids, state, held_until) select event_id, array[id], 'held', held_until from ended`.execute(
      world.db,
    );
    expect(await states('')).toEqual(['available', 'available', 'available']);
    expect((await world.call('GET', `/api/v1/events/${id}/seats?status=sold`)).status).toBe(400);
  });

  it('200 with only what changed since a number, grouped and filtered as the whole map is', async () => {
    const made = await post(
      event({ name: 'Delta', ...sections({ name: 'Floor', rows: ['A', 'B'] }, { name: 'Balcony "left"', rows: ['A', 'C'], price: 12.5 }) }),
    );
    const path = `/api/v1/events/${made.body.data.id}/seats`;
    const whole = async () => (await world.call('GET', `${path}?status=all`)).body.data;
    const flat = (map: any) =>
      map.sections.flatMap((s: any) => s.rows.flatMap((r: any) => r.seats.map((x: any) => ({ section: s.name, row: r.row, ...x }))));
    const all = flat(await whole());
    const { headers } = await world.call('GET', path);
    const since = headers.get('x-seats-seq');
    const changed = async (query = '') => (await world.call('GET', `${path}?since=${since}${query}`)).body.data;
    expect(await changed()).toMatchObject({ event_id: made.body.data.id, seq: expect.any(Number), sections: [] });
    const taken = [all[0], all[1], all[25], all[41], all[79]]; // two of a row, another row, both rows of the other section
    const buyer = await person(world.db);
    await world.call('POST', '/api/v1/bookings', {
      token: buyer.token,
      body: { event_id: made.body.data.id, seat_ids: taken.map((s) => s.id) },
    });
    const delta = await changed();
    expect(flat(delta)).toEqual(taken.map((s) => ({ ...s, status: 'held' })));
    expect(delta.sections.map((s: any) => [s.name, s.rows.map((r: any) => r.row)])).toEqual([
      ['Floor', ['A', 'B']],
      ['Balcony "left"', ['A', 'C']],
    ]);
    expect(delta.summary).toEqual((await whole()).summary);
    expect(flat(await changed('&section=Floor'))).toHaveLength(3);
    expect(flat(await changed('&status=available'))).toEqual([]);
    const next = await world.call('GET', `${path}?since=${delta.seq}`);
    expect(next.body.data.seq).toBeGreaterThanOrEqual(delta.seq);
    expect(next.headers.get('x-seats-seq')).toBe(String(next.body.data.seq));
    expect((await world.call('GET', `${path}?since=${Number.MAX_SAFE_INTEGER}`)).body.data.seq).toBeUndefined(); // no gateway's number: the whole map
  });
});
