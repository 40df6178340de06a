// A booking of an event that the contest's payment gateway serves: Evently says where it is paid, and takes no card for it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Paying } from '../../gateway/temporal/pay.ts';
import { charge, startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';
import { type Paygate, startPaygate } from '../support/paygate.ts';

let world: World;
let gate: Paygate;
let buyer: { token: string };
beforeAll(async () => {
  gate = await startPaygate();
  world = await startWorld({
    overrides: {
      providers: gate.providers,
      pay: async ({ orderId, method }) => (await charge(world, orderId, method)) as Paying,
    },
  });
  buyer = await person(world.db);
});
afterAll(async () => {
  await world?.stop();
  await gate?.close();
});

async function booking() {
  const { id, seats } = await show(world.db, { currency: 'KZT' });
  const made = await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: [seats[0]] } });
  return made.body.data.booking.id as string;
}

it('a browser is sent from our payment page to the gateway’s, the same one each time', async () => {
  const id = await booking();
  const open = () =>
    fetch(`${world.url}/api/v1/payments/initiate/${id}`, { redirect: 'manual', headers: { accept: 'text/html,*/*;q=0.8' } });
  const [first, second] = [await open(), await open()];
  expect([first.status, first.headers.get('location')]).toEqual([302, expect.stringContaining(`${gate.url}/pay/`)]);
  expect(second.headers.get('location')).toBe(first.headers.get('location'));
});

it('a program is told the page’s address', async () => {
  const answer = await world.call('POST', `/api/v1/payments/initiate/${await booking()}`, { token: buyer.token });
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.body.error.message).toContain(`${gate.url}/pay/`);
});

it('a card is refused in words, before and after the page was opened, and the booking is still held', async () => {
  const id = await booking();
  const confirm = () =>
    world.call('POST', `/api/v1/bookings/${id}/confirm`, { token: buyer.token, body: { payment_details: { token: 'tok_visa' } } });
  const first = await confirm();
  await world.call('POST', `/api/v1/payments/initiate/${id}`, { token: buyer.token });
  for (const answer of [first, await confirm()]) {
    expect([answer.status, answer.body.error.message]).toEqual([409, expect.stringContaining('open its payment_url')]);
  }
  const { body } = await world.call('GET', `/api/v1/bookings/${id}`, { token: buyer.token });
  expect((body.data.booking ?? body.data).status).toBe('pending');
});
