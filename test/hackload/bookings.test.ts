// Bookings by the contest's own document: made empty, filled seat by seat, released, cancelled, listed.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settle } from '../../services/orders/settlement.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { authorization, type Buyer, buyerOf } from '../support/hackload.ts';
import { capture, show } from '../support/made.ts';

let world: World;
let anna: Buyer;
let boris: Buyer;
let event: number;
let seats: number[];

const numberOf = async (table: 'events', id: string) =>
  (await world.db.selectFrom(table).select('number').where('id', '=', id).executeTakeFirstOrThrow()).number;

async function hall(o: Parameters<typeof show>[1] = {}) {
  const { id } = await show(world.db, { seats: 10, priceMinor: 15_000, currency: 'KZT', ...o });
  const rows = await world.db.selectFrom('places').select('number').where('event_id', '=', id).orderBy('position').execute();
  return { id, number: await numberOf('events', id), seats: rows.map((row) => row.number) };
}

const book = async (who: Buyer, eventId = event): Promise<number> =>
  (await who.call('POST', '/api/bookings', { event_id: eventId })).body.id;
const select = (who: Buyer, booking: number, seat: number) =>
  who.call('PATCH', '/api/seats/select', { booking_id: booking, seat_id: seat });
const free = async (eventId = event) =>
  (await world.call('GET', `/api/seats?event_id=${eventId}&status=FREE`)).body.map((seat: { id: number }) => seat.id).sort();

beforeAll(async () => {
  world = await startWorld();
  [anna, boris] = await Promise.all([buyerOf(world), buyerOf(world)]);
  ({ number: event, seats } = await hall());
});
afterAll(() => world?.stop());

describe('bookings', () => {
  it('201 with an id; the booking is empty, and listed for its owner alone', async () => {
    const made = await anna.call('POST', '/api/bookings', { event_id: event });
    expect([made.status, made.body]).toEqual([201, { id: expect.any(Number) }]);
    expect((await anna.call('GET', '/api/bookings')).body).toContainEqual({ id: made.body.id, event_id: event, seats: [] });
    expect((await boris.call('GET', '/api/bookings')).body).toEqual([]);
  });

  it('400 for a body that is none, 401 without credentials or with wrong ones, 404 for no such event', async () => {
    for (const body of [{}, { event_id: 'one' }, { event_id: 0 }, { event_id: 1.5 }, [], 'x', { event_id: 2 ** 60 }])
      expect((await anna.call('POST', '/api/bookings', body)).status, JSON.stringify(body)).toBe(400);
    expect((await world.call('POST', '/api/bookings', { body: { event_id: event } })).status).toBe(401);
    const wrong = await world.call('GET', '/api/bookings', { headers: { authorization: authorization(anna.email, 'wrong') } });
    expect([wrong.status, wrong.body.error]).toEqual([401, 'unauthorized']);
    expect(wrong.headers.get('www-authenticate')).toBe('Basic realm="Billetter", charset="UTF-8"');
    for (const header of ['Basic', 'Basic !!!', 'Basic OnNlY3JldA==', 'Bearer x', `Basic ${Buffer.from('no colon').toString('base64')}`])
      expect((await world.call('GET', '/api/bookings', { headers: { authorization: header } })).status, header).toBe(401);
    expect((await anna.call('POST', '/api/bookings', { event_id: 999_999_999 })).status).toBe(404);
  });

  it('a page of another site cannot book with the credentials that a browser remembers', async () => {
    const headers = { authorization: anna.authorization, origin: 'https://evil.example' };
    const forged = await world.call('POST', '/api/bookings', { body: { event_id: event }, headers });
    expect(forged.status).toBe(403);
    const own = { ...headers, origin: new URL(world.gateway.config.http.publicUrl).origin, 'content-type': 'application/json' };
    expect((await world.call('POST', '/api/bookings', { body: { event_id: event }, headers: own })).status).toBe(201);
  });

  it('at most so many unpaid bookings at once', async () => {
    const many = await buyerOf(world);
    const { maxOpen } = world.gateway.config.apis.hackload;
    const made = await Promise.all(Array.from({ length: maxOpen + 5 }, () => many.call('POST', '/api/bookings', { event_id: event })));
    expect(made.filter(({ status }) => status === 201)).toHaveLength(maxOpen);
    const refused = made.find(({ status }) => status !== 201)!;
    expect([refused.status, refused.body.error]).toEqual([419, 'limit']);
    expect(refused.body.message).toContain(`At most ${maxOpen}`);
  });
});

describe('seats', () => {
  it('selected: reserved, in the booking, and nobody else can have it; a repeated call is no refusal', async () => {
    const [mine, theirs] = [await book(anna), await book(boris)];
    const seat = seats[0]!;
    expect((await select(anna, mine, seat)).status).toBe(200);
    expect((await select(anna, mine, seat)).status).toBe(200);
    const lost = await select(boris, theirs, seat);
    expect([lost.status, lost.body.error]).toEqual([419, 'conflict']);

    expect((await anna.call('GET', '/api/bookings')).body).toContainEqual({ id: mine, event_id: event, seats: [{ id: seat }] });
    const reserved = await world.call('GET', `/api/seats?event_id=${event}&status=RESERVED`);
    expect(reserved.body).toEqual([{ id: seat, row: 1, number: 1, status: 'RESERVED', price: '150.00' }]);
    expect(await free()).not.toContain(seat);
  });

  it("403 for somebody else's booking, 404 for none, 404 for no such seat, 419 for a seat of another event", async () => {
    const mine = await book(anna);
    const other = await hall();
    expect((await select(boris, mine, seats[1]!)).status).toBe(403);
    expect((await select(anna, 999_999_999, seats[1]!)).status).toBe(404);
    expect((await select(anna, mine, 999_999_999)).status).toBe(404);
    expect((await select(anna, mine, other.seats[0]!)).status).toBe(419);
    expect(await free()).toContain(seats[1]);
  });

  it('released: free again; 403 for another buyer, 419 for a seat in no booking, 404 for none', async () => {
    const mine = await book(anna);
    const seat = seats[2]!;
    await select(anna, mine, seat);
    expect((await boris.call('PATCH', '/api/seats/release', { seat_id: seat })).status).toBe(403);
    expect((await anna.call('PATCH', '/api/seats/release', { seat_id: seat })).status).toBe(200);
    expect((await anna.call('PATCH', '/api/seats/release', { seat_id: seat })).status).toBe(419);
    expect((await anna.call('PATCH', '/api/seats/release', { seat_id: 999_999_999 })).status).toBe(404);
    expect(await free()).toContain(seat);
  });

  it('of many who select one seat at once exactly one has it', async () => {
    const buyers = await Promise.all(Array.from({ length: 8 }, () => buyerOf(world)));
    const bookings = await Promise.all(buyers.map((who) => book(who)));
    const answers = await Promise.all(buyers.map((who, i) => select(who, bookings[i]!, seats[9]!)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(419)]);
  });

  it('at most so many seats of one event for one buyer, over all bookings and however many calls come at once', async () => {
    const { maxPerAccount } = world.gateway.config.apis.hackload;
    const large = await hall({ seats: maxPerAccount + 10 });
    const greedy = await buyerOf(world);
    const bookings = await Promise.all([book(greedy, large.number), book(greedy, large.number)]);
    const answers = await Promise.all(large.seats.map((seat, i) => select(greedy, bookings[i % 2]!, seat)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(maxPerAccount);
    const refused = answers.find(({ status }) => status !== 200)!;
    expect([refused.status, refused.body.error]).toEqual([419, 'limit']);
  });

  it('no seat that is added or refused prolongs the booking', async () => {
    const mine = await book(anna);
    const until = async () =>
      (await world.db.selectFrom('orders').select('expires_at').where('number', '=', mine).executeTakeFirstOrThrow()).expires_at;
    const before = await until();
    await select(anna, mine, seats[3]!);
    await select(anna, mine, seats[0]!);
    expect(await until()).toEqual(before);
  });

  it('419 once the booking has ended: nothing is added to it, and its seats are free', async () => {
    const mine = await book(anna);
    await select(anna, mine, seats[4]!);
    await sql`update orders set expires_at = now() - interval '1 second' where number = ${mine}`.execute(world.db);
    await sql`update places set held_until = now() - interval '1 second' where number = ${seats[4]}`.execute(world.db);
    expect((await select(anna, mine, seats[5]!)).status).toBe(419);
    expect((await anna.call('GET', '/api/bookings')).body.map(({ id }: { id: number }) => id)).not.toContain(mine);
    expect((await select(boris, await book(boris), seats[4]!)).status).toBe(200);
  });
});

describe('cancelling', () => {
  it('200, twice too; the seats are free; 403 and 404 otherwise', async () => {
    const mine = await book(anna);
    await select(anna, mine, seats[6]!);
    expect((await boris.call('PATCH', '/api/bookings/cancel', { booking_id: mine })).status).toBe(403);
    expect((await anna.call('PATCH', '/api/bookings/cancel', { booking_id: 999_999_999 })).status).toBe(404);
    expect((await anna.call('PATCH', '/api/bookings/cancel', { booking_id: mine })).status).toBe(200);
    expect((await anna.call('PATCH', '/api/bookings/cancel', { booking_id: mine })).status).toBe(200);
    expect(await free()).toContain(seats[6]);
    expect((await select(anna, mine, seats[6]!)).status).toBe(419);
  });
});

describe('refunds', () => {
  const HOUR = 3_600_000;

  /** A paid booking of an event that begins in so many hours, with refunds until twelve hours before. */
  async function paid(hours: number): Promise<{ booking: number; orderId: string; number: number }> {
    const { id, number, seats: places } = await hall({ startsInMs: hours * HOUR });
    await world.db
      .updateTable('events')
      .set({ refund_until_minutes: 12 * 60 })
      .where('id', '=', id)
      .execute();
    const booking = await book(anna, number);
    await select(anna, booking, places[0]!);
    const order = await world.db.selectFrom('orders').select('id').where('number', '=', booking).executeTakeFirstOrThrow();
    await capture(world.db, order.id);
    await settle(world.db, order.id, world.gateway.ticketKeys);
    return { booking, orderId: order.id, number };
  }

  it('13 hours before: 200, the seat is free and the money owed; 11 hours before: 419 and the seat stays sold', async () => {
    const early = await paid(13);
    const sold = `/api/seats?event_id=${early.number}&status=SOLD`;
    expect((await world.call('GET', sold)).body).toHaveLength(1);
    expect((await anna.call('PATCH', '/api/bookings/cancel', { booking_id: early.booking })).status).toBe(200);
    expect((await world.call('GET', sold)).body).toEqual([]);
    const refunds = await world.db.selectFrom('refunds').select('amount_minor').where('order_id', '=', early.orderId).execute();
    expect(refunds).toEqual([{ amount_minor: 15_000 }]);

    const late = await paid(11);
    expect((await anna.call('PATCH', '/api/bookings/cancel', { booking_id: late.booking })).status).toBe(419);
    expect((await anna.call('GET', '/api/bookings')).body.map(({ id }: { id: number }) => id)).toContain(late.booking);
    const { body } = await anna.call('GET', `/api/analytics?id=${late.number}`);
    expect(body).toMatchObject({ sold_seats: 1, reserved_seats: 0, free_seats: 9, total_revenue: '150.00', bookings_count: 1 });
  });
});

describe('analytics', () => {
  it('counts seats and bookings, of the event and of each zone', async () => {
    const zones = ['A', 'B'].map((name, i) => ({ name, rows: ['1', '2'], seatsPerRow: 5, priceMinor: 4_000_000 * (i + 1) }));
    const two = await hall({ sections: zones });
    const mine = await book(anna, two.number);
    await select(anna, mine, two.seats[0]!);
    const { status, body } = await anna.call('GET', `/api/analytics?id=${two.number}`);
    const counted = { total_seats: 20, sold_seats: 0, reserved_seats: 1, free_seats: 19, total_revenue: '0.00' };
    expect([status, body]).toMatchObject([200, { event_id: two.number, ...counted, bookings_count: 1 }]);
    expect(body.zones.map((zone: { name: string; price: string; free_seats: number }) => [zone.name, zone.price, zone.free_seats])).toEqual(
      [
        ['A', '40000.00', expect.any(Number)],
        ['B', '80000.00', expect.any(Number)],
      ],
    );
    expect((await anna.call('GET', '/api/analytics?id=999999999')).status).toBe(404);
    expect((await anna.call('GET', '/api/analytics')).status).toBe(400);
  });
});
