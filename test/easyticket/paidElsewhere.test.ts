// An order of an event that the contest's payment gateway serves: there is no intent for it, and the answer says where it is paid.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Paying } from '../../gateway/temporal/pay.ts';
import { charge } from '../support/gateway.ts';
import { offersOf, person } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';
import { type Paygate, startPaygate } from '../support/paygate.ts';

let world: OrderWorld;
let gate: Paygate;
let buyer: { id: string; token: string };
beforeAll(async () => {
  gate = await startPaygate();
  world = await startOrders({
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

it('a page’s address instead of an intent; a card by hand is refused in words', async () => {
  const sold = await offersOf(world.db, 'simple');
  const order = await world.order(buyer, sold.eventId, [{ ...sold.items[0], quantity: 1 }]);
  const post = (what: string) => world.call('POST', `/api/orders/${order.id}/${what}/`, { token: buyer.token, body: {} });
  expect((await post('confirm_payment')).text).toMatch(/paid on a page of its own/);
  const intent = await post('create-payment-intent');
  expect([intent.status, intent.body.detail]).toEqual([400, expect.stringContaining(`${gate.url}/pay/`)]);
});
