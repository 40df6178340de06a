// The dashboard: figures counted by hand for known bookings, each caller's own share of them, and periods as they may be asked.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create } from '../../services/events/eventCreation.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';
import { cancel, sell } from '../support/sold.ts';

let world: World;
let buyer: { id: string; token: string };
beforeAll(async () => {
  world = await startWorld();
  buyer = await person(world.db);
});
afterAll(() => world?.stop());

const get = (token: string, query = '') => world.call('GET', `/api/v1/admin/analytics/dashboard${query}`, { token });
const MARCH = '?start_date=2026-03-01&end_date=2026-03-10';

/** An event on sale since January 2026, with two seats of each price; `seats` by the section's name. */
async function staged(
  organizerId: string | null,
  name: string,
  prices: Record<string, number>,
  o: { currency?: string; capacity?: number } = {},
) {
  const id = await create(
    world.db,
    {
      organizerId,
      name,
      description: '',
      venueId: null,
      startsAt: new Date(Date.now() + 86_400_000),
      endsAt: new Date(Date.now() + 90_000_000),
      currency: o.currency ?? 'USD',
      capacity: o.capacity,
      status: 'published',
      sections: Object.entries(prices).map(([section, priceMinor]) => ({ name: section, rows: ['A'], seatsPerRow: 2, priceMinor })),
    },
    {},
  );
  await sql`update events set created_at = '2026-01-01Z' where id = ${id}::uuid`.execute(world.db);
  const rows = await world.db.selectFrom('places').select(['id', 'section']).where('event_id', '=', id).orderBy('position').execute();
  const seats: Record<string, string[]> = {};
  for (const { id: seat, section } of rows) seats[section!] = [...(seats[section!] ?? []), seat];
  return { id, seats };
}
const bought = (event: { id: string }, seats: (string | undefined)[], at?: string) =>
  sell(world, buyer.token, event.id, seats as string[], at);

describe('dashboard', () => {
  it('sums what was confirmed in the period, both its days whole in UTC', async () => {
    const mine = await person(world.db, 'organizer');
    const gala = await staged(mine.id, 'Gala', { VIP: 30_000, General: 5_050 });
    const small = await staged(mine.id, 'Small', { General: 1_000 }, { capacity: 10 });
    await staged(mine.id, 'Empty', { General: 1_000 });
    await bought(gala, [gala.seats.VIP![0], gala.seats.General![0]], '2026-03-01T00:00:00Z');
    await bought(gala, [gala.seats.VIP![1]], '2026-03-10T23:59:59.999Z');
    await bought(small, [small.seats.General![0]], '2026-03-10T12:00:00+14:00'); // the 9th in UTC
    await bought(gala, [gala.seats.General![1]], '2026-03-11T00:00:00Z'); // one moment too late
    const { body, status } = await get(mine.token, MARCH);
    expect(status).toBe(200);
    expect(body.data.summary).toEqual({
      total_events: 3,
      total_bookings: 3,
      total_revenue: 660.5,
      average_capacity_utilization: 36.7, // (100 + 10 + 0) / 3: today's tickets, whenever sold
      currency: 'USD',
    });
    expect(body.data.top_events).toEqual([
      { event_id: gala.id, name: 'Gala', bookings: 2, revenue: 650.5, utilization: 100 },
      { event_id: small.id, name: 'Small', bookings: 1, revenue: 10, utilization: 10 },
    ]);
    const days = Array.from({ length: 10 }, (_, i) => ({ date: `2026-03-${String(i + 1).padStart(2, '0')}`, bookings: 0, revenue: 0 }));
    Object.assign(days[0]!, { bookings: 1, revenue: 350.5 });
    Object.assign(days[8]!, { bookings: 1, revenue: 10 });
    Object.assign(days[9]!, { bookings: 1, revenue: 300 });
    expect(body.data.booking_trends).toEqual(days);
    expect(body.data.revenue_by_category).toEqual({ VIP: 600, General: 60.5 });
    expect(body.data.by_currency).toEqual([{ currency: 'USD', bookings: 3, revenue: 660.5 }]);
  });

  it('takes refunds from the day of their booking, shares fees and discounts out exactly, and counts the booking still', async () => {
    const mine = await person(world.db, 'organizer');
    const e = await staged(mine.id, 'Refunds', { A: 1_000, B: 1_000, C: 1_000, Free: 0 });
    const gone = await bought(e, [e.seats.A![0]], '2026-03-02T08:00:00Z');
    const odd = await bought(e, [e.seats.A![1], e.seats.B![0], e.seats.C![0], e.seats.Free![0]], '2026-03-03T08:00:00Z');
    await bought(e, [e.seats.Free![1]], '2026-03-04T08:00:00Z');
    // Three equal shares of 2900 (100 given back by hand): no cent lost, none made.
    await sql`insert into refunds (order_id, payment_id, provider, amount_minor, currency, status, reason)
      select order_id, id, provider, n.amount, currency, n.status::refund_status, 'test' from payments,
        (values (100, 'succeeded'), (700, 'failed')) as n (amount, status) where order_id = ${odd}::uuid`.execute(world.db);
    await cancel(world, buyer.token, gone);
    const { data } = (await get(mine.token, MARCH)).body;
    expect(data.summary).toMatchObject({ total_bookings: 3, total_revenue: 29, average_capacity_utilization: 62.5 });
    expect(data.booking_trends.slice(1, 4)).toEqual([
      { date: '2026-03-02', bookings: 1, revenue: 0 },
      { date: '2026-03-03', bookings: 1, revenue: 29 },
      { date: '2026-03-04', bookings: 1, revenue: 0 },
    ]);
    expect(data.revenue_by_category).toEqual({ A: 9.67, B: 9.66, C: 9.67, Free: 0 });
  });

  it('an organizer sees own events only, an admin all, also those of nobody', async () => {
    const [one, two, admin] = [await person(world.db, 'organizer'), await person(world.db, 'organizer'), await person(world.db, 'admin')];
    const year = '?start_date=2025-05-01&end_date=2025-05-31';
    const events = [
      await staged(one.id, 'One', { S: 100 }),
      await staged(two.id, 'Two', { S: 200 }),
      await staged(null, 'House', { S: 400 }),
    ];
    for (const e of events) await bought(e, [e.seats.S![0]], '2025-05-05T05:05:05Z');
    const seen = async (token: string) => {
      const { data } = (await get(token, year)).body;
      return [data.top_events.map((e: { name: string }) => e.name), data.summary.total_revenue, data.summary.total_events];
    };
    expect(await seen(one.token)).toEqual([['One'], 1, 1]);
    expect(await seen(two.token)).toEqual([['Two'], 2, 1]);
    expect(await seen(admin.token)).toEqual([['House', 'Two', 'One'], 7, 3]);
  });

  it('one currency at a time, the one of most bookings unless asked; counts are of all', async () => {
    const mine = await person(world.db, 'organizer');
    const yen = await staged(mine.id, 'Yen', { S: 50_000 }, { currency: 'JPY' });
    const usd = await staged(mine.id, 'Usd', { S: 100 });
    await bought(yen, [yen.seats.S![0]], '2026-03-05T00:00:00Z');
    for (const s of usd.seats.S!) await bought(usd, [s], '2026-03-05T00:00:00Z');
    const { data } = (await get(mine.token, MARCH)).body;
    expect(data.summary).toMatchObject({ currency: 'USD', total_revenue: 2, total_bookings: 3, total_events: 2 });
    expect(data.booking_trends[4]).toEqual({ date: '2026-03-05', bookings: 3, revenue: 2 });
    expect([data.top_events.length, data.revenue_by_category]).toEqual([1, { S: 2 }]);
    expect(data.by_currency).toEqual([
      { currency: 'USD', bookings: 2, revenue: 2 },
      { currency: 'JPY', bookings: 1, revenue: 50_000 },
    ]);
    const asked = (await get(mine.token, `${MARCH}&currency=jpy`)).body.data;
    expect(asked.summary).toMatchObject({ currency: 'JPY', total_revenue: 50_000, total_bookings: 3 });
    expect(asked.top_events).toMatchObject([{ name: 'Yen', revenue: 50_000, bookings: 1 }]);
    expect((await get(mine.token, '?currency=XQX')).status).toBe(400);
  });

  it('ten events at most, by revenue; drafts and events of other times are no events of the period', async () => {
    const mine = await person(world.db, 'organizer');
    for (let i = 1; i <= 12; i++) {
      const e = await staged(mine.id, `Nr ${i}`, { S: i * 100 });
      await bought(e, [e.seats.S![0]], '2026-03-07T07:00:00Z');
    }
    const [draft, over] = [await staged(mine.id, 'Draft', { S: 1 }), await staged(mine.id, 'Over', { S: 1 })];
    await sql`update events set status = 'draft' where id = ${draft.id}::uuid`.execute(world.db);
    await sql`update events set starts_at = '2026-02-01Z', ends_at = '2026-02-02Z' where id = ${over.id}::uuid`.execute(world.db);
    const { data } = (await get(mine.token, MARCH)).body;
    expect(data.top_events.map((e: { revenue: number }) => e.revenue)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect(data.summary).toMatchObject({ total_events: 12, total_bookings: 12, total_revenue: 78, average_capacity_utilization: 50 });
  });
});

describe('period', () => {
  it('the last 30 days unless said; 366 days at most; zeros where nothing was', async () => {
    const { token } = await person(world.db, 'organizer');
    const dates = async (query: string) => (await get(token, query)).body.data.booking_trends.map((d: { date: string }) => d.date);
    const today = new Date().toISOString().slice(0, 10);
    const last = await dates('');
    expect([last.length, last.at(-1)]).toEqual([30, today]);
    expect([(await dates('?end_date=2026-03-01')).length, (await dates('?end_date=2026-03-01'))[0]]).toEqual([30, '2026-01-31']);
    expect(await dates(`?start_date=${today}`)).toEqual([today]);
    expect(await dates('?start_date=2024-02-28&end_date=2024-03-01')).toEqual(['2024-02-28', '2024-02-29', '2024-03-01']);
    expect((await dates('?start_date=2024-01-01&end_date=2024-12-31')).length).toBe(366);
    const nothing = (await get(token)).body.data;
    expect(nothing.summary).toEqual({
      total_events: 0,
      total_bookings: 0,
      total_revenue: 0,
      average_capacity_utilization: 0,
      currency: 'USD',
    });
    expect([nothing.top_events, nothing.revenue_by_category, nothing.by_currency]).toEqual([[], {}, []]);
  });

  it('400 VALIDATION_ERROR for what is no period, 200 at the ends of the calendar', async () => {
    const { token } = await person(world.db, 'organizer');
    const bad = ['start_date=2026-03-02&end_date=2026-03-01', 'start_date=2024-01-01&end_date=2025-01-01', 'start_date=2020-01-01'];
    bad.push(
      'start_date=2999-01-01',
      'start_date=2026-02-29',
      'end_date=2026-13-01',
      'start_date=',
      'end_date=yesterday',
      'start_date=20260301',
    );
    bad.push('start_date=2026-03-01T00:00:00Z', 'start_date=2026-03-01&start_date=2026-03-02', "end_date=2026-03-01'--");
    for (const query of bad) {
      const answer = await get(token, `?${query}`);
      expect([answer.status, answer.body.error?.code], query).toEqual([400, 'VALIDATION_ERROR']);
    }
    expect((await get(token, '?start_date=9999-12-31&end_date=9999-12-31')).status).toBe(200);
    expect((await get(token, '?start_date=1970-01-01&end_date=1970-01-01')).status).toBe(200);
  });
});
