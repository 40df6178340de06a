// The examples of EasyTicket's orders, payments and webhook, replayed on a gateway that runs.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fromExamples } from '../support/contract/endpoints.ts';
import { contract } from '../support/contract/replay.ts';
import { offersOf, person } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';
import examples from './examples.json' with { type: 'json' };
import { RULES } from './rules.ts';

let world: OrderWorld;
let buyer: { id: string; token: string };
let sold: Awaited<ReturnType<typeof offersOf>>;
const seed = contract(
  fromExamples(examples as never).filter(({ path }) => path.startsWith('/api/orders/') || path.startsWith('/api/webhooks/')),
  RULES,
  (method, path, o) => world.call(method, path, o),
);

beforeAll(async () => {
  world = await startOrders();
  buyer = await person(world.db);
  sold = await offersOf(world.db, 'tier_and_day', { quantity: 20, priceMinor: 20_000 });
  await world.db.updateTable('events').set({ banner_url: '/media/banner.jpg' }).where('id', '=', sold.eventId).execute();
});
afterAll(() => world?.stop());

const create = () =>
  seed.replay('POST /api/orders/', {
    token: buyer.token,
    with: {
      event: sold.eventId,
      items: [
        { ...sold.items[0], quantity: 2 },
        { ...sold.items[1], quantity: 1 },
      ],
    },
  });
const at = (id: string, more: object = {}) => ({ token: buyer.token, params: { id }, ...more });

it('an order from its making to its refund', async () => {
  const { body: order } = await create();
  expect([order.status, order.payment_method, order.subtotal, order.service_fee, order.total_amount]).toEqual([
    'pending',
    'pending',
    '600.00',
    '30.00',
    '630.00',
  ]);

  const { body: begun } = await seed.replay('POST /api/orders/{id}/create-payment-intent/', at(order.id));
  const ref = begun.payment_intent.payment_intent_id;
  await world.stripe.paymentIntents.confirm(ref, { payment_method: 'pm_card_visa' });
  const [heard] = await world.hear(ref, 'payment_intent.succeeded');
  expect(heard).toMatchObject({ status: 200, body: { received: true, message: 'Webhook processed successfully' } });
  await world.look(order.id);

  await seed.replay('GET /api/orders/{id}/', at(order.id));
  await seed.replay('GET /api/orders/{id}/payment-status/', at(order.id));
  await seed.replay('POST /api/orders/{id}/create-payment-intent/', at(order.id, { status: 400 }));
  await seed.replay('GET /api/orders/', { token: buyer.token });
  await seed.replay('GET /api/orders/my_tickets/', { token: buyer.token });
  await seed.replay('GET /api/orders/stats/', { token: buyer.token });
  const { body: refund } = await seed.replay('POST /api/orders/{id}/refund/', at(order.id));
  expect([refund.amount, refund.status]).toEqual([100, 'succeeded']);
});

it('an order that is cancelled', async () => {
  const { body: order } = await create();
  const { body } = await seed.replay('POST /api/orders/{id}/cancel/', at(order.id));
  expect([body.status, body.cancellation_reason]).toEqual(['cancelled', 'Changed my mind about attending']);
});

it('every example of them was replayed; the webhook’s, whose request Stripe signs, by what Stripe sent', () => {
  expect(seed.unplayed()).toEqual(['POST /api/webhooks/stripe/']);
});
