// Refunds of EasyTicket's orders: parts and all of it, who may, never more than was paid, and every cent at Stripe.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../db/connect.ts';
import { refundFor } from '../../services/orders/refunding.ts';
import { lockWaits } from '../support/database.ts';
import { offersOf, person } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';
import { mutated } from '../support/waitlistWorld.ts';

type Who = { id: string; token: string };

let world: OrderWorld;
let buyer: Who;
let admin: Who;

beforeAll(async () => {
  world = await startOrders();
  [buyer, admin] = await Promise.all([person(world.db), person(world.db, 'admin')]);
});
afterAll(() => world?.stop());

/** A paid order of two tickets at 20.00: 42.00 with the fee. */
async function paid(o: Parameters<typeof offersOf>[2] = {}, quantity = 2) {
  const sold = await offersOf(world.db, 'tiered', o);
  const { id } = await world.order(buyer, sold.eventId, [{ ...sold.items[0], quantity }]);
  const answer = await world.call('POST', `/api/orders/${id}/confirm_payment/`, { token: buyer.token, body: {} });
  if (answer.body.status !== 'confirmed') throw new Error(answer.text);
  return { ...answer.body, eventId: sold.eventId };
}
const refund = (id: string, body: object = {}, who = buyer) => world.call('POST', `/api/orders/${id}/refund/`, { token: who.token, body });
const shown = async (id: string) => (await world.call('GET', `/api/orders/${id}/`, { token: buyer.token })).body;
const atStripe = async (ref: string) => (await world.stripe.refunds.list({ payment_intent: ref, limit: 100 })).data;
const live = async (id: string) =>
  (await world.db.selectFrom('tickets').select('id').where('order_id', '=', id).where('voided_at', 'is', null).execute()).length;
const mails = async (id: string) =>
  (await world.db.selectFrom('mails').select('kind').where('order_id', '=', id).execute()).map((m) => m.kind).sort();

describe('a refund', () => {
  it('of a part leaves order and tickets good, another part may follow, and the rest cancels it', async () => {
    const order = await paid();
    const first = await refund(order.id, { amount: 10.5, reason: 'duplicate' });
    expect(first.body).toEqual({
      success: true,
      refund_id: expect.stringMatching(/^re_/),
      amount: 10.5,
      currency: 'usd',
      status: 'succeeded',
    });
    expect([(await shown(order.id)).status, await live(order.id), await mails(order.id)]).toEqual([
      'confirmed',
      2,
      ['refunded', 'tickets'],
    ]);
    expect((await refund(order.id, { amount: '1.50', reason: 'The show began late' })).body.amount).toBe(1.5);

    const more = await refund(order.id, { amount: 30.01 });
    expect([more.status, more.body.field_errors]).toEqual([400, { amount: ['This is more than is left of what was paid.'] }]);

    expect((await refund(order.id)).body).toMatchObject({ amount: 30, status: 'succeeded' });
    expect(await shown(order.id)).toMatchObject({ status: 'refunded', refunded_amount: '42.00', is_paid: false, payment_method: 'stripe' });
    expect([await live(order.id), await mails(order.id)]).toEqual([0, ['cancelled', 'refunded', 'refunded', 'refunded', 'tickets']]);
    const made = await atStripe(order.payment_id);
    expect(made.map((r) => [r.amount, r.reason]).sort()).toEqual(
      [
        [1050, 'duplicate'],
        [150, null],
        [3000, 'requested_by_customer'],
      ].sort(),
    );
    const again = await refund(order.id);
    expect([again.status, again.body.error, again.body.status]).toEqual([400, 'Order cannot be refunded', 'cancelled']);
    const free = await world.db.selectFrom('places').select('id').where('order_id', '=', order.id).execute();
    expect(free).toEqual([]);
  });

  it('is of an amount that the currency has', async () => {
    const yen = await paid({ currency: 'JPY', priceMinor: 1000 }, 1);
    expect((await refund(yen.id, { amount: 0.5 })).body.field_errors.amount[0]).toContain('JPY');
    expect((await refund(yen.id, { amount: 50 })).body).toMatchObject({ amount: 50, currency: 'jpy' });
    const order = await paid();
    for (const amount of [0, -1, 1.005, '1.005', 'x', 1e20, [], true])
      expect((await refund(order.id, { amount })).status, String(amount)).toBe(400);
    for (const reason of [1, 'x'.repeat(501), '\u0000']) expect((await refund(order.id, { reason })).status).toBe(400);
    expect(await atStripe(order.payment_id)).toEqual([]);
  });

  it('is of a confirmed order; its owner’s until the event begins and a ticket is used, an admin’s always', async () => {
    const sold = await offersOf(world.db, 'simple');
    const pending = await world.order(buyer, sold.eventId, [{ ...sold.items[0], quantity: 1 }]);
    expect((await refund(pending.id, {}, admin)).body).toMatchObject({
      detail: 'Only confirmed orders can be refunded.',
      status: 'pending',
    });

    const begun = await paid();
    await world.db
      .updateTable('events')
      .set({ starts_at: new Date(Date.now() - 60_000) })
      .where('id', '=', begun.eventId)
      .execute();
    const used = await paid();
    await world.db.updateTable('tickets').set({ checked_in_at: new Date() }).where('order_id', '=', used.id).execute();
    for (const order of [begun, used]) {
      const own = await refund(order.id);
      expect([own.status, own.body.code]).toEqual([400, 'order_not_refundable']);
      expect((await refund(order.id, {}, admin)).body).toMatchObject({ amount: 42, status: 'succeeded' });
    }
  });

  it('is asked for once by one Idempotency-Key', async () => {
    const [order, key] = [await paid(), randomUUID()];
    const ask = () =>
      world.call('POST', `/api/orders/${order.id}/refund/`, {
        token: buyer.token,
        headers: { 'idempotency-key': key },
        body: { amount: 5 },
      });
    const [first, second] = [await ask(), await ask()];
    expect([first.status, second.body]).toEqual([200, first.body]);
    // The first run died after its work: the next one finds what it wrote.
    await world.db
      .updateTable('idempotency_keys')
      .set({ response_status: null, response_body: null, locked_until: new Date(0) })
      .where('key', '=', key)
      .execute();
    expect((await ask()).body).toEqual(first.body);
    expect((await atStripe(order.payment_id)).map((r) => r.amount)).toEqual([500]);
  });

  it('is pending while nobody makes it, under our own id', async () => {
    const order = await paid();
    world.engine.on = false;
    const answer = await refund(order.id, { amount: 5 });
    expect(answer.body).toMatchObject({ success: true, status: 'pending', amount: 5 });
    const row = await world.db.selectFrom('refunds').select(['id', 'status']).where('order_id', '=', order.id).executeTakeFirst();
    expect(row).toEqual({ id: answer.body.refund_id, status: 'pending' });
    world.engine.on = true;
  }, 20_000);
});

describe('two refunds at once', () => {
  /** Two parts of 30.00 each of an order of 42.00. How many were written, and what they come to. */
  async function race(on: typeof world.db, waiting: number): Promise<{ written: number; minor: number }> {
    const order = await paid();
    const actor = { kind: 'account', id: buyer.id, role: 'user' } as const;
    const asked = await world.db.transaction().execute(async (tx) => {
      // Both have read what is left, or wait to; neither has written: a refund refers to its payment's row.
      await sql`select from payments where order_id = ${order.id}::uuid for update`.execute(tx);
      const both = [1, 2].map(() =>
        refundFor(on, order.id, actor, { amount: 30, reason: 'x' }).then(
          () => 1,
          (error) => (error.code === 'invalid' ? 0 : Promise.reject(error)),
        ),
      );
      await lockWaits(world.db, waiting);
      return both;
    });
    const written = (await Promise.all(asked)).reduce((a: number, b) => a + b, 0);
    const { minor } = await world.db
      .selectFrom('refunds')
      .select((e) => e.fn.sum<number>('amount_minor').as('minor'))
      .where('order_id', '=', order.id)
      .executeTakeFirstOrThrow();
    return { written, minor: Number(minor) };
  }

  it('never come to more than was paid; without the locks they do, so that this can fail', async () => {
    world.engine.on = false;
    const many = connect({ url: world.databaseUrl, max: 4 });
    expect(await race(many, 2)).toEqual({ written: 1, minor: 3000 });
    // The payments' lock and the order's: without both of them both calls read before either writes.
    const { db: unlocked, met } = mutated(many, [
      [' order by id for update', ''],
      [' for update of o', ''],
    ]);
    expect(await race(unlocked, 2)).toEqual({ written: 2, minor: 6000 });
    expect(met.size).toBe(2);
    await many.destroy();
    await world.db.deleteFrom('outbox').execute();
    world.engine.on = true;
  });
});

describe('to the cent', () => {
  it.each([
    { currency: 'USD', priceMinor: 1999, quantity: 3, fee: 300, charged: 6297, parts: ['0.01', '33.33', '29.63'] },
    { currency: 'USD', priceMinor: 10, quantity: 5, fee: 3, charged: 53, parts: ['0.53'] }, // 2.5 cents go up
    { currency: 'USD', priceMinor: 9, quantity: 7, fee: 3, charged: 66, parts: ['0.33', '0.33'] },
    { currency: 'EUR', priceMinor: 5000, quantity: 4, fee: 1000, charged: 21_000, parts: ['100', '110.00'] },
    { currency: 'JPY', priceMinor: 990, quantity: 1, fee: 50, charged: 1040, parts: ['40', '1000'] },
    { currency: 'KWD', priceMinor: 1990, quantity: 1, fee: 100, charged: 2090, parts: ['0.090', '2.000'] },
    { currency: 'ISK', priceMinor: 2500, quantity: 2, fee: 250, charged: 5250, parts: ['250', '5000'] },
  ])('$quantity of $priceMinor $currency', async ({ currency, priceMinor, quantity, fee, charged, parts }) => {
    const order = await paid({ currency, priceMinor, quantity: 9 }, quantity);
    const hundredths = currency === 'ISK' ? 100 : 1;
    const row = await world.db
      .selectFrom('orders')
      .select(['fee_minor', 'total_minor'])
      .where('id', '=', order.id)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ fee_minor: fee, total_minor: charged });
    expect((await world.stripe.paymentIntents.retrieve(order.payment_id)).amount_received).toBe(charged * hundredths);

    for (const [i, amount] of parts.entries()) {
      expect((await shown(order.id)).status).toBe('confirmed');
      const { body } = await refund(order.id, { amount });
      expect([body.status, body.amount, (await atStripe(order.payment_id)).length]).toEqual(['succeeded', Number(amount), i + 1]);
    }
    const returned = (await atStripe(order.payment_id)).reduce((sum, r) => sum + r.amount, 0);
    expect([returned, (await shown(order.id)).status]).toEqual([charged * hundredths, 'refunded']);
    const kept = await world.db.selectFrom('refunds').select('amount_minor').where('order_id', '=', order.id).execute();
    expect(kept.reduce((sum, r) => sum + r.amount_minor, 0)).toBe(charged);
  });
});
