// Money that comes early, late, twice, in the wrong order, or wrong: it always ends as a ticket or a refund.
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { book, buyer, call, confirm, freeSeats, holdFor, mailsTo, type Person, read, type Show, show, until } from '../support/client.ts';
import { openDb } from '../support/db.ts';
import { leaveOut } from '../support/net.ts';
import { callback, faults, stripeClient, stripeEvent } from '../support/stripe.ts';

const { gatewayUrl: url, stripeUrl, mailUrl } = inject('stack');
const stripe = stripeClient(stripeUrl);
const db = openDb();
let berta: Person;
let anna: Person;

beforeAll(async () => {
  [berta, anna] = await Promise.all([buyer(url), buyer(url)]);
});
afterEach(() =>
  faults(stripeUrl, {
    fail500: 0,
    lostAnswer: 0,
    lostAnswerAs: 'drop',
    hangMs: 0,
    paths: '',
    timeouts: 0,
    delayWebhooksMs: 0,
    duplicateWebhooks: 0,
    reorderWebhooks: false,
    dropWebhooks: 0,
    lateMs: 8000,
  }),
);
afterAll(() => db.destroy());

const initiate = async (who: Person, bookingId: string) =>
  (await call(url, 'POST', `/api/v1/payments/initiate/${bookingId}`, { token: who.token })).body.data;
/** The buyer pays with a card whose money is under way until `arrives` is called. */
async function payLate(intent: string): Promise<{ arrives(): Promise<unknown> }> {
  await faults(stripeUrl, { lateMs: 600_000 });
  await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_late' });
  return { arrives: () => call(stripeUrl, 'POST', '/_standin/late-payment', { body: { payment_intent: intent } }) };
}
/** Waits until the first seat is free again, then Anna buys it. */
async function sellToAnna(event: Show): Promise<void> {
  await until(
    'the seat returns',
    () => freeSeats(url, event.id),
    (s) => s.includes(event.seats[0]!),
  );
  await holdFor(url, event.id, 300); // paying may take its time
  const other = await book(url, anna.token, event.id, [event.seats[0]!]);
  expect((await confirm(url, anna.token, other.id)).status).toBe(200);
}
/** A hold that ends within the test, and not before its money is on the way on a slow machine. */
const HOLD = 8;
const visa = { payment_method: 'pm_card_visa' };

describe('a payment on the payment page', () => {
  test('is told by webhook alone and becomes a ticket', async () => {
    const event = await show(url);
    const booking = await book(url, berta.token, event.id, [event.seats[0]!]);
    const page = await initiate(berta, booking.id);
    await stripe.paymentIntents.confirm(page.payment_intent_id, visa);
    await until(
      'the booking is confirmed',
      () => read(url, berta.token, booking.id),
      (b) => b.status === 'confirmed',
    );
  });

  test('webhooks sent twice and in reverse order make one ticket and one mail', async () => {
    const event = await show(url);
    const carla = await buyer(url);
    const booking = await book(url, carla.token, event.id, [event.seats[0]!]);
    const page = await initiate(carla, booking.id);
    await faults(stripeUrl, { duplicateWebhooks: true, reorderWebhooks: true, delayWebhooksMs: 300 });
    await stripe.paymentIntents.confirm(page.payment_intent_id, { payment_method: 'pm_card_chargeDeclined' }).catch(() => {});
    await stripe.paymentIntents.confirm(page.payment_intent_id, visa);
    const b = await until(
      'confirmed',
      () => read(url, carla.token, booking.id),
      (one) => one.status === 'confirmed',
    );
    expect(b.tickets).toHaveLength(1);
    await until(
      'the mail',
      () => mailsTo(mailUrl, carla.email),
      (m) => m.length > 0,
    );
    await until(
      'every webhook of it is delivered', // other files' come and go at the same stand-in
      async () => (await call(stripeUrl, 'GET', '/_standin/webhooks')).body.filter((w: any) => w.payment_intent === page.payment_intent_id),
      (hooks) => hooks.length >= 2 && hooks.every((w: any) => w.status !== 'pending'),
    );
    expect(await mailsTo(mailUrl, carla.email)).toHaveLength(1);
    expect((await read(url, carla.token, booking.id)).status).toBe('confirmed');
  });

  test('whose webhook is lost is found when the hold ends, and confirmed', async () => {
    const event = await show(url, { holdSeconds: HOLD });
    const booking = await book(url, berta.token, event.id, [event.seats[0]!]);
    const page = await initiate(berta, booking.id);
    await faults(stripeUrl, { dropWebhooks: 50 });
    await stripe.paymentIntents.confirm(page.payment_intent_id, visa);
    await until(
      'confirmed',
      () => read(url, berta.token, booking.id),
      (b) => b.status === 'confirmed',
    );
  });
});

describe('a payment after expiry', () => {
  test('gets its seats when they are still free', async () => {
    const event = await show(url, { holdSeconds: HOLD });
    const booking = await book(url, berta.token, event.id, [event.seats[0]!]);
    const page = await initiate(berta, booking.id);
    const money = await payLate(page.payment_intent_id);
    await until(
      'expired',
      () => read(url, berta.token, booking.id),
      (b) => b.status === 'expired',
    );
    await money.arrives();
    const b = await until(
      'confirmed after all',
      () => read(url, berta.token, booking.id),
      (one) => one.status === 'confirmed',
    );
    expect(b.tickets).toHaveLength(1);
    expect(await freeSeats(url, event.id)).not.toContain(event.seats[0]);
  });

  test('is refunded by itself, and said so by mail, when another has them', async () => {
    const event = await show(url, { holdSeconds: HOLD });
    const dora = await buyer(url);
    const booking = await book(url, dora.token, event.id, [event.seats[0]!]);
    const page = await initiate(dora, booking.id);
    const money = await payLate(page.payment_intent_id);
    await sellToAnna(event);
    await money.arrives();
    const b = await until(
      'refunded',
      () => read(url, dora.token, booking.id),
      (one) => JSON.stringify(one.refund ?? '').includes('succeeded'),
    );
    expect([b.status, b.tickets.length]).toEqual(['expired', 0]);
    const refunds = await stripe.refunds.list({ payment_intent: page.payment_intent_id });
    expect(refunds.data.map((r) => r.amount)).toEqual([5000]);
    await until(
      'both mails',
      () => mailsTo(mailUrl, dora.email),
      (m) => m.some((x) => x.subject.includes('too late')) && m.some((x) => x.subject.startsWith('Refund')),
    );
  });

  test('gets an equal place when the buyer agreed to one', async () => {
    const event = await show(url, { holdSeconds: HOLD, seats: 3 });
    const booking = await book(url, berta.token, event.id, [event.seats[0]!]);
    await db.updateTable('orders').set({ accepts_equal_place: true }).where('id', '=', booking.id).execute();
    const page = await initiate(berta, booking.id);
    const money = await payLate(page.payment_intent_id);
    await sellToAnna(event);
    await money.arrives();
    const b = await until(
      'confirmed',
      () => read(url, berta.token, booking.id),
      (one) => one.status === 'confirmed',
    );
    expect(b.seats[0].seat_number).not.toBe(booking.seats[0].seat_number);
  });
});

describe('a provider that misbehaves', () => {
  test('500s before the effect: the confirm still ends confirmed, charged once', async () => {
    const event = await show(url);
    const booking = await book(url, berta.token, event.id, [event.seats[0]!]);
    await initiate(berta, booking.id);
    await faults(stripeUrl, { fail500: 2, paths: 'confirm' });
    expect((await confirm(url, berta.token, booking.id)).status).toBe(200);
  });

  test('success whose answer is lost: confirmed, charged once', async () => {
    const event = await show(url);
    const booking = await book(url, berta.token, event.id, [event.seats[0]!]);
    const page = await initiate(berta, booking.id);
    await faults(stripeUrl, { lostAnswer: 4, paths: 'confirm' });
    expect((await confirm(url, berta.token, booking.id)).status).toBe(200);
    const charges = await stripe.paymentIntents.retrieve(page.payment_intent_id);
    expect(charges.amount_received).toBe(5000);
  });

  test('refund whose answer is lost: refunded once', async () => {
    const event = await show(url);
    const booking = await book(url, berta.token, event.id, [event.seats[0]!]);
    const page = await initiate(berta, booking.id);
    expect((await confirm(url, berta.token, booking.id)).status).toBe(200);
    await faults(stripeUrl, { lostAnswer: 4, paths: '/v1/refunds$' });
    expect((await call(url, 'DELETE', `/api/v1/bookings/${booking.id}`, { token: berta.token })).status).toBe(200);
    await until(
      'refunded',
      () => read(url, berta.token, booking.id),
      (one) => JSON.stringify(one.refund ?? '').includes('succeeded'),
    );
    expect((await stripe.refunds.list({ payment_intent: page.payment_intent_id })).data).toHaveLength(1);
  });
});

describe('a callback', () => {
  const MADE_UP = 'the callback is made up by the test: its money was never taken at the provider';
  const paidIntent = async (seat = 0) => {
    const event = await show(url);
    const booking = await book(url, berta.token, event.id, [event.seats[seat]!]);
    const page = await initiate(berta, booking.id);
    const intent = await stripe.paymentIntents.retrieve(page.payment_intent_id);
    return { booking, told: { ...intent, status: 'succeeded', amount_received: intent.amount } };
  };

  test('400 with a wrong signature: nothing happens', async () => {
    const { booking, told } = await paidIntent();
    const answer = await callback(url, stripeEvent('payment_intent.succeeded', told), 'whsec_somebody_elses_secret_0000000000000');
    expect(answer.status).toBe(400);
    expect((await read(url, berta.token, booking.id)).status).toBe('pending');
  });

  test('400 with a wrong amount: the provider is asked, the booking stays unpaid', async () => {
    const { booking, told } = await paidIntent();
    const answer = await callback(url, stripeEvent('payment_intent.succeeded', { ...told, amount: 100, amount_received: 100 }));
    expect(answer.status).toBe(400);
    const payment = await until(
      'the provider was asked',
      () => db.selectFrom('payments').select(['status', 'contradicted_at']).where('order_id', '=', booking.id).executeTakeFirstOrThrow(),
      (p) => p.contradicted_at === null,
    );
    expect(payment.status).toBe('created');
    expect((await read(url, berta.token, booking.id)).status).toBe('pending');
  });

  test("400 with another order's metadata", async () => {
    const [one, two] = [await paidIntent(), await paidIntent()];
    const answer = await callback(url, stripeEvent('payment_intent.succeeded', { ...one.told, metadata: two.told.metadata }));
    expect(answer.status).toBe(400);
    expect((await read(url, berta.token, one.booking.id)).status).toBe('pending');
  });

  test('200 early, before our own record of the payment has its reference', async () => {
    const { booking, told } = await paidIntent();
    leaveOut(booking.id, MADE_UP, ['ledger']);
    await db.updateTable('payments').set({ provider_ref: null, client_secret: null }).where('order_id', '=', booking.id).execute();
    expect((await callback(url, stripeEvent('payment_intent.succeeded', told))).status).toBe(200);
    await until(
      'confirmed',
      () => read(url, berta.token, booking.id),
      (b) => b.status === 'confirmed',
    );
  });

  test('200 for events and payments that are not ours, and for the same event again', async () => {
    expect((await callback(url, stripeEvent('customer.created', { object: 'customer', id: 'cus_1' }))).status).toBe(200);
    const { booking, told } = await paidIntent();
    leaveOut(booking.id, MADE_UP, ['ledger']);
    expect((await callback(url, stripeEvent('payment_intent.succeeded', { ...told, id: 'pi_unknown', metadata: {} }))).status).toBe(200);
    const event = stripeEvent('payment_intent.succeeded', told);
    expect((await callback(url, event)).status).toBe(200);
    expect((await callback(url, event)).status).toBe(200);
    await until(
      'confirmed',
      () => read(url, berta.token, booking.id),
      (b) => b.status === 'confirmed',
    );
    const failedLater = stripeEvent('payment_intent.payment_failed', { ...told, status: 'requires_payment_method', amount_received: 0 });
    expect((await callback(url, failedLater)).status).toBe(200);
    expect((await read(url, berta.token, booking.id)).status).toBe('confirmed');
  });
});
