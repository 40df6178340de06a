// GET /api/seats: filters, pages, and the order of free seats that keeps buyers apart.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { type Buyer, buyerOf } from '../support/hackload.ts';
import { show } from '../support/made.ts';

type Seat = { id: number; row: number; number: number; status: string; price: string };

let world: World;
let event: number;
let all: number[];

const list = async (query: string, headers: Record<string, string> = {}) =>
  world.call('GET', `/api/seats?event_id=${event}${query}`, { headers });

/** Every page until an empty one. */
async function pages(query: string, headers: Record<string, string> = {}, between?: (page: number) => Promise<unknown>): Promise<Seat[]> {
  const seats: Seat[] = [];
  for (let page = 1; ; page++) {
    const { status, body } = await list(`${query}&page=${page}`, headers);
    expect(status).toBe(200);
    if (!body.length) return seats;
    seats.push(...body);
    await between?.(page);
  }
}

const ids = (seats: Seat[]) => seats.map((seat) => seat.id);
const sorted = (numbers: number[]) => [...numbers].sort((a, b) => a - b);

beforeAll(async () => {
  world = await startWorld();
  const sections = ['Front', 'Back'].map((name, i) => ({
    name,
    rows: Array.from({ length: 10 }, (_, r) => String(i * 10 + r + 1)),
    seatsPerRow: 20,
    priceMinor: 20_000 * (i + 1),
  }));
  const { id } = await show(world.db, { sections, currency: 'KZT' });
  event = (await world.db.selectFrom('events').select('number').where('id', '=', id).executeTakeFirstOrThrow()).number;
  all = (await world.db.selectFrom('places').select('number').where('event_id', '=', id).execute()).map((row) => row.number);
});
afterAll(() => world?.stop());

describe('GET /api/seats', () => {
  it('20 a page in the order of the hall; a row by its number; prices of the zone', async () => {
    const first = (await list('')).body as Seat[];
    expect(first).toHaveLength(20);
    expect(first[0]).toEqual({ id: expect.any(Number), row: 1, number: 1, status: 'FREE', price: '200.00' });
    expect(first.map((seat) => seat.number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    const row = (await list('&row=13&pageSize=3&page=2')).body as Seat[];
    expect(row.map(({ row: r, number, price }) => [r, number, price])).toEqual([4, 5, 6].map((n) => [13, n, '400.00']));
    expect((await list('&row=99')).body).toEqual([]);
    expect((await list('&page=1000000')).body).toEqual([]);
    expect(sorted(ids(await pages('')))).toEqual(sorted(all));
  });

  it('400 for what is not as stated, 404 for no such event', async () => {
    for (const query of ['&pageSize=21', '&pageSize=0', '&page=0', '&page=x', '&row=0', '&status=free', '&status=BOOKED', '&pageSize=1e1'])
      expect((await list(query)).status, query).toBe(400);
    for (const query of ['', '?event_id=', '?event_id=x', '?event_id=0', '?event_id=99999999999999999999', '?event_id=1&event_id=2'])
      expect((await world.call('GET', `/api/seats${query}`)).status, query).toBe(400);
    expect((await world.call('GET', '/api/seats?event_id=999999999')).status).toBe(404);
  });
});

describe('the order of free seats', () => {
  it('pages are complete and each seat comes once, for a buyer and for an anonymous reader without cookies', async () => {
    const anna = await buyerOf(world);
    for (const headers of [{ authorization: anna.authorization }, {}] as Record<string, string>[])
      expect(sorted(ids(await pages('&status=FREE&pageSize=7', headers)))).toEqual(sorted(all));
  });

  it('is the same for one buyer each time, and another one for another', async () => {
    const [anna, boris] = await Promise.all([buyerOf(world), buyerOf(world)]);
    const first = async (who: Buyer) => ids((await list('&status=FREE', { authorization: who.authorization })).body);
    expect(await first(anna)).toEqual(await first(anna));
    expect(await first(anna)).not.toEqual(await first(boris));
    expect(ids((await list('&status=FREE&row=3', { authorization: anna.authorization })).body)).toHaveLength(20);
  });

  it('an anonymous reader keeps the order with the cookie of the first page', async () => {
    const first = await list('&status=FREE');
    const cookie = first.headers.get('set-cookie')!.split(';')[0]!;
    await list('&status=FREE'); // another one from the same address
    const second = await list('&status=FREE&page=2', { cookie });
    expect(second.headers.get('set-cookie')).toBeNull();
    const again = await list('&status=FREE&page=1', { cookie });
    expect(again.body).toEqual(first.body);
    expect(ids(second.body).filter((id) => ids(first.body).includes(id))).toEqual([]);
  });

  it('buyers who all take the first seat rarely meet: 200 buyers of 400 seats', async () => {
    const firsts = await Promise.all(
      Array.from(
        { length: 200 },
        async (_, i) => ids((await list('&status=FREE&pageSize=5', { authorization: `Basic ${btoa(`u${i}:p`)}` })).body)[0],
      ),
    );
    // 200 throws at 400 seats hit 157 of them on average; ten standard deviations below that are 110. In one order it would be 1.
    expect(new Set(firsts).size).toBeGreaterThan(110);
  });

  it('what is sold between two pages moves no other seat past the reader', async () => {
    const [anna, reader] = await Promise.all([buyerOf(world), buyerOf(world)]);
    const booking = (await anna.call('POST', '/api/bookings', { event_id: event })).body.id;
    const taken: number[] = [];
    const seen = await pages('&status=FREE&pageSize=20', { authorization: reader.authorization }, async (page) => {
      // Two of those the reader has just seen are sold, on each of the first pages.
      const body = (await list(`&status=FREE&pageSize=20&page=${page}`, { authorization: reader.authorization })).body as Seat[];
      for (const { id } of page <= 10 ? body.slice(0, 2) : []) {
        expect((await anna.call('PATCH', '/api/seats/select', { booking_id: booking, seat_id: id })).status).toBe(200);
        taken.push(id);
      }
    });
    const left = all.filter((id) => !taken.includes(id));
    expect(left.filter((id) => !ids(seen).includes(id))).toEqual([]);
  });
});
