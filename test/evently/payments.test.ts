// The payment page, its JSON twin, and Stripe's callback.
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paymentState } from '../../gateway/evently/presenters.ts';
import * as orders from '../../services/orders/orders.ts';
import type { PaymentProvider } from '../../services/payments/provider.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { charge, startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let buyer: { id: string; token: string };
let away = false;
let refuses = false;
const secret = 'whsec_billetter_development_secret_not_for_production';

beforeAll(async () => {
  const real = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: secret, standinUrl: undefined, timeoutMs: 1000 });
  const provider: PaymentProvider = {
    ...real,
    async create(p) {
      if (away) throw new DomainError('payment_unavailable', 'away');
      if (refuses) throw new DomainError('payment_failed', 'Amount must be at least $0.50 usd', { declineCode: 'amount_too_small' });
      const base = { status: 'open' as const, receivedMinor: 0, failureCode: null, failureMessage: null };
      return {
        ...base,
        ref: `pi_${p.paymentId}`,
        amountMinor: p.amountMinor,
        currency: p.currency,
        next: { kind: 'card', secret: `pi_${p.paymentId}_secret_x` },
        orderId: p.orderId,
        paymentId: p.paymentId,
      };
    },
  };
  world = await startWorld({ overrides: { providers: { stripe: provider } } });
  buyer = await person(world.db);
});
afterAll(() => world?.stop());

async function booking() {
  const { id, seats } = await show(world.db, { priceMinor: 1999 });
  const made = await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: [seats[0]] } });
  return made.body.data.booking.id as string;
}
const page = (id: string) =>
  world.call('GET', `/api/v1/payments/initiate/${id}`, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });

describe('payment_url', () => {
  it('200 JSON for the owner, by GET and POST, the same payment each time', async () => {
    const id = await booking();
    const answers = [];
    for (const method of ['GET', 'POST', 'GET'])
      answers.push((await world.call(method, `/api/v1/payments/initiate/${id}`, { token: buyer.token })).body.data);
    expect(answers[0]).toEqual({
      booking_id: id,
      amount: 19.99,
      currency: 'USD',
      payment_intent_id: expect.stringMatching(/^pi_/),
      client_secret: expect.stringContaining('_secret_'),
      publishable_key: 'pk_test_billetter',
      status: 'created',
      expires_at: expect.stringMatching(/Z$/),
    });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('200 HTML for a browser: event, seat, amount, form; a policy for exactly its parts', async () => {
    const id = await booking();
    const answer = await page(id);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.text).toContain('Floor, row A, seat 1');
    expect(answer.text).toContain('19.99 USD');
    expect(answer.text).not.toContain(buyer.id);
    const policy = answer.headers.get('content-security-policy')!;
    const nonce = /'nonce-([^']+)'/.exec(policy)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const scripts = [...answer.text.matchAll(/<script([^>]*)>/g)].map((m) => m[1]!).filter((a) => !a.includes('application/json'));
    expect(scripts).toHaveLength(2);
    for (const attributes of scripts) expect(attributes).toContain(`nonce="${nonce}"`);
    expect((await page(id)).headers.get('content-security-policy')).not.toContain(nonce);
  });

  it("says the venue's own time and its zone, UTC without one; names from right to left turn nothing round", async () => {
    const id = await booking();
    const { event } = (await orders.find(world.db, id))!;
    await world.db
      .updateTable('events')
      .set({ name: 'דוד', starts_at: '2099-12-12T18:30:00Z', ends_at: '2099-12-13T00:00:00Z' })
      .where('id', '=', event.id)
      .execute();
    expect((await page(id)).text).toContain('Sat 12 Dec 2099, 18:30 UTC');
    await world.db.updateTable('venues').set({ time_zone: 'Asia/Kolkata' }).where('name', '=', event.venue!).execute();
    const { text } = await page(id);
    expect(text).toContain('Sun 13 Dec 2099, 00:00 IST · <bdi>Hall</bdi>');
    expect(text).toContain('<h1 dir="auto">דוד</h1>');
    expect(text).toContain('<title>Pay for \u2068דוד\u2069</title>');
  });

  it('escapes what people wrote', async () => {
    const id = await booking();
    const order = (await orders.find(world.db, id))!;
    await world.db.updateTable('events').set({ name: '</script><script>alert(1)</script>' }).where('id', '=', order.event.id).execute();
    const { text } = await page(id);
    expect(text).not.toContain('<script>alert');
    expect(text).toContain('&lt;/script&gt;');
  });

  it('404 page for an unknown link; 503 page that retries while the provider is away', async () => {
    for (const id of [randomUUID(), 'x']) {
      const answer = await page(id);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    }
    away = true;
    const id = await booking();
    const answer = await page(id);
    expect([answer.status, answer.headers.get('refresh')]).toEqual([503, '5']);
    const json = await world.call('POST', `/api/v1/payments/initiate/${id}`, { token: buyer.token });
    expect([json.status, json.body.error.code, json.headers.get('retry-after')]).toEqual([503, 'SERVER_ERROR', '2']);
    away = false;
  });

  it('402 with the reason, page and JSON, for an amount the provider never takes; paying it in the workflow is declined', async () => {
    refuses = true;
    const id = await booking();
    expect([(await page(id)).status, (await page(id)).text.includes('at least $0.50')]).toEqual([402, true]);
    const json = await world.call('POST', `/api/v1/payments/initiate/${id}`, { token: buyer.token });
    expect([json.status, json.body.error.code]).toEqual([402, 'PAYMENT_FAILED']);
    const charged = await charge(world, id);
    expect(charged).toMatchObject({ outcome: 'declined', declineCode: 'amount_too_small' });
    refuses = false;
  });

  it('says in one word how the payment stands', async () => {
    const order = (await orders.find(world.db, await booking()))!;
    const known = { provider: 'stripe', provider_ref: null, succeeded_at: null };
    const payment = { ...known, id: 'x', status: 'created' as const, failure_code: null, failure_message: null };
    const refund = { status: 'pending' as const, amount_minor: 1 };
    expect(paymentState(order)).toBe('pending');
    expect(paymentState({ ...order, payment: { ...payment, failure_code: 'card_declined' } })).toBe('failed');
    expect(paymentState({ ...order, payment: { ...payment, status: 'processing' } })).toBe('processing');
    expect(paymentState({ ...order, status: 'expired', payment: { ...payment, status: 'succeeded' } })).toBe('processing');
    expect(paymentState({ ...order, status: 'expired', refund })).toBe('refunded');
    expect(paymentState({ ...order, status: 'expired' })).toBe('expired');
    expect(paymentState({ ...order, status: 'confirmed' })).toBe('confirmed');
  });
});

describe('the Stripe webhook', () => {
  const stripe = new Stripe('sk_test_x');
  async function event(over: Record<string, unknown> = {}) {
    const id = await booking();
    const intent = (await world.call('POST', `/api/v1/payments/initiate/${id}`, { token: buyer.token })).body.data
      .payment_intent_id as string;
    const object = {
      id: intent,
      object: 'payment_intent',
      status: 'succeeded',
      amount: 1999,
      amount_received: 1999,
      currency: 'usd',
      metadata: { order_id: id, payment_id: intent.slice(3) },
      ...over,
    };
    return {
      id,
      payload: JSON.stringify({ id: `evt_${randomUUID()}`, object: 'event', type: 'payment_intent.succeeded', data: { object } }),
    };
  }
  const send = (payload: string, signedWith = secret, signed = payload) =>
    world.call('POST', '/api/webhooks/stripe/', {
      raw: payload,
      headers: { 'stripe-signature': stripe.webhooks.generateTestHeaderString({ payload: signed, secret: signedWith }) },
    });

  it('200 recorded, then 200 duplicate; the payment succeeded once', async () => {
    const { id, payload } = await event();
    const message = 'Webhook processed successfully';
    expect((await send(payload)).body).toEqual({ received: true, message, outcome: 'recorded' });
    expect((await send(payload)).body).toEqual({ received: true, message, outcome: 'duplicate' });
    expect((await orders.find(world.db, id))!.payment!.status).toBe('succeeded');
  });

  it('400 for a wrong secret, a changed body, or a wrong amount; nothing is paid by it', async () => {
    const { id, payload } = await event();
    expect((await send(payload, 'whsec_other')).status).toBe(400);
    expect((await send(payload.replace('1999', '1998'), secret, payload)).status).toBe(400);
    const cheap = await event({ amount: 1, amount_received: 1 });
    const answer = await send(cheap.payload);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'payment_mismatch']);
    for (const order of [id, cheap.id]) expect((await orders.find(world.db, order))!.payment!.status).toBe('created');
  });

  it('200 ignored for what is not ours; 404 without the slash, 405 for GET, 413 for megabytes', async () => {
    const payload = JSON.stringify({
      id: `evt_${randomUUID()}`,
      object: 'event',
      type: 'customer.created',
      data: { object: { id: 'cus_1', object: 'customer' } },
    });
    expect((await send(payload)).body.outcome).toBe('ignored');
    expect((await world.call('POST', '/api/webhooks/stripe', { raw: payload })).status).toBe(404);
    expect((await world.call('GET', '/api/webhooks/stripe/')).status).toBe(405);
    expect((await world.call('POST', '/api/webhooks/stripe/', { raw: 'x'.repeat(1_200_000) })).status).toBe(413);
  });
});
