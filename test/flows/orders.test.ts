// EasyTicket's orders on the real stack: of each pricing type made, paid at Stripe, told by its webhook, ticketed, mailed and refunded.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { PricingType } from '../../db/tables.ts';
import { buyer, call, mailsTo, type Person, signIn, until } from '../support/client.ts';
import { openDb } from '../support/db.ts';
import { offersOf } from '../support/made.ts';
import { callback, stripeClient, stripeEvent } from '../support/stripe.ts';

const { gatewayUrl: url, stripeUrl, mailUrl } = inject('stack');
const stripe = stripeClient(stripeUrl);
const db = openDb();
let ann: Person;

beforeAll(async () => {
  ann = await buyer(url);
});
afterAll(() => db.destroy());

const post = async (path: string, body?: unknown, who = ann) => call(url, 'POST', `/api/orders/${path}`, { token: who.token, body });
const read = async (id: string, who = ann) => (await call(url, 'GET', `/api/orders/${id}/`, { token: who.token })).body;
const becomes = (id: string, status: string, who = ann) =>
  until(
    `order ${id} is ${status}`,
    () => read(id, who),
    (order) => order.status === status,
  );

/** An order of three tickets in two items, 63.00 with the fee, and its open intent. */
async function begun(pricing: PricingType, who = ann) {
  const sold = await offersOf(db, pricing, { quantity: 4 });
  const items = [
    { ...sold.items[0], quantity: 2 },
    { ...sold.items[1], quantity: 1 },
  ];
  const made = await post('', { event: sold.eventId, items }, who);
  expect([made.status, made.body.total_amount]).toEqual([201, '63.00']);
  const { payment_intent: intent } = (await post(`${made.body.id}/create-payment-intent/`, undefined, who)).body;
  expect([intent.amount, (await read(made.body.id, who)).status]).toEqual([6300, 'processing']);
  return { ...made.body, ref: intent.payment_intent_id as string };
}

describe.each(['simple', 'tiered', 'day_based', 'tier_and_day'] as const)('an order of %s pricing', (pricing) => {
  test('paid at Stripe: confirmed by the webhook, its tickets in the mail; a part back, then the rest', async () => {
    const who = await buyer(url);
    const order = await begun(pricing, who);
    await stripe.paymentIntents.confirm(order.ref, { payment_method: 'pm_card_visa' });
    const paid = await becomes(order.id, 'confirmed', who);
    expect([paid.is_paid, paid.payment_id, paid.expires_at, paid.items]).toEqual([true, order.ref, null, order.items]);

    const [mail] = await until(
      'the tickets’ mail',
      () => mailsTo(mailUrl, who.email),
      (mails) => mails.length > 0,
    );
    expect(mail!.subject).toContain(order.order_number);
    expect(mail!.attachments.map((a) => a.contentType)).toEqual(Array(3).fill('application/pdf'));
    for (const said of ['63.00 USD', '3.00 USD', order.items[0].full_ticket_name]) expect(mail!.text).toContain(said);

    const part = (await post(`${order.id}/refund/`, { amount: 20.5, reason: 'requested_by_customer' }, who)).body;
    expect(part).toMatchObject({
      success: true,
      refund_id: expect.stringMatching(/^re_/),
      amount: 20.5,
      currency: 'usd',
      status: 'succeeded',
    });
    expect((await read(order.id, who)).status).toBe('confirmed');
    const rest = (await post(`${order.id}/refund/`, {}, who)).body;
    expect(rest).toMatchObject({ amount: 42.5, status: 'succeeded' });
    expect(await read(order.id, who)).toMatchObject({ status: 'refunded', refunded_amount: '63.00' });
    const { data } = await stripe.refunds.list({ payment_intent: order.ref });
    expect(data.map((r) => r.amount).sort()).toEqual([2050, 4250]);
    await until(
      'a mail for each refund, and one that it is cancelled',
      () => mailsTo(mailUrl, who.email),
      (mails) => mails.filter((m) => m.subject.startsWith('Refund')).length === 2 && mails.some((m) => m.subject.includes('cancelled')),
    );
  });
});

test('declined, it reads failed while its hold runs; the same intent paid with another card confirms it', async () => {
  const order = await begun('tiered');
  await stripe.paymentIntents.confirm(order.ref, { payment_method: 'pm_card_chargeDeclined' }).catch(() => {});
  await becomes(order.id, 'failed');
  await stripe.paymentIntents.confirm(order.ref, { payment_method: 'pm_card_visa' });
  await becomes(order.id, 'confirmed');
});

test('refunded at Stripe’s dashboard, it reads refunded', async () => {
  const order = await begun('day_based');
  await stripe.paymentIntents.confirm(order.ref, { payment_method: 'pm_card_visa' });
  await becomes(order.id, 'confirmed');
  expect((await call(stripeUrl, 'POST', '/_standin/refund', { body: { payment_intent: order.ref } })).status).toBe(200);
  expect((await becomes(order.id, 'refunded')).items).toEqual(order.items);
});

test('of an event that is cancelled, it is refunded', async () => {
  const order = await begun('tier_and_day');
  await stripe.paymentIntents.confirm(order.ref, { payment_method: 'pm_card_visa' });
  await becomes(order.id, 'confirmed');
  const { slug } = await db.selectFrom('events').select('slug').where('id', '=', order.event).executeTakeFirstOrThrow();
  const token = await signIn(url, 'admin@billetter.test');
  expect((await call(url, 'POST', `/api/events/${slug}/cancel/`, { token, body: {} })).status).toBe(200);
  expect((await becomes(order.id, 'refunded')).refunded_amount).toBe('63.00');
  expect((await post(`${order.id}/refund/`)).body).toMatchObject({ error: 'Order cannot be refunded' });
});

test('confirmed by hand, through its workflow; cancelled unpaid, its intent cannot be paid any more', async () => {
  const sold = await offersOf(db, 'simple');
  const made = async () => (await post('', { event: sold.eventId, items: [{ ...sold.items[0], quantity: 1 }] })).body;
  const first = await made();
  expect((await post(`${first.id}/confirm_payment/`, {})).body).toMatchObject({ status: 'confirmed', payment_method: 'stripe' });

  const second = await made();
  const { payment_intent: intent } = (await post(`${second.id}/create-payment-intent/`)).body;
  expect((await post(`${second.id}/cancel/`, { reason: 'Changed my mind' })).body.status).toBe('cancelled');
  await until(
    'the intent is closed',
    () => stripe.paymentIntents.retrieve(intent.payment_intent_id),
    (now) => now.status === 'canceled',
  );
  const answer = await callback(
    url,
    stripeEvent('charge.refunded', { object: 'charge', payment_intent: 'pi_unknown', amount_refunded: 1, currency: 'usd' }),
  );
  expect([answer.status, answer.body.message]).toEqual([200, 'Webhook processed successfully']);
});
