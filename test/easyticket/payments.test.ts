// How EasyTicket's orders are paid: the intent, the status that asks Stripe, and what Stripe's webhook makes of an order.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DomainError } from '../../services/shared/errors.ts';
import { offersOf, person } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';

type Who = { id: string; token: string };

let world: OrderWorld;
let buyer: Who;
let admin: Who;

beforeAll(async () => {
  world = await startOrders();
  [buyer, admin] = await Promise.all([person(world.db), person(world.db, 'admin')]);
});
afterAll(() => world?.stop());

async function order(o: Parameters<typeof offersOf>[2] = {}, quantity = 2) {
  const sold = await offersOf(world.db, 'tier_and_day', o);
  return world.order(buyer, sold.eventId, [{ ...sold.items[0], quantity }]);
}
const intent = (id: string, who = buyer) => world.call('POST', `/api/orders/${id}/create-payment-intent/`, { token: who.token });
const status = async (id: string, who = buyer) => (await world.call('GET', `/api/orders/${id}/payment-status/`, { token: who.token })).body;
const shown = async (id: string) => (await world.call('GET', `/api/orders/${id}/`, { token: buyer.token })).body;
const outbox = async (id: string) =>
  (await world.db.selectFrom('outbox').select('topic').where('subject_id', '=', id).execute()).map((r) => r.topic);

describe('a payment intent', () => {
  it('is of the order’s total, the same one each time; the order is being paid then', async () => {
    const made = await order();
    expect(await status(made.id)).toMatchObject({ payment_status: 'not_started', order_status: 'pending', amount: 42, currency: 'usd' });
    const [first, second] = [await intent(made.id), await intent(made.id)];
    expect(first.body).toEqual({
      success: true,
      payment_intent: {
        client_secret: expect.stringContaining('_secret_'),
        payment_intent_id: expect.stringMatching(/^pi_/),
        amount: 4200,
        currency: 'usd',
        status: 'requires_payment_method',
      },
    });
    expect(second.body).toEqual(first.body);
    const now = await shown(made.id);
    expect([now.status, now.payment_method, now.payment_id, now.service_fee]).toEqual([
      'processing',
      'stripe',
      first.body.payment_intent.payment_intent_id,
      '2.00',
    ]);
    expect((await world.stripe.paymentIntents.retrieve(now.payment_id)).amount).toBe(4200);
  });

  it.each([
    ['JPY', 1000, 1050, 1050],
    ['ISK', 1000, 105_000, 1050], // Stripe counts it in hundredths
    ['HUF', 500_000, 525_000, 5250],
  ])('counts %s as Stripe does', async (currency, priceMinor, amount, shownAs) => {
    const made = await order({ currency, priceMinor }, 1);
    const { body } = await intent(made.id);
    expect([body.payment_intent.amount, body.payment_intent.currency, (await status(made.id)).amount]).toEqual([
      amount,
      currency.toLowerCase(),
      shownAs,
    ]);
    expect((await world.stripe.paymentIntents.retrieve(body.payment_intent.payment_intent_id)).amount).toBe(amount);
  });

  it('is for an order that can be paid: neither paid, cancelled nor late; and for its owner alone', async () => {
    const cannot = async (id: string) => {
      const answer = await intent(id);
      return [answer.status, answer.body.error, answer.body.status, answer.body.detail];
    };
    const paid = await order();
    await world.call('POST', `/api/orders/${paid.id}/confirm_payment/`, { token: buyer.token, body: {} });
    expect(await cannot(paid.id)).toEqual([400, 'Order cannot be paid', 'confirmed', 'This order has already been paid']);
    const gone = await order();
    await world.call('POST', `/api/orders/${gone.id}/cancel/`, { token: buyer.token, body: {} });
    expect(await cannot(gone.id)).toEqual([400, 'Order cannot be paid', 'cancelled', 'This order is already cancelled.']);
    const late = await order();
    await world.db
      .updateTable('orders')
      .set({ expires_at: new Date(Date.now() - 1000) })
      .where('id', '=', late.id)
      .execute();
    expect((await cannot(late.id)).slice(0, 3)).toEqual([400, 'Order cannot be paid', 'failed']);
    expect((await intent((await order()).id, admin)).status).toBe(403);
  });

  it('503 while Stripe is away, and the same payment when it is back', async () => {
    const made = await order();
    const { stripe } = world.gateway.providers;
    const { create } = stripe!;
    stripe!.create = async () => {
      throw new DomainError('payment_unavailable', 'away');
    };
    const away = await intent(made.id);
    expect([away.status, away.body.code]).toEqual([503, 'unavailable']);
    stripe!.create = create;
    expect((await intent(made.id)).status).toBe(200);
    expect(await world.db.selectFrom('payments').select('id').where('order_id', '=', made.id).execute()).toHaveLength(1);
  });
});

describe('the status', () => {
  it('asks Stripe: money whose webhook never came is found, and the workflow woken', async () => {
    const made = await order();
    const { payment_intent: open } = (await intent(made.id)).body;
    world.engine.on = false;
    expect(await status(made.id, admin)).toMatchObject({ payment_status: 'requires_payment_method', order_status: 'processing' });
    await world.stripe.paymentIntents.confirm(open.payment_intent_id, { payment_method: 'pm_card_visa' });
    expect(await status(made.id)).toMatchObject({
      payment_status: 'succeeded',
      order_status: 'processing',
      order_number: made.order_number,
    });
    expect(await outbox(made.id)).toContain('order.paid');
    world.engine.on = true;
    await world.look(made.id);
    expect(await status(made.id)).toMatchObject({ payment_status: 'succeeded', order_status: 'confirmed', last_error: null });
  });
});

describe('the webhook', () => {
  it('payment_failed leaves the order failed while its hold runs; succeeded then confirms it', async () => {
    const made = await order();
    const { payment_intent_id: ref } = (await intent(made.id)).body.payment_intent;
    await world.stripe.paymentIntents.confirm(ref, { payment_method: 'pm_card_chargeDeclined' }).catch(() => {});
    for (const { status: code, body } of await world.hear(ref, 'payment_intent.payment_failed'))
      expect([code, body.message]).toEqual([200, 'Webhook processed successfully']);
    expect(await shown(made.id)).toMatchObject({ status: 'failed', is_expired: false, expires_at: made.expires_at });
    expect(await status(made.id)).toMatchObject({ order_status: 'failed', last_error: expect.stringContaining('declined') });

    expect((await intent(made.id)).body.payment_intent.payment_intent_id).toBe(ref);
    await world.stripe.paymentIntents.confirm(ref, { payment_method: 'pm_card_visa' });
    await world.hear(ref, 'payment_intent.succeeded');
    await world.look(made.id);
    expect(await shown(made.id)).toMatchObject({
      status: 'confirmed',
      is_paid: true,
      expires_at: null,
      paid_at: expect.stringMatching(/Z$/),
    });
    const tickets = await world.db.selectFrom('tickets').select('id').where('order_id', '=', made.id).execute();
    expect(tickets).toHaveLength(2);
  });

  it('a refund at Stripe’s dashboard: a part leaves it confirmed, the rest makes it refunded, its tickets void', async () => {
    const made = await order();
    const { payment_intent_id: ref } = (await intent(made.id)).body.payment_intent;
    await world.stripe.paymentIntents.confirm(ref, { payment_method: 'pm_card_visa' });
    await world.hear(ref, 'payment_intent.succeeded');
    await world.look(made.id);
    await world.byHand(ref, 1200);
    await world.hear(ref, 'charge.refunded');
    await world.look(made.id);
    expect(await shown(made.id)).toMatchObject({ status: 'confirmed', refunded_amount: '12.00' });
    await world.byHand(ref);
    await world.hear(ref, 'charge.refunded');
    await world.look(made.id);
    const now = await shown(made.id);
    expect([now.status, now.refunded_amount, now.is_paid, now.cancelled_at]).toEqual([
      'refunded',
      '42.00',
      false,
      expect.stringMatching(/Z$/),
    ]);
    const live = await world.db.selectFrom('tickets').select('id').where('order_id', '=', made.id).where('voided_at', 'is', null).execute();
    expect(live).toEqual([]);
    expect((await intent(made.id)).body).toMatchObject({ error: 'Order cannot be paid' });
  });
});
