// POST /api/reset: everything is free again, and nothing but orders is forgotten.
import { expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { settle } from '../../services/orders/settlement.ts';
import { startWorld } from '../support/gateway.ts';
import { buyerOf } from '../support/hackload.ts';
import { capture, show } from '../support/made.ts';

it('404 where test endpoints are off, as they are unless somebody turns them on', async () => {
  const world = await startWorld();
  const refused = await world.call('POST', '/api/reset');
  expect([refused.status, refused.body.error]).toEqual([404, 'not_found']);
  await world.stop();
});

it('200: what was held and sold is free at once; accounts, events and seats stay', async () => {
  const config = { ...loadConfig({ NODE_ENV: 'test' }), testEndpoints: true };
  const world = await startWorld({ overrides: { config } });
  const anna = await buyerOf(world);
  const { id } = await show(world.db, { seats: 6, priceMinor: 10_000, currency: 'KZT' });
  const event = (await world.db.selectFrom('events').select('number').where('id', '=', id).executeTakeFirstOrThrow()).number;
  const free = async () => (await world.call('GET', `/api/seats?event_id=${event}&status=FREE`)).body;
  const seats: { id: number }[] = await free();
  const add = async (seat: number) => {
    const booking = (await anna.call('POST', '/api/bookings', { event_id: event })).body.id;
    expect((await anna.call('PATCH', '/api/seats/select', { booking_id: booking, seat_id: seats[seat]!.id })).status).toBe(200);
    return booking;
  };
  const [, sold] = [await add(0), await add(1)];
  const order = await world.db.selectFrom('orders').select('id').where('number', '=', sold).executeTakeFirstOrThrow();
  await capture(world.db, order.id);
  await settle(world.db, order.id, world.gateway.ticketKeys);
  expect(await free()).toHaveLength(4);

  expect((await world.call('POST', '/api/reset')).status).toBe(200);

  expect(await free()).toHaveLength(6);
  expect((await anna.call('GET', '/api/bookings')).body).toEqual([]);
  expect((await anna.call('PATCH', '/api/bookings/cancel', { booking_id: sold })).status).toBe(404);
  const { body } = await anna.call('GET', `/api/analytics?id=${event}`);
  expect(body).toMatchObject({ total_seats: 6, free_seats: 6, total_revenue: '0.00', bookings_count: 0 });
  // The tables are as they were: places are still refused an order that is none, and found by their indexes.
  const { rows } = await world.db
    .selectFrom('places')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .execute()
    .then((r) => ({ rows: r }));
  expect(rows[0]!.n).toBe(6);
  await add(0);
  expect((await world.call('POST', '/api/reset')).status).toBe(200);
  await world.stop();
});
