// The net over the provider's ledger, asked by the real library: money and refunds that only one side knows of, amounts that differ, many pages.
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as orders from '../../services/orders/orders.ts';
import * as payments from '../../services/payments/payments.ts';
import { type Bought, found, type NetWorld, openNetWorld } from '../support/netWorld.ts';

let world: NetWorld;
let order: Bought;
const run = (statement: ReturnType<typeof sql>) => statement.execute(world.db);
const lines = async () => (await world.look()).flatMap((one) => one.findings).map((one) => `${one.check}: ${one.text}`);

beforeAll(async () => {
  world = await openNetWorld();
});
afterEach(() => world.leaveOut(order.event));
afterAll(() => world?.close());

/** Money taken at the provider by somebody else than us. */
const taken = (metadata: Record<string, string>) =>
  world.stripe.paymentIntents.create({
    amount: 5000,
    currency: 'usd',
    confirm: true,
    payment_method: 'pm_card_visa',
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    metadata,
  });

describe('payments', () => {
  test('captured for an order of ours, and unknown here; what names nothing of ours is not our concern', async () => {
    order = await world.confirmed();
    await taken({});
    await taken({ order_id: '00000000-0000-4000-8000-000000000000' });
    expect(found(await world.look())).toEqual([]);
    const { id } = await taken({ order_id: order.id });
    expect(await lines()).toEqual([
      `ledger/stripe/payments: ${id} at stripe: captured 50.00 USD for order ${order.id}, of which we know no such payment`,
    ]);
  });

  test('captured twice for one payment of ours', async () => {
    order = await world.confirmed();
    const payment = await world.db.selectFrom('payments').select('id').where('order_id', '=', order.id).executeTakeFirstOrThrow();
    const { id } = await taken({ order_id: order.id, payment_id: payment.id });
    expect(await lines()).toEqual([expect.stringMatching(`ledger/stripe/payments: ${id} .*taken twice`)]);
  });

  test('another amount than ours', async () => {
    order = await world.confirmed();
    await run(sql`update payments set amount_minor = 5001 where order_id = ${order.id}::uuid`);
    expect(await lines()).toEqual([
      expect.stringMatching('money/not-the-price: .*tickets for 50.00 USD, but 1 payment.s. of 50.01 USD are kept'),
      expect.stringMatching('ledger/stripe/payments: .*captured 50.00 USD, but .* is 50.01 USD'),
    ]);
  });

  test('captured, but not recorded although its order is over', async () => {
    order = await world.pending();
    const open = await payments.begin(world.db, world.providers, { orderId: order.id });
    await world.stripe.paymentIntents.confirm(open.providerRef, { payment_method: 'pm_card_visa' });
    expect(await lines(), 'the callback is on its way').toEqual([]);
    await run(sql`update orders set expires_at = now() - interval '5 minutes' where id = ${order.id}::uuid`);
    await orders.expire(world.db, order.id, new Date());
    await run(sql`update orders set ended_at = now() - interval '5 minutes' where id = ${order.id}::uuid`);
    await run(sql`update payments set updated_at = now() - interval '5 minutes' where order_id = ${order.id}::uuid`);
    expect(await lines()).toEqual([expect.stringMatching('ledger/stripe/payments: .*which is created here')]);
  });

  test('captured by our rows, but not at the provider', async () => {
    order = await world.confirmed();
    await run(sql`update payments set succeeded_at = now() - interval '1 hour' where order_id = ${order.id}::uuid`);
    expect(await lines()).toEqual([]);
    const ref = await world.ref(order);
    await run(sql`with lost as (update payments set provider = 'elsewhere' where order_id = ${order.id}::uuid returning *)
      insert into payments (order_id, provider, provider_ref, amount_minor, currency, status, succeeded_at, settled_at)
      select order_id, 'stripe', 'pi_made_up', amount_minor, currency, 'succeeded', succeeded_at, settled_at from lost`);
    expect(await lines()).toEqual([
      expect.stringMatching('money/not-the-price'),
      expect.stringMatching(`ledger/stripe/payments: ${ref} .*no such payment`),
      expect.stringMatching('ledger/stripe/payments: payment .*captured by our rows, but not at stripe .pi_made_up'),
    ]);
  });
});

describe('refunds', () => {
  test('made at the dashboard, and unknown here', async () => {
    order = await world.confirmed();
    const { id } = await world.stripe.refunds.create({ payment_intent: await world.ref(order), amount: 1000 });
    expect(await lines()).toEqual([
      `ledger/stripe/refunds: ${id} at stripe: 10.00 USD went back to the buyer of order ${order.id}, of which we know nothing`,
    ]);
  });

  test('made twice for one refund of ours', async () => {
    order = await world.confirmed();
    await world.stripe.refunds.create({ payment_intent: await world.ref(order), amount: 1000 });
    world.leaveOut(order.event);
    order = await world.cancelled({ refunded: true });
    const { provider_ref } = await world.db
      .selectFrom('refunds')
      .select('provider_ref')
      .where('order_id', '=', order.id)
      .executeTakeFirstOrThrow();
    await run(sql`update refunds set provider_ref = 're_other' where order_id = ${order.id}::uuid`);
    expect(await lines()).toEqual([expect.stringMatching(`ledger/stripe/refunds: ${provider_ref} .*made twice`)]);
  });

  test('another amount than ours', async () => {
    order = await world.cancelled({ refunded: true });
    expect(await lines()).toEqual([]);
    await run(sql`update refunds set amount_minor = 4000 where order_id = ${order.id}::uuid`);
    expect(await lines()).toEqual([
      expect.stringMatching('money/neither-ticket-nor-refund: .*of 50.00 USD only 40.00 USD'),
      expect.stringMatching('ledger/stripe/refunds: .*50.00 USD went back, but .* is 40.00 USD'),
    ]);
  });

  test('made by our rows, but not at the provider; failed here, but made there', async () => {
    order = await world.cancelled({ refunded: false });
    await run(sql`update refunds set status = 'succeeded', provider_ref = 're_made_up', updated_at = now() - interval '1 hour'
      where order_id = ${order.id}::uuid`);
    expect(await lines()).toEqual([
      expect.stringMatching('ledger/stripe/refunds: refund .*made by our rows, but not at stripe .re_made_up'),
    ]);
    world.leaveOut(order.event);
    order = await world.cancelled({ refunded: true });
    await run(sql`update refunds set status = 'failed' where order_id = ${order.id}::uuid`);
    expect(await lines()).toEqual([
      expect.stringMatching('money/neither-ticket-nor-refund'),
      expect.stringMatching('ledger/stripe/refunds: .*went back, but .* is failed'),
    ]);
  });
});

test('many pages: read one at a time, each row once, and the oldest row is compared like the newest', async () => {
  order = await world.confirmed();
  const { id } = await taken({ order_id: order.id });
  for (let i = 0; i < 220; i += 20) await Promise.all(Array.from({ length: 20 }, () => taken({})));
  const pages: number[] = [];
  let held = 0;
  const ledger = world.provider.ledger!;
  const watched = {
    ...ledger,
    async *payments() {
      for await (const page of ledger.payments()) {
        pages.push(page.length);
        expect(++held, 'pages in hand').toBe(1);
        yield page;
        held--;
      }
    },
  };
  const outcomes = await world.look({}, { providers: { stripe: { ...world.provider, ledger: watched } } });
  expect(pages.length).toBeGreaterThan(2);
  expect(Math.max(...pages)).toBe(100);
  const looked = outcomes.find((one) => one.check === 'ledger/stripe/payments')!;
  expect(looked.looked).toBe(pages.reduce((sum, n) => sum + n, 0));
  expect(looked.findings.map((one) => one.subject)).toEqual([id]);
});
