// The Stripe stand-in, driven by Stripe's own library and a receiver that verifies each webhook.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import Stripe from 'stripe';
import { afterEach, expect, test, vi } from 'vitest';
import { type RunningStandin, type StandinOptions, startStripeStandin } from '../../standins/stripe/standin.ts';

// Room for a busy machine: nothing here waits by the clock, so a passing run never comes near it.
vi.setConfig({ testTimeout: 240_000 });

const secret = 'whsec_standin_test';
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Receiver {
  url: string;
  /** Every verified event that was answered 200, in order of arrival. */
  events: Stripe.Event[];
  /** Every arrival, also those answered with an error. */
  arrivals: string[];
  forged: number;
  answers: number[];
}
async function receiver(): Promise<Receiver> {
  const state: Receiver = { url: '', events: [], arrivals: [], forged: 0, answers: [] };
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    let event: Stripe.Event;
    try {
      event = Stripe.webhooks.constructEvent(body, request.headers['stripe-signature'] as string, secret);
    } catch {
      state.forged += 1;
      response.writeHead(400).end();
      return;
    }
    state.arrivals.push(event.id);
    const status = state.answers.shift() ?? 200;
    if (status === 200) state.events.push(event);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/webhooks/stripe/`;
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return state;
}

interface World {
  standin: RunningStandin;
  stripe: Stripe;
  hooks: Receiver;
  faults(wish: object): Promise<unknown>;
  state(): Promise<any>;
}
function clientFor(standin: RunningStandin, options: object = {}): Stripe {
  return new Stripe('sk_test_standin', {
    host: '127.0.0.1',
    port: standin.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    ...options,
  });
}
async function post(url: string, body: object): Promise<any> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const got = await answer.json();
  if (!answer.ok) throw new Error(JSON.stringify(got));
  return got;
}
async function world(more: Partial<StandinOptions> = {}): Promise<World> {
  const hooks = await receiver();
  const webhookRetry = { firstMs: 10, maxMs: 50 };
  const standin = await startStripeStandin({ port: 0, webhookUrl: hooks.url, webhookSecret: secret, webhookRetry, ...more });
  cleanups.push(() => standin.close());
  return {
    standin,
    hooks,
    stripe: clientFor(standin),
    faults: (wish) => post(`${standin.url}/_standin/faults`, wish),
    state: async () => (await fetch(`${standin.url}/_standin/state`)).json(),
  };
}

const stay = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' as const } };
const order = (order_id: string, amount = 5000) => ({ amount, currency: 'usd', metadata: { order_id }, ...stay });
const paid = (stripe: Stripe, id: string, method = 'pm_card_visa', amount = 5000) =>
  stripe.paymentIntents.create({ ...order(id, amount), payment_method: method, confirm: true });
const failure = async (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    (error) => error,
  );
const has = (hooks: Receiver, type: string) => until(type, () => hooks.events.find((event) => event.type === type));

test('a payment made in two steps succeeds, has a charge, and is announced with a valid signature', async () => {
  const { stripe, hooks, state } = await world();
  const created = await stripe.paymentIntents.create(order('A1'));
  expect(created).toMatchObject({
    object: 'payment_intent',
    status: 'requires_payment_method',
    amount: 5000,
    latest_charge: null,
    metadata: { order_id: 'A1' },
  });
  expect(created.client_secret).toMatch(new RegExp(`^${created.id}_secret_`));

  const done = await stripe.paymentIntents.confirm(created.id, {
    payment_method_data: { type: 'card', card: { token: 'tok_visa' } } as any,
    expand: ['latest_charge', 'payment_method'],
  });
  expect(done).toMatchObject({ status: 'succeeded', amount_received: 5000, payment_method: { card: { last4: '4242' } } });
  const charge = done.latest_charge as Stripe.Charge;
  expect(charge).toMatchObject({ object: 'charge', status: 'succeeded', captured: true, amount_refunded: 0, metadata: { order_id: 'A1' } });
  expect(await stripe.charges.retrieve(charge.id)).toMatchObject({ payment_intent: created.id });

  const event = await has(hooks, 'payment_intent.succeeded');
  expect(event).toMatchObject({
    object: 'event',
    api_version: Stripe.API_VERSION,
    livemode: false,
    data: { object: { id: created.id, status: 'succeeded' } },
  });
  await has(hooks, 'charge.succeeded');
  await has(hooks, 'payment_intent.created');
  expect(hooks.forged).toBe(0);
  expect(await stripe.events.retrieve(event.id)).toMatchObject({ id: event.id, type: event.type });
  expect(await state()).toMatchObject({ intents: { succeeded: 1 }, orders: { A1: { captured: 5000, refunded: 0, net: 5000 } } });
});

test('confirm, update and cancel keep to the states Stripe allows', async () => {
  const { stripe, hooks } = await world();
  const open = await stripe.paymentIntents.create({ ...order('S1'), payment_method: 'pm_card_visa' });
  expect(open.status).toBe('requires_confirmation');
  const updated = await stripe.paymentIntents.update(open.id, { amount: 7000, metadata: { order_id: '', note: 'x' } });
  expect(updated).toMatchObject({ amount: 7000, metadata: { note: 'x' } });
  expect(updated.metadata).not.toHaveProperty('order_id');
  const canceled = await stripe.paymentIntents.cancel(open.id, { cancellation_reason: 'abandoned' });
  expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' });
  expect((await has(hooks, 'payment_intent.canceled')).data.object).toMatchObject({ id: open.id });

  for (const again of [
    stripe.paymentIntents.cancel(open.id),
    stripe.paymentIntents.confirm(open.id),
    stripe.paymentIntents.update(open.id, { amount: 900 }),
  ]) {
    const error = await failure(again);
    expect(error).toMatchObject({
      type: 'StripeInvalidRequestError',
      statusCode: 400,
      code: 'payment_intent_unexpected_state',
      payment_intent: { status: 'canceled' },
    });
  }
  const done = await paid(stripe, 'S2');
  expect(await failure(stripe.paymentIntents.cancel(done.id))).toMatchObject({ code: 'payment_intent_unexpected_state' });
  expect(await failure(stripe.paymentIntents.confirm(done.id, { payment_method: 'pm_card_visa' }))).toMatchObject({
    code: 'payment_intent_unexpected_state',
  });
  const bare = await stripe.paymentIntents.create(order('S3'));
  expect(await failure(stripe.paymentIntents.confirm(bare.id))).toMatchObject({ code: 'payment_intent_unexpected_state' });
});

test.each([
  ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  // Stripe sends none for this one; the library makes an empty string of that.
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
])('%s is refused with 402 and can be paid with another card', async (method, code, decline_code) => {
  const { stripe, hooks, state } = await world();
  const intent = await stripe.paymentIntents.create(order('D1'));
  const error = await failure(stripe.paymentIntents.confirm(intent.id, { payment_method: method }));
  expect(error).toMatchObject({
    type: 'StripeCardError',
    statusCode: 402,
    code,
    payment_intent: { id: intent.id, status: 'requires_payment_method' },
  });
  expect(error.decline_code).toBe(decline_code);
  const after = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] });
  expect(after).toMatchObject({
    status: 'requires_payment_method',
    payment_method: null,
    last_payment_error: { code },
    latest_charge: { status: 'failed', failure_code: code },
  });
  expect((await has(hooks, 'payment_intent.payment_failed')).data.object).toMatchObject({ id: intent.id });

  const second = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'stripe_token_123' });
  expect(second).toMatchObject({ status: 'succeeded', last_payment_error: null });
  expect((await state()).orders.D1).toMatchObject({ captured: 5000, net: 5000 });
});

test('create and confirm at once: a decline leaves the intent behind', async () => {
  const { stripe } = await world();
  const error = await failure(paid(stripe, 'D2', 'pm_card_chargeDeclined'));
  expect(await stripe.paymentIntents.retrieve(error.payment_intent.id)).toMatchObject({
    status: 'requires_payment_method',
    metadata: { order_id: 'D2' },
  });
});

test('what Stripe refuses as a bad request is refused', async () => {
  const { stripe, standin } = await world();
  const create = (params: object) => failure(stripe.paymentIntents.create(params as Stripe.PaymentIntentCreateParams));
  expect(await create({ currency: 'usd' })).toMatchObject({ statusCode: 400, code: 'parameter_missing', param: 'amount' });
  expect(await create({ amount: 0, currency: 'usd' })).toMatchObject({ code: 'parameter_invalid_integer', param: 'amount' });
  expect(await create({ amount: 10, currency: 'usd' })).toMatchObject({ code: 'amount_too_small' });
  expect(await create({ amount: 100, currency: 'usd', orderid: 'x' })).toMatchObject({ code: 'parameter_unknown', param: 'orderid' });
  expect(await create({ amount: 100, currency: 'nix' })).toMatchObject({ param: 'currency' });
  expect(await create({ amount: 100, currency: 'usd', payment_method: 'pm_card_visa', confirm: true })).toMatchObject({
    param: 'return_url',
  });
  const unknown = { payment_method_data: { type: 'card', card: { token: 'tok_nobody' } } };
  expect(await create({ ...order('B1'), confirm: true, ...unknown })).toMatchObject({
    statusCode: 400,
    code: 'resource_missing',
    message: "No such token: 'tok_nobody'",
  });
  const raw = { payment_method_data: { type: 'card', card: { number: '4242424242424242', exp_month: 1, exp_year: 40 } } };
  expect((await create({ ...order('B2'), confirm: true, ...raw })).message).toContain('generally unsafe');
  expect(await create({ ...order('B3'), expand: ['charge'], payment_method: 'pm_card_visa', confirm: true })).toMatchObject({
    param: 'expand',
  });
  expect(await failure(stripe.paymentIntents.retrieve('pi_nobody'))).toMatchObject({ statusCode: 404, code: 'resource_missing' });
  expect((await stripe.paymentIntents.list()).data).toEqual([]);
  expect((await fetch(`${standin.url}/v1/payment_intents`)).status).toBe(401);
  expect((await fetch(`${standin.url}/v1/payment_intents`, { headers: { authorization: 'Bearer sk_live_x' } })).status).toBe(401);
});

test('a late card processes first, cannot be called back, and succeeds with its webhook', async () => {
  const { stripe, hooks, faults } = await world();
  await faults({ lateMs: 60_000 });
  const slow = await paid(stripe, 'L1', 'pm_card_late');
  expect(slow.status).toBe('processing');
  await has(hooks, 'payment_intent.processing');
  expect(await failure(stripe.paymentIntents.cancel(slow.id))).toMatchObject({ code: 'payment_intent_unexpected_state' });

  await faults({ lateMs: 1 });
  const quick = await stripe.paymentIntents.create({
    ...order('L2'),
    confirm: true,
    payment_method_data: { type: 'card', card: { token: 'tok_late' } } as any,
  });
  expect(quick.status).toBe('processing');
  const event = await has(hooks, 'payment_intent.succeeded');
  expect(event.data.object).toMatchObject({ id: quick.id, status: 'succeeded', latest_charge: quick.latest_charge });
  expect(event.request).toEqual({ id: null, idempotency_key: null });
  expect((await stripe.paymentIntents.retrieve(slow.id)).status).toBe('processing');

  const refusedLater = await paid(stripe, 'L3', 'pm_card_lateDeclined');
  expect(refusedLater.status).toBe('processing');
  expect((await has(hooks, 'payment_intent.payment_failed')).data.object).toMatchObject({
    id: refusedLater.id,
    status: 'requires_payment_method',
  });
});

test('late-payment pays an open or a processing intent now, and not a canceled one', async () => {
  const { stripe, standin, state, faults } = await world();
  await faults({ lateMs: 60_000 });
  const pay = (id: string) => post(`${standin.url}/_standin/late-payment`, { payment_intent: id });
  expect((await pay((await stripe.paymentIntents.create(order('P1'))).id)).status).toBe('succeeded');
  expect((await pay((await paid(stripe, 'P2', 'pm_card_late')).id)).status).toBe('succeeded');
  const gone = await stripe.paymentIntents.cancel((await stripe.paymentIntents.create(order('P3'))).id);
  await expect(pay(gone.id)).rejects.toThrow('payment_intent_unexpected_state');
  expect(await state()).toMatchObject({ orders: { P1: { net: 5000 }, P2: { net: 5000 }, P3: { net: 0 } }, stillToSettle: 0 });
});

test('one idempotency key is one answer, also for a decline', async () => {
  const { stripe, state } = await world();
  const create = (amount: number, idempotencyKey = 'key-1') =>
    stripe.paymentIntents.create({ ...order('I1', amount), payment_method: 'pm_card_visa', confirm: true }, { idempotencyKey });
  const first = await create(5000);
  const second = await create(5000);
  expect(second).toEqual(first);
  expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
  expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect(second.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
  expect((await state()).charges.succeeded).toBe(1);

  expect(await failure(create(6000))).toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400, rawType: 'idempotency_error' });
  expect(await failure(stripe.refunds.create({ payment_intent: first.id }, { idempotencyKey: 'key-1' }))).toMatchObject({
    rawType: 'idempotency_error',
  });

  const decline = () =>
    failure(stripe.paymentIntents.confirm(open.id, { payment_method: 'pm_card_chargeDeclined' }, { idempotencyKey: 'key-2' }));
  const open = await stripe.paymentIntents.create(order('I2'));
  const [one, two] = [await decline(), await decline()];
  expect(two.charge).toBe(one.charge);
  expect((await state()).charges.failed).toBe(1);

  // A request refused by validation was never begun: its key is still free.
  expect(await failure(create(0, 'key-3'))).toMatchObject({ code: 'parameter_invalid_integer' });
  expect((await create(5000, 'key-3')).status).toBe('succeeded');
});

test('a key in use answers 409, and a hanging call whose client left has no effect', async () => {
  const { stripe, standin, state, faults } = await world();
  await faults({ timeouts: 1 });
  const leave = new AbortController();
  const call = (signal?: AbortSignal) =>
    fetch(`${standin.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_x', 'idempotency-key': 'held' },
      body: new URLSearchParams({ amount: '5000', currency: 'usd' }),
      ...(signal && { signal }),
    });
  const hanging = call(leave.signal).catch((error) => error.name);
  await until('the call to hang', async () => (await state()).hanging === 1 || undefined);
  const second = await call();
  expect(second.status).toBe(409);
  expect(await second.json()).toMatchObject({ error: { type: 'idempotency_error', code: 'idempotency_key_in_use' } });
  leave.abort();
  expect(await hanging).toBe('AbortError');
  await until('the key to be free', async () => (await state()).hanging === 0 || undefined);
  expect((await stripe.paymentIntents.list()).data).toHaveLength(0);
  expect((await call()).status).toBe(200);
});

test('a call that timed out may take effect afterwards', async () => {
  const { standin, state, faults } = await world();
  await faults({ timeouts: 1, hangMs: 1000 });
  const impatient = clientFor(standin, { timeout: 50 });
  expect(await failure(paid(impatient, 'H1'))).toMatchObject({ type: 'StripeConnectionError' });
  await until('the money to arrive all the same', async () => (await state()).orders.H1?.captured === 5000 || undefined);
});

test('refunds: part, rest, too much, again', async () => {
  const { stripe, hooks, state } = await world();
  const intent = await paid(stripe, 'R1');
  const part = await stripe.refunds.create({
    payment_intent: intent.id,
    amount: 2000,
    reason: 'requested_by_customer',
    metadata: { why: 'seat' },
  });
  expect(part).toMatchObject({
    object: 'refund',
    status: 'succeeded',
    amount: 2000,
    reason: 'requested_by_customer',
    charge: intent.latest_charge,
    metadata: { why: 'seat' },
  });
  expect(await has(hooks, 'charge.refunded')).toMatchObject({
    data: { object: { amount_refunded: 2000, refunded: false }, previous_attributes: { amount_refunded: 0 } },
  });
  await has(hooks, 'refund.created');
  await has(hooks, 'refund.updated');

  const tooMuch = await failure(stripe.refunds.create({ charge: String(intent.latest_charge), amount: 3001 }));
  expect(tooMuch).toMatchObject({
    statusCode: 400,
    param: 'amount',
    message: 'Refund amount ($30.01) is greater than unrefunded amount on charge ($30.00)',
  });
  const rest = await stripe.refunds.create({ charge: String(intent.latest_charge) });
  expect(rest.amount).toBe(3000);
  expect(await failure(stripe.refunds.create({ payment_intent: intent.id }))).toMatchObject({
    statusCode: 400,
    code: 'charge_already_refunded',
  });

  expect(await stripe.refunds.retrieve(rest.id)).toMatchObject({ id: rest.id });
  expect((await stripe.refunds.list({ payment_intent: intent.id })).data.map((one) => one.id)).toEqual([rest.id, part.id]);
  const charge = await stripe.charges.retrieve(String(intent.latest_charge), { expand: ['refunds'] });
  expect(charge).toMatchObject({ refunded: true, amount_refunded: 5000 });
  expect(charge.refunds?.data).toHaveLength(2);
  expect((await state()).orders.R1).toMatchObject({ captured: 5000, refunded: 5000, net: 0 });

  const open = await stripe.paymentIntents.create(order('R2'));
  expect(await failure(stripe.refunds.create({ payment_intent: open.id }))).toMatchObject({ statusCode: 400, param: 'payment_intent' });
});

test('a refund may settle late, or fail after it looked done', async () => {
  const { stripe, hooks, state, faults } = await world();
  await faults({ lateMs: 1 });
  const slow = await stripe.refunds.create({ payment_intent: (await paid(stripe, 'R3', 'pm_card_pendingRefund')).id });
  expect(slow.status).toBe('pending');
  await until('the refund to settle', async () => (await stripe.refunds.retrieve(slow.id)).status === 'succeeded' || undefined);

  const failing = await stripe.refunds.create({ payment_intent: (await paid(stripe, 'R4', 'pm_card_refundFail')).id });
  expect(failing.status).toBe('succeeded');
  expect((await has(hooks, 'refund.failed')).data.object).toMatchObject({ id: failing.id, status: 'failed' });
  expect((await state()).orders).toMatchObject({ R3: { net: 0 }, R4: { refunded: 0, net: 5000 } });
  expect((await stripe.refunds.create({ payment_intent: String(failing.payment_intent) })).amount).toBe(5000);
});

test('a webhook is sent again until it is answered with 2xx', async () => {
  const { stripe, hooks, standin } = await world();
  hooks.answers.push(500, 503);
  const intent = await stripe.paymentIntents.create(order('W1'));
  const event = await has(hooks, 'payment_intent.created');
  expect(hooks.arrivals).toEqual([event.id, event.id, event.id]);
  expect(event.data.object).toMatchObject({ id: intent.id });
  const listed = await until('the delivery to be noted', async () => {
    const all = (await (await fetch(`${standin.url}/_standin/webhooks`)).json()) as any[];
    return all.find((one) => one.status === 'delivered');
  });
  expect(listed).toMatchObject({
    event: event.id,
    attempts: 3,
    last_status: 200,
    type: 'payment_intent.created',
    payment_intent: intent.id,
  });
  expect((await stripe.events.list({ delivery_success: true })).data).toMatchObject([{ id: event.id, pending_webhooks: 0 }]);
});

test('webhooks signed with another secret are not taken, and go on being tried', async () => {
  const { stripe, hooks } = await world({ webhookSecret: 'whsec_somebody_else' });
  await stripe.paymentIntents.create(order('W2'));
  await until('two forgeries', () => hooks.forged >= 2 || undefined);
  expect(hooks.events).toEqual([]);
});

test('duplicates: the same event arrives twice', async () => {
  const { stripe, hooks, faults } = await world();
  await faults({ duplicateWebhooks: 1 });
  await stripe.paymentIntents.create(order('W3'));
  await until('two arrivals', () => hooks.events.length === 2 || undefined);
  expect(hooks.events[0]!.id).toBe(hooks.events[1]!.id);
  await stripe.paymentIntents.create(order('W4'));
  await until('one more', () => hooks.events.length >= 3 || undefined);
  expect(new Set(hooks.arrivals).size).toBe(2);
});

test('reorder: events are held and arrive last first', async () => {
  const { stripe, hooks, faults } = await world();
  await faults({ reorderWebhooks: true });
  await paid(stripe, 'W5');
  await faults({ reorderWebhooks: false });
  await until('all three', () => hooks.events.length === 3 || undefined);
  expect(hooks.events.map((event) => event.type)).toEqual(['payment_intent.succeeded', 'charge.succeeded', 'payment_intent.created']);
});

test('reorder without ever switching it off still delivers', async () => {
  const { stripe, hooks, faults } = await world();
  await faults({ reorderWebhooks: true });
  await paid(stripe, 'W6');
  await until('all three', () => hooks.events.length === 3 || undefined);
  expect(hooks.events[0]!.type).toBe('payment_intent.succeeded');
});

test('a dropped webhook stays away until it is sent again by hand', async () => {
  const { stripe, hooks, faults, standin, state } = await world();
  await faults({ dropWebhooks: 1 });
  await stripe.paymentIntents.create(order('W7'));
  await stripe.paymentIntents.create(order('W8'));
  await until('the second', () => hooks.events.length === 1 || undefined);
  await until('it to be noted', async () => (await state()).webhooks.delivered === 1 || undefined);
  expect((await state()).webhooks).toMatchObject({ dropped: 1, pending: 0 });
  const [lost] = (await stripe.events.list({ delivery_success: false })).data;
  await post(`${standin.url}/_standin/resend`, { event: lost!.id });
  await until('the first', () => hooks.events.find((event) => event.id === lost!.id));
});

test('delayed webhooks come at once after a reset, which leaves the payments alone', async () => {
  const { stripe, hooks, faults, standin, state } = await world();
  await faults({ delayWebhooksMs: 3_600_000 });
  await paid(stripe, 'W9');
  expect((await state()).webhooks).toMatchObject({ pending: 3, delivered: 0 });
  expect(await post(`${standin.url}/_standin/reset`, {})).toMatchObject({ delayWebhooksMs: 0 });
  await until('all three', () => hooks.events.length === 3 || undefined);
  expect((await state()).orders.W9.net).toBe(5000);
});

test('a lost answer, retried by the library itself, is one charge', async () => {
  const { standin, state, faults } = await world();
  await faults({ lostAnswer: 1, paths: '^POST /v1/payment_intents$' });
  const persistent = clientFor(standin, { maxNetworkRetries: 2 });
  const intent = await paid(persistent, 'X1');
  expect(intent.status).toBe('succeeded');
  expect(intent.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect(await state()).toMatchObject({ charges: { succeeded: 1 }, orders: { X1: { captured: 5000 } } });
});

test('a 500 before any effect is healed by a retry; a 500 that hides a success is repeated by its key', async () => {
  const { stripe, standin, state, faults } = await world();
  await faults({ fail500: 1 });
  expect(await failure(paid(stripe, 'X2'))).toMatchObject({ type: 'StripeAPIError', statusCode: 500 });
  expect((await state()).orders.X2).toBeUndefined();
  await faults({ fail500: 2 });
  expect((await paid(clientFor(standin, { maxNetworkRetries: 3 }), 'X2')).status).toBe('succeeded');
  expect((await state()).charges.succeeded).toBe(1);

  await faults({ lostAnswer: 1, lostAnswerAs: '500' });
  expect(await failure(paid(clientFor(standin, { maxNetworkRetries: 1 }), 'X3'))).toMatchObject({ statusCode: 500 });
  expect((await state()).orders.X3.captured).toBe(5000);
});

test('faults keep to their paths, and a misspelt switch is refused', async () => {
  const { stripe, faults } = await world();
  await faults({ fail500: 1, paths: 'POST /v1/refunds' });
  const intent = await paid(stripe, 'X4');
  expect(await failure(stripe.refunds.create({ payment_intent: intent.id }))).toMatchObject({ statusCode: 500 });
  expect((await stripe.refunds.create({ payment_intent: intent.id })).status).toBe('succeeded');
  await expect(faults({ fail5oo: 1 })).rejects.toThrow('no switch called');
  await expect(faults({ paths: '(' })).rejects.toThrow('regular expression');
});

test('lists are newest first and turn pages', async () => {
  const { stripe } = await world();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift((await stripe.paymentIntents.create(order(`N${n}`))).id);
  const first = await stripe.paymentIntents.list({ limit: 2 });
  expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/payment_intents' });
  const all: string[] = [];
  for await (const one of stripe.paymentIntents.list({ limit: 2 })) all.push(one.id);
  expect(all).toEqual(ids);
  expect((await stripe.paymentIntents.list({ limit: 2, ending_before: ids[3]! })).data.map((one) => one.id)).toEqual([ids[1], ids[2]]);
  expect((await stripe.events.list({ types: ['payment_intent.created'], limit: 100 })).data).toHaveLength(5);
});

test('a browser may pay with its secret and a publishable key, and see no more than its own intent', async () => {
  const { stripe, standin } = await world();
  const intent = await stripe.paymentIntents.create(order('C1'));
  const card = {
    'payment_method_data[type]': 'card',
    'payment_method_data[card][exp_month]': '12',
    'payment_method_data[card][exp_year]': '40',
    'payment_method_data[card][cvc]': '123',
  };
  const pay = async (number: string, client_secret: string) => {
    const body = new URLSearchParams({ key: 'pk_test_x', client_secret, ...card, 'payment_method_data[card][number]': number });
    const answer = await fetch(`${standin.url}/v1/payment_intents/${intent.id}/confirm`, {
      method: 'POST',
      body,
      headers: { origin: 'http://localhost:8000' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    return { status: answer.status, body: (await answer.json()) as any };
  };
  expect(await pay('4242 4242 4242 4242', 'wrong')).toMatchObject({ status: 400, body: { error: { param: 'client_secret' } } });
  expect(await pay('4242 4242 4242 4241', intent.client_secret!)).toMatchObject({
    status: 402,
    body: { error: { code: 'incorrect_number' } },
  });
  const declined = await pay('4000000000009995', intent.client_secret!);
  expect(declined).toMatchObject({
    status: 402,
    body: { error: { decline_code: 'insufficient_funds', payment_intent: { id: intent.id } } },
  });
  expect(declined.body.error.payment_intent).not.toHaveProperty('metadata');
  const done = await pay('4242 4242 4242 4242', intent.client_secret!);
  expect(done).toMatchObject({ status: 200, body: { id: intent.id, status: 'succeeded' } });
  expect(done.body).not.toHaveProperty('metadata');

  const publishable = new Stripe('pk_test_x', { host: '127.0.0.1', port: standin.port, protocol: 'http', maxNetworkRetries: 0 });
  const method = await publishable.paymentMethods.create({
    type: 'card',
    card: { number: '4242424242424242', exp_month: 1, exp_year: 2040 },
  });
  expect(method.card).toMatchObject({ last4: '4242', brand: 'visa' });
  expect((await paid(stripe, 'C2', method.id)).status).toBe('succeeded');
  expect(await failure(publishable.refunds.create({ payment_intent: intent.id }))).toMatchObject({
    statusCode: 401,
    code: 'secret_key_required',
  });
  expect(await failure(publishable.paymentIntents.retrieve(intent.id))).toMatchObject({ param: 'client_secret' });

  const script = await fetch(`${standin.url}/v3/`);
  expect(script.headers.get('content-type')).toContain('javascript');
  expect(await script.text()).toContain('confirmPayment');
  expect(await (await fetch(standin.url)).text()).toContain(intent.id);
});

test('with a state file everything outlives a restart, and no card number is in it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standin-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const stateFile = join(folder, 'stripe.jsonl');
  const before = await world({ stateFile });
  // No receiver answers during the first life: what was not delivered must be delivered in the second.
  before.hooks.answers.push(...Array(1000).fill(500));
  await before.faults({ lateMs: 60_000 });
  const once = { idempotencyKey: 'across' };
  const create = (stripe: Stripe) => stripe.paymentIntents.create({ ...order('F1'), payment_method: 'pm_card_visa', confirm: true }, once);
  const intent = await create(before.stripe);
  const late = await paid(before.stripe, 'F2', 'pm_card_late');
  const key = new Stripe('pk_test_x', { host: '127.0.0.1', port: before.standin.port, protocol: 'http' });
  await key.paymentMethods.create({ type: 'card', card: { number: '4242424242424242', exp_month: 1, exp_year: 2040, cvc: '987' } });
  await before.standin.close();
  expect(await readFile(stateFile, 'utf8')).not.toContain('4242424242424242');

  const after = await world({ stateFile });
  expect(await create(after.stripe)).toEqual(intent);
  expect((await after.stripe.paymentIntents.retrieve(late.id)).status).toBe('processing');
  expect(await after.state()).toMatchObject({ charges: { succeeded: 1, pending: 1 }, orders: { F1: { net: 5000 } }, stillToSettle: 1 });
  expect((await has(after.hooks, 'payment_intent.succeeded')).data.object).toMatchObject({ id: intent.id });
  expect((await after.stripe.refunds.create({ payment_intent: intent.id })).amount).toBe(5000);
});

/** The program itself, as `npm start` runs it. */
async function program(
  stateFile: string,
  webhookUrl: string,
): Promise<{ child: ChildProcess; stripe: Stripe; exit: Promise<number | null> }> {
  const main = fileURLToPath(new URL('../../standins/stripe/main.ts', import.meta.url));
  const env = {
    ...process.env,
    STANDIN_PORT: '0',
    STANDIN_STATE_FILE: stateFile,
    STANDIN_WEBHOOK_URL: webhookUrl,
    STRIPE_WEBHOOK_SECRET: secret,
  };
  const child = spawn(process.execPath, ['--import', 'tsx', main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  cleanups.push(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  let said = '';
  child.stdout?.on('data', (part) => {
    said += part;
  });
  const port = await until('the program to listen', () => /listening on http:\S+?:(\d+)/.exec(said)?.[1]);
  return { child, exit, stripe: clientFor({ port: Number(port) } as RunningStandin) };
}

test('a killed program has lost nothing it answered, and SIGTERM ends it cleanly', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standin-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const stateFile = join(folder, 'stripe.jsonl');
  const hooks = await receiver();
  hooks.answers.push(...Array(1000).fill(500));
  const first = await program(stateFile, hooks.url);
  const intent = await paid(first.stripe, 'K1');
  first.child.kill('SIGKILL');
  await first.exit;
  // Half a line, as a crash in the middle of a write leaves it: never answered, so let go.
  await appendFile(stateFile, '[["intents",{"id":"pi_half');

  hooks.answers.length = 0;
  const second = await program(stateFile, hooks.url);
  expect((await second.stripe.paymentIntents.list()).data.map((one) => [one.id, one.status])).toEqual([[intent.id, 'succeeded']]);
  await has(hooks, 'payment_intent.succeeded');
  second.child.kill('SIGTERM');
  expect(await second.exit).toBe(0);
});

test('the script at /v3/ shows a card form and pays without the shop seeing the card', async () => {
  const { stripe, standin } = await world();
  const intent = await stripe.paymentIntents.create(order('V1'));
  const { page, inputs } = fakePage(`${standin.url}/v3/`);
  runInNewContext(await (await fetch(`${standin.url}/v3/`)).text(), page);
  const browser = page.window.Stripe('pk_test_x');
  const elements = browser.elements({ clientSecret: intent.client_secret });
  elements.create('payment').mount('#payment');
  expect(inputs.map((input) => input.name)).toEqual(['number', 'expiry', 'cvc']);
  expect(inputs[0].value).toBe('4242 4242 4242 4242');

  const pay = () =>
    browser.confirmPayment({ elements, confirmParams: { return_url: 'http://localhost:8000/back' }, redirect: 'if_required' });
  inputs[0].value = '4000 0000 0000 9995';
  expect(await pay()).toMatchObject({ error: { type: 'card_error', code: 'card_declined', decline_code: 'insufficient_funds' } });
  inputs[2].value = '';
  expect(await pay()).toMatchObject({ error: { type: 'validation_error', code: 'incomplete_cvc' } });
  inputs[2].value = '123';
  inputs[0].value = '4242 4242 4242 4242';
  expect(await pay()).toMatchObject({ paymentIntent: { id: intent.id, status: 'succeeded' } });
  expect(await browser.retrievePaymentIntent(intent.client_secret)).toMatchObject({ paymentIntent: { status: 'succeeded' } });
});

/** As much of a browser as the script touches: elements that hold children, and the page's own fetch. */
function fakePage(src: string): { page: any; inputs: any[] } {
  const inputs: any[] = [];
  const element = (tag: string): any => {
    const one: any = { tag, addEventListener() {}, append() {}, replaceChildren() {}, remove() {}, attachShadow: () => element('shadow') };
    if (tag === 'input') inputs.push(one);
    return one;
  };
  const document = { currentScript: { src }, createElement: element, querySelector: () => element('div') };
  const CSSStyleSheet = class {
    replaceSync() {}
  };
  return {
    inputs,
    page: {
      window: {},
      document,
      CSSStyleSheet,
      URL,
      URLSearchParams,
      fetch,
      queueMicrotask,
      location: { href: 'http://localhost:8000/' },
    },
  };
}
