// A buyer with a browser: from the gateway's page back to ours, which says how the booking stands.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { buyerOf } from '../support/hackload.ts';
import { show } from '../support/made.ts';
import { type Paygate, startPaygate } from '../support/paygate.ts';

let world: World;
let gate: Paygate;
let browser: TestBrowser;
beforeAll(async () => {
  const port = await freePort();
  gate = await startPaygate({ backTo: `http://127.0.0.1:${port}` });
  world = await startWorld({ port, overrides: { providers: gate.providers } });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
  await gate?.close();
});

it.each([
  ['Pay', 'Paid', 'confirmed'],
  ['Pay with a card that is declined', 'Cancelled', 'cancelled'],
  ['Cancel', 'Cancelled', 'cancelled'],
])('%s: %s', async (button, says, status) => {
  const buyer = await buyerOf(world);
  const { id } = await show(world.db, { seats: 1, currency: 'KZT' });
  const { number: event } = await world.db.selectFrom('events').select('number').where('id', '=', id).executeTakeFirstOrThrow();
  const { number: seat } = await world.db.selectFrom('places').select('number').where('event_id', '=', id).executeTakeFirstOrThrow();
  const { id: booking } = (await buyer.call('POST', '/api/bookings', { event_id: event })).body;
  await buyer.call('PATCH', '/api/seats/select', { booking_id: booking, seat_id: seat });
  const headers = { authorization: buyer.authorization, 'content-type': 'application/json' };
  const initiated = await fetch(`${world.url}/api/bookings/initiatePayment`, {
    method: 'PATCH',
    redirect: 'manual',
    headers,
    body: JSON.stringify({ booking_id: booking }),
  });

  const { page, faults } = await browser.visit(gate.url, world.url);
  await page.goto(initiated.headers.get('location')!);
  await page.getByRole('button', { name: button, exact: true }).click();
  expect(await page.getByRole('heading', { name: says, exact: true }).textContent()).toBe(says);
  expect(new URL(page.url()).origin).toBe(world.url);
  expect(faults).toEqual([]);
  const order = await world.db.selectFrom('orders').select('status').where('number', '=', booking).executeTakeFirstOrThrow();
  expect(order.status).toBe(status);
});
