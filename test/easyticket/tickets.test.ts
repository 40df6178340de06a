// Ticket types, tiers, day passes and day+tier prices: made and changed by their organizer, under the rules of their event's pricing type.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setStock } from '../../services/inventory/stock.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { settle } from '../../services/orders/settlement.ts';
import { wish } from '../support/claims.ts';
import { type Examples, fromExamples } from '../support/contract/endpoints.ts';
import { contract } from '../support/contract/replay.ts';
import { lockWaits } from '../support/database.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { capture, person, show } from '../support/made.ts';
import { organized } from '../support/organized.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';
import { mutated } from '../support/waitlistWorld.ts';
import EXAMPLES from './examples.json' with { type: 'json' };
import { RULES } from './rules.ts';

type Json = Record<string, any>;
type Event = Awaited<ReturnType<typeof organized>>;

let world: World;
let buyer: { id: string; token: string };
beforeAll(async () => {
  world = await startWorld();
  buyer = await person(world.db);
});
afterAll(() => world?.stop());

// The seed names no parameter of the matrix, though it is of one ticket type.
const MATRIX = 'GET /api/tickets/day-tier-prices/matrix/';
const examples = { ...(EXAMPLES as unknown as Examples), [MATRIX]: { ...EXAMPLES[MATRIX], query: { ticket_type: '' } } } as Examples;
const seed = contract(
  fromExamples(examples).filter(({ path }) => /^\/api\/tickets\/(?!my-tickets)/.test(path)),
  RULES,
  (method, path, o) => world.call(method, path, o),
);

const send = (event: Event, method: string, path: string, body?: Json) =>
  world.call(method, `/api/tickets/${path}`, { token: event.organizer.token, body });

async function made(event: Event, path: string, body: Json): Promise<Json> {
  const answer = await send(event, 'POST', path, body);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body;
}

const type = (event: Event, more: Json = {}) =>
  made(event, 'types/', { event: event.id, name: 'Festival Pass', total_quantity: 100, ...more });
const tier = (n: number, more: Json = {}) => ({ tier_number: n, name: `Tier ${n}`, price: 50, quantity: 10, ...more });
const buy = (event: Event, offerId: string, quantity: number) =>
  claim(world.db, wish(buyer.id, event.id, { offers: [{ offerId, quantity }] }));
const shown = async (path: string) => (await world.call('GET', `/api/tickets/${path}`)).body;
const figures = ({ quantity_sold, available_quantity, is_sold_out }: Json) => [quantity_sold, available_quantity, is_sold_out];

describe('the examples', () => {
  it('of types, tiers, day passes and prices by day and tier are answered as the contract has them', async () => {
    const simple = await organized(world.db, 'simple', { capacity: 10_000 });
    const token = simple.organizer.token;
    const [start, end] = ['2025-11-01T00:00:00Z', new Date(Date.now() + 86_400_000).toISOString()];
    await seed.replay('POST /api/tickets/types/', { token, with: { event: simple.id, sales_start: start, sales_end: end } });

    const tiered = await organized(world.db, 'tiered', { organizer: simple.organizer });
    const vip = await type(tiered);
    await seed.replay('POST /api/tickets/tiers/', { token, with: { ticket_type: vip.id, quantity: 50, sales_end: end } });
    await seed.replay('GET /api/tickets/tiers/', { params: {}, token });

    const byDay = await organized(world.db, 'day_based', { organizer: simple.organizer, capacity: 50_000 });
    const pass = await type(byDay, { total_quantity: 50_000 });
    await seed.replay('POST /api/tickets/day-passes/', { token, with: { ticket_type: pass.id, date: byDay.days[1] } });
    await made(byDay, 'day-passes/', { ticket_type: pass.id, name: 'All Days Pass', price: '200.00', quantity: 5000, is_all_days: true });
    await seed.replay('GET /api/tickets/day-passes/');

    const both = await organized(world.db, 'tier_and_day', { organizer: simple.organizer, capacity: 50_000 });
    const festival = await type(both, {
      total_quantity: 50_000,
      max_purchase: 10,
      benefits: 'VIP lounge access',
      description: 'All of it',
    });
    const cell = (day: number, n: number) => ({
      ...{
        ticket_type: festival.id,
        day_number: day,
        day_name: `Day ${day}`,
        date: both.days[day - 1],
        tier_number: n,
        tier_name: `T${n}`,
      },
      ...{ price: 200, quantity: 500 },
    });
    for (const [day, n] of [
      [1, 1],
      [1, 2],
      [2, 1],
      [2, 2],
    ] as const)
      await made(both, 'day-tier-prices/', cell(day, n));
    await seed.replay('POST /api/tickets/day-tier-prices/', {
      token,
      with: { ticket_type: festival.id, date: both.days[2], sales_start: start, sales_end: end },
    });
    await seed.replay('GET /api/tickets/day-tier-prices/');
    expect((await world.call('GET', MATRIX.slice(4))).status).toBe(400);
    await seed.replay(MATRIX, { query: { ticket_type: festival.id } });
    const table = await shown(`day-tier-prices/matrix/?ticket_type=${festival.id}`);
    expect(Object.keys(table.matrix)).toEqual(['1', '2', '3']);
    expect(table.matrix['1']['2']).toMatchObject({ price: '200.00', quantity: 500, available_quantity: 500, is_sold_out: false });
    expect([table.days.length, table.tiers.length]).toEqual([3, 2]);
    await seed.replay('GET /api/tickets/types/{id}/', { params: { id: festival.id } });
    await seed.replay('GET /api/tickets/types/');
    expect(seed.unplayed()).toEqual([]);
  });
});

describe('what is left', () => {
  it('is the lesser of the type and the tier, sold counts at once, and Evently says the same of the whole', async () => {
    const event = await organized(world.db, 'tiered');
    const festival = await type(event, { total_quantity: 12 });
    const [a, b] = [
      await made(event, 'tiers/', { ticket_type: festival.id, ...tier(1) }),
      await made(event, 'tiers/', { ticket_type: festival.id, ...tier(2) }),
    ];
    const order = await buy(event, a.id, 8);
    expect(figures(await shown(`tiers/${a.id}/`))).toEqual([0, 2, false]);
    expect(figures(await shown(`tiers/${b.id}/`))).toEqual([0, 4, false]);
    await capture(world.db, order.id);
    await settle(world.db, order.id, TICKET_KEYS);
    expect(figures(await shown(`tiers/${a.id}/`))).toEqual([8, 2, false]);
    expect(figures(await shown(`types/${festival.id}/`))).toEqual([8, 4, false]);
    const seen = (await world.call('GET', `/api/v1/events/${event.id}`)).body.data;
    expect([seen.available_seats, seen.price_tiers]).toEqual([4, [{ tier: 'Festival Pass', price: 50, available: 4 }]]);
    const seats = (await world.call('GET', `/api/v1/events/${event.id}/seats`)).body.data;
    expect(JSON.stringify(seats)).not.toContain('"price":0');
  });

  it('of a type counts against its event before any tier of it stands: the capacity cannot be less', async () => {
    const event = await organized(world.db, 'tiered');
    await type(event, { total_quantity: 100 });
    const resize = (total_capacity: number) =>
      world.call('PATCH', `/api/events/${event.slug}/`, { token: event.organizer.token, body: { total_capacity } });
    const small = await resize(99);
    expect([small.status, Object.keys(small.body.field_errors)]).toEqual([400, ['total_capacity']]);
    expect((await resize(100)).status).toBe(200);
  });

  it('has no numbered seats beside tiers, and none at a price of a free event, whichever API asks for them', async () => {
    const seats = { seat_configuration: { sections: [{ name: 'Floor', rows: ['A'], seats_per_row: 2, price: 10 }] } };
    const plan = (event: Event) => world.call('PUT', `/api/v1/admin/events/${event.id}`, { token: event.organizer.token, body: seats });
    const tiered = await plan(await organized(world.db, 'tiered'));
    expect([tiered.status, tiered.body.error.message]).toEqual([409, expect.stringContaining('tiered')]);
    const free = await organized(world.db, 'simple');
    await world.db.updateTable('events').set({ is_free: true }).where('id', '=', free.id).execute();
    const priced = await plan(free);
    expect([priced.status, priced.body.error.message]).toEqual([400, expect.any(String)]);
    expect(await world.db.selectFrom('offers').select('id').where('event_id', '=', free.id).execute()).toEqual([]);
  });

  it('a type above the sum of its tiers sells the sum, and more once a tier is added', async () => {
    const event = await organized(world.db, 'tiered');
    const festival = await type(event, { total_quantity: 100 });
    expect(figures(await shown(`types/${festival.id}/`))).toEqual([0, 0, true]);
    await made(event, 'tiers/', { ticket_type: festival.id, ...tier(1, { quantity: 30 }) });
    expect(figures(await shown(`types/${festival.id}/`))).toEqual([0, 30, false]);
    const second = await made(event, 'tiers/', { ticket_type: festival.id, ...tier(2, { quantity: 90 }) });
    expect(figures(await shown(`types/${festival.id}/`))).toEqual([0, 100, false]);
    await send(event, 'PATCH', `tiers/${second.id}/`, { is_active: false });
    expect(figures(await shown(`types/${festival.id}/`))).toEqual([0, 30, false]);
    expect(await buy(event, second.id, 1).catch((error) => error.code)).toBe('event_not_on_sale');
  });

  it('a quantity grows and shrinks, but not below what is sold or held; what stands in an old order is put aside', async () => {
    const event = await organized(world.db, 'simple');
    const simple = await type(event, { price: 10, total_quantity: 5 });
    const order = await buy(event, simple.id, 3);
    const less = await send(event, 'PATCH', `types/${simple.id}/`, { total_quantity: 2 });
    expect([less.status, less.body.field_errors.total_quantity[0]]).toEqual([400, expect.stringContaining('3 are held')]);
    await sql`update orders set expires_at = now() - interval '1 second' where id = ${order.id}::uuid`.execute(world.db);
    await sql`update places set held_until = now() - interval '1 second' where order_id = ${order.id}::uuid`.execute(world.db);
    const fewer = await send(event, 'PATCH', `types/${simple.id}/`, { total_quantity: 1 });
    expect([fewer.status, figures(fewer.body)]).toEqual([200, [0, 1, false]]);
    const more = await send(event, 'PATCH', `types/${simple.id}/`, { total_quantity: 7 });
    expect(figures(more.body)).toEqual([0, 7, false]);
    expect((await buy(event, simple.id, 7)).places).toHaveLength(7);
  });

  it('of a closed tier comes back to nobody: its type is sold out, and is not among what can be bought', async () => {
    const event = await organized(world.db, 'tiered');
    const festival = await type(event, { total_quantity: 10 });
    const closed = await made(event, 'tiers/', { ticket_type: festival.id, ...tier(1, { quantity: 3 }) });
    const open = await made(event, 'tiers/', { ticket_type: festival.id, ...tier(2, { quantity: 2 }) });
    const order = await buy(event, closed.id, 3);
    await send(event, 'PATCH', `tiers/${closed.id}/`, { is_active: false });
    const available = async () => (await shown('types/available/?page_size=100')).results.map((t: Json) => t.id);
    expect([figures(await shown(`types/${festival.id}/`)), (await available()).includes(festival.id)]).toEqual([[0, 2, false], true]);

    await buy(event, open.id, 2);
    for (const table of ['places', 'slots'])
      await sql`update ${sql.table(table)} set held_until = now() - interval '1 second' where order_id = ${order.id}::uuid`.execute(
        world.db,
      );
    expect([figures(await shown(`types/${festival.id}/`)), (await available()).includes(festival.id)]).toEqual([[0, 0, true], false]);
  });

  it('a section of numbered seats is not resized, renamed or deleted as a type is: its seat plan says what it has', async () => {
    const organizer = await person(world.db, 'organizer');
    const event = await show(world.db, { sections: [{ name: 'Stalls', rows: ['A'], seatsPerRow: 4, priceMinor: 5000 }] });
    await sql`update events set organizer_id = ${organizer.id}::uuid where id = ${event.id}::uuid`.execute(world.db);
    const { id } = (await shown(`types/by_event/?event_id=${event.id}`)).results[0];
    const call = (method: string, body?: Json) => world.call(method, `/api/tickets/types/${id}/`, { token: organizer.token, body });
    for (const body of [{ total_quantity: 3 }, { total_quantity: 4, name: 'Pit' }]) {
      const refused = await call('PATCH', body);
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('seat plan')]);
    }
    expect((await call('DELETE')).status).toBe(400);
    const dearer = await call('PATCH', { price: '60.00' });
    expect([dearer.status, dearer.body.price, figures(dearer.body)]).toEqual([200, '60.00', [0, 4, false]]);
  });

  it('two types of one event put aside what stands in old orders at once; without their turn one fails, so that this can fail', async () => {
    const event = await organized(world.db, 'simple');
    const shrunk = async (second: typeof world.db) => {
      const old: { id: string; event_id: string }[] = [];
      for (let i = 0; i < 3; i++) {
        const { id } = await type(event, { price: 10, total_quantity: 5 });
        const order = await buy(event, id, 5);
        await sql`update places set held_until = now() - interval '1 second' where order_id = ${order.id}::uuid`.execute(world.db);
        old.push({ id, event_id: event.id });
      }
      const fewer = (db: typeof world.db, i: number, before?: () => Promise<unknown>) =>
        db.transaction().execute(async (tx) => {
          await setStock(tx, 'places', old[i]!, 1, 'total');
          await before?.();
        });
      await fewer(world.db, 0);

      // The second begins while the first has not committed, and waits for it.
      let rival: Promise<string> = Promise.resolve('');
      await fewer(world.db, 1, async () => {
        rival = fewer(second, 2).then(
          () => 'done',
          (error) => error.code as string,
        );
        await lockWaits(world.db, 1);
      });
      return rival;
    };
    expect(await shrunk(world.db)).toBe('done');
    const { db: broken, met } = mutated(world.db, [['select pg_advisory_xact_lock(hashtextextended(', 'select (hashtextextended(']]);
    expect([await shrunk(broken), met.size]).toEqual(['23505', 1]);
  });

  it('resized beside claims, nothing is sold twice and nothing is lost', async () => {
    const event = await organized(world.db, 'tiered');
    const festival = await type(event, { total_quantity: 40 });
    const vip = await made(event, 'tiers/', { ticket_type: festival.id, ...tier(1, { quantity: 20 }) });
    const claims: Promise<number>[] = [];
    for (let i = 0; i < 12; i++) {
      claims.push(
        buy(event, vip.id, 2).then(
          () => 2,
          () => 0,
        ),
      );
      await send(event, 'PATCH', `tiers/${vip.id}/`, { quantity: i % 2 ? 20 : 24 });
    }
    const held = (await Promise.all(claims)).reduce((sum, n) => sum + n, 0);
    const now = await shown(`tiers/${vip.id}/`);
    expect(now.quantity - now.available_quantity).toBe(held);
    const { rows } = await sql<{ slots: number; places: number; items: number }>`select
      (select count(*)::int from slots where offer_id = ${vip.id}::uuid and order_id is not null) as slots,
      (select count(*)::int from places where offer_id = ${festival.id}::uuid and order_id is not null) as places,
      (select count(*)::int from order_items where offer_id = ${vip.id}::uuid) as items`.execute(world.db);
    expect(rows[0]).toEqual({ slots: held, places: held, items: held });
  });
});

describe('the rules of the pricing type', () => {
  const refusals = async (event: Event, path: string, body: Json) => {
    const { status, body: said } = await send(event, 'POST', path, body);
    return [status, Object.keys(said.field_errors ?? {})[0]];
  };

  it('tie a type to its event: another pricing type, a price where there is none or none where there is one', async () => {
    const [simple, tiered] = [await organized(world.db, 'simple'), await organized(world.db, 'tiered')];
    const base = { name: 'X', total_quantity: 10 };
    expect(await refusals(simple, 'types/', { event: simple.id, ...base, pricing_type: 'tiered' })).toEqual([400, 'pricing_type']);
    expect(await refusals(simple, 'types/', { event: simple.id, ...base })).toEqual([400, 'price']);
    expect(await refusals(tiered, 'types/', { event: tiered.id, ...base, price: 5 })).toEqual([400, 'price']);
    expect(await refusals(simple, 'types/', { event: simple.id, ...base, price: 5, min_purchase: 3, max_purchase: 2 })).toEqual([
      400,
      'max_purchase',
    ]);
    expect(await refusals(simple, 'types/', { event: simple.id, ...base, price: 5, total_quantity: 1001 })).toEqual([
      400,
      'total_quantity',
    ]);
    expect(await refusals(simple, 'types/', { event: simple.id, ...base, price: 0.2 })).toEqual([400, 'price']);
    expect(await refusals(simple, 'types/', { event: simple.id, ...base, price: '5.123' })).toEqual([400, 'price']);
    const late = { sales_start: '2098-01-02T00:00:00Z', sales_end: '2098-01-01T00:00:00Z' };
    expect(await refusals(simple, 'types/', { event: simple.id, ...base, price: 5, ...late })).toEqual([400, 'sales_end']);
    expect((await send(simple, 'POST', 'types/', { event: randomUUID(), ...base, price: 5 })).status).toBe(404);
    expect((await send(tiered, 'POST', 'types/', { event: simple.id, ...base, price: 5 })).status).toBe(403);
  });

  it('say what may stand below a type, once each, and of which day', async () => {
    const [tiered, byDay, both] = [
      await organized(world.db, 'tiered'),
      await organized(world.db, 'day_based'),
      await organized(world.db, 'tier_and_day'),
    ];
    const [t, d, b] = [await type(tiered), await type(byDay), await type(both)];
    expect(
      await refusals(tiered, 'day-passes/', { ticket_type: t.id, name: 'D', day_number: 1, date: tiered.days[0], price: 5, quantity: 5 }),
    ).toEqual([400, 'pricing_type']);
    expect(await refusals(both, 'tiers/', { ticket_type: b.id, ...tier(1) })).toEqual([400, 'pricing_type']);
    await made(tiered, 'tiers/', { ticket_type: t.id, ...tier(1) });
    expect(await refusals(tiered, 'tiers/', { ticket_type: t.id, ...tier(1) })).toEqual([400, 'tier_number']);
    expect(await refusals(tiered, 'tiers/', { ticket_type: randomUUID(), ...tier(1) })).toEqual([400, 'ticket_type']);
    expect((await send(byDay, 'POST', 'tiers/', { ticket_type: t.id, ...tier(2) })).status).toBe(403);

    const pass = { ticket_type: d.id, name: 'Day', price: 5, quantity: 5 };
    expect(await refusals(byDay, 'day-passes/', { ...pass })).toEqual([400, 'day_number']);
    expect(await refusals(byDay, 'day-passes/', { ...pass, day_number: 1 })).toEqual([400, 'date']);
    expect(await refusals(byDay, 'day-passes/', { ...pass, day_number: 1, date: '2001-01-01' })).toEqual([400, 'date']);
    expect(await refusals(byDay, 'day-passes/', { ...pass, day_number: 1, date: byDay.days[0], is_all_days: true })).toEqual([
      400,
      'day_number',
    ]);
  });

  it("a day's ticket sells until its day is over at the venue, while earlier days run; a pass for all days until the start", async () => {
    const event = await organized(world.db, 'day_based');
    const festival = await type(event);
    const day = (n: number) =>
      made(event, 'day-passes/', {
        ticket_type: festival.id,
        name: `Day ${n}`,
        day_number: n,
        date: event.days[n - 1],
        price: 5,
        quantity: 5,
      });
    const [first, second] = [await day(1), await day(2)];
    const all = await made(event, 'day-passes/', { ticket_type: festival.id, name: 'All', is_all_days: true, price: 9, quantity: 5 });
    const midnight = await sql<{ at: Date }>`select (${event.days[1]}::date)::timestamp at time zone 'America/New_York' as at`.execute(
      world.db,
    );
    expect(new Date(first.sales_end).getTime()).toBe(midnight.rows[0]!.at.getTime());

    // The first day is over, the second runs: all of it moved back in time, so that it is the second's noon now.
    const back = sql`(${midnight.rows[0]!.at}::timestamptz + interval '12 hours' - now())`;
    await sql`update events set starts_at = starts_at - ${back}, ends_at = ends_at - ${back} where id = ${event.id}::uuid`.execute(
      world.db,
    );
    await sql`update offers set sales_end = sales_end - ${back} where event_id = ${event.id}::uuid`.execute(world.db);
    const outcomes = [];
    for (const offer of [first, second, all])
      outcomes.push(
        await buy(event, offer.id, 1).then(
          (o) => o.places.length,
          (error) => error.code,
        ),
      );
    expect(outcomes).toEqual(['event_over', 1, 'event_over']);
    expect([(await shown(`day-passes/${first.id}/`)).is_on_sale, (await shown(`day-passes/${second.id}/`)).is_on_sale]).toEqual([
      false,
      true,
    ]);
  });

  it('once somebody bought it, its price changes for new orders, its day and tier no more, and it is closed instead of deleted', async () => {
    const event = await organized(world.db, 'tiered');
    const festival = await type(event);
    const vip = await made(event, 'tiers/', { ticket_type: festival.id, ...tier(1) });
    const order = await buy(event, vip.id, 1);
    const dearer = await send(event, 'PATCH', `tiers/${vip.id}/`, { price: '75.50' });
    expect([dearer.status, dearer.body.price, order.total_minor]).toEqual([200, '75.50', 5000]);
    const moved = await send(event, 'PATCH', `tiers/${vip.id}/`, { tier_number: 9 });
    expect([moved.status, Object.keys(moved.body.field_errors)]).toEqual([400, ['tier_number']]);
    for (const path of [`tiers/${vip.id}/`, `types/${festival.id}/`]) {
      const gone = await send(event, 'DELETE', path);
      expect([gone.status, gone.body.code]).toEqual([400, 'not_changeable']);
    }
    const other = await made(event, 'tiers/', { ticket_type: festival.id, ...tier(2) });
    expect((await send(event, 'DELETE', `tiers/${other.id}/`)).status).toBe(204);
    expect((await world.call('GET', `/api/tickets/tiers/${other.id}/`)).status).toBe(404);
  });
});

describe('who may', () => {
  it('only the organizer of the event and admins write; ids of another kind are nothing; drafts are seen by their own', async () => {
    const event = await organized(world.db, 'tiered', { status: 'draft' });
    const stranger = await person(world.db, 'organizer');
    const admin = await person(world.db, 'admin');
    const festival = await type(event);
    const vip = await made(event, 'tiers/', { ticket_type: festival.id, ...tier(1) });
    const as = (token: string | undefined, method: string, path: string, body?: Json) =>
      world.call(method, `/api/tickets/${path}`, { token, body });
    for (const path of [`tiers/${vip.id}/`, `types/${festival.id}/`]) {
      expect((await as(stranger.token, 'PATCH', path, { name: 'Mine' })).status).toBe(403);
      expect((await as(stranger.token, 'DELETE', path)).status).toBe(403);
      expect((await as(buyer.token, 'PATCH', path, { name: 'Mine' })).body.detail).toBe('Only organizers can access this endpoint.');
      expect((await as(undefined, 'GET', path)).status).toBe(404);
      expect((await as(stranger.token, 'GET', path)).status).toBe(404);
      expect((await as(event.organizer.token, 'GET', path)).status).toBe(200);
      expect((await as(admin.token, 'PATCH', path, { name: 'Ours' })).status).toBe(200);
    }
    expect((await as(event.organizer.token, 'GET', `day-passes/${vip.id}/`)).status).toBe(404);
    expect((await as(event.organizer.token, 'PATCH', `day-passes/${vip.id}/`, { name: 'x' })).status).toBe(404);
    expect((await as(event.organizer.token, 'DELETE', `types/${vip.id}/`)).status).toBe(404);
    for (const id of ['17', 'null', "'; drop"]) expect((await as(undefined, 'GET', `types/${encodeURIComponent(id)}/`)).status).toBe(404);
  });
});

describe('lists', () => {
  it('filter, order and page; unknown orders and parameters are named', async () => {
    const event = await organized(world.db, 'simple');
    const names = ['Zebra', 'Ärger', 'Mitte'];
    for (const [i, name] of names.entries())
      await type(event, { name, price: 10 + i, total_quantity: 10 * (i + 1), benefits: i ? 'Sekt' : '' });
    const list = async (query: string) => (await shown(`types/?event=${event.id}&${query}`)).results?.map((t: Json) => t.name);
    expect(await list('ordering=price')).toEqual(names);
    expect(await list('ordering=-total_quantity')).toEqual(['Mitte', 'Ärger', 'Zebra']);
    expect(await list('search=arger')).toEqual(['Ärger']);
    expect(await list('search=sekt&ordering=price')).toEqual(['Ärger', 'Mitte']);
    expect(await list('pricing_type=tiered')).toEqual([]);
    expect(await list('is_active=false')).toEqual([]);
    expect(await list('is_on_sale=true&ordering=price')).toEqual(names);
    const page = await shown(`types/?event=${event.id}&ordering=price&page=2&page_size=2`);
    expect([page.count, page.results.length, page.next, page.previous.endsWith('page=1&page_size=2')]).toEqual([3, 1, null, true]);
    expect((await world.call('GET', '/api/tickets/types/?ordering=secret')).body.field_errors.ordering).toBeDefined();
    expect((await world.call('GET', '/api/tickets/types/by_event/')).body.field_errors.event_id).toBeDefined();
    expect((await shown(`types/by_event/?event_id=${event.id}`)).count).toBe(3);
    expect((await shown('types/available/?page_size=100')).results.every((t: Json) => t.available_quantity > 0 && t.is_on_sale)).toBe(true);
  });
});
