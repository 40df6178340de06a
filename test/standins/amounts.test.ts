// The amounts Stripe takes, one key at a time, and refunds made at its dashboard: through Stripe's own library.
import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStandin, startStripeStandin } from '../../standins/stripe/standin.ts';
import { call, until } from '../support/client.ts';
import { faults, stripeClient } from '../support/stripe.ts';

let standin: RunningStandin;
let stripe: Stripe;
beforeAll(async () => {
  standin = await startStripeStandin({ port: 0, webhookUrl: 'http://127.0.0.1:9/', webhookSecret: 'whsec_x' });
  stripe = stripeClient(standin.url);
});
afterAll(() => standin?.close());

const create = (amount: number, currency: string) =>
  stripe.paymentIntents.create({ amount, currency, automatic_payment_methods: { enabled: true, allow_redirects: 'never' } });
const code = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'taken',
    (error: Stripe.errors.StripeError) => `${error.statusCode} ${error.code} ${error.param}`,
  );
const paid = async (amount: number, currency = 'usd') =>
  stripe.paymentIntents.confirm((await create(amount, currency)).id, { payment_method: 'pm_card_visa' });

describe('the least and the greatest amount', () => {
  test.each([
    ['usd', 50],
    ['gbp', 30],
    ['eur', 50],
    ['aed', 200],
    ['czk', 1500],
    ['dkk', 250],
    ['hkd', 400],
    ['huf', 17_500],
    ['jpy', 50],
    ['mxn', 1000],
    ['nok', 300],
    ['pln', 200],
    ['thb', 1000],
    ['kzt', 1],
  ])('%s from %d', async (currency, least) => {
    expect(await code(create(least, currency))).toBe('taken');
    const below = least === 1 ? '400 parameter_invalid_integer amount' : '400 amount_too_small amount';
    expect(await code(create(least - 1, currency))).toBe(below);
  });

  test.each([
    ['usd', 99_999_999],
    ['jpy', 99_999_999],
    ['inr', 999_999_999],
    ['cop', 9_999_999_999],
    ['idr', 999_999_999_999],
  ])('%s up to %d', async (currency, greatest) => {
    expect(await code(create(greatest, currency))).toBe('taken');
    expect(await code(create(greatest + 1, currency))).toBe('400 amount_too_large amount');
  });
});

describe('steps', () => {
  test.each<[string, number]>([
    ['kwd', 10],
    ['bhd', 10],
    ['jod', 10],
    ['omr', 10],
    ['tnd', 10],
    ['isk', 100],
    ['ugx', 100],
  ])('%s in multiples of %d, charged and refunded', async (currency, step) => {
    expect(await code(create(100 * step + 1, currency))).toBe('400 parameter_invalid_integer amount');
    const intent = await paid(100 * step, currency);
    const refund = (amount: number) => stripe.refunds.create({ payment_intent: intent.id, amount });
    expect(await code(refund(step + 1))).toBe('400 parameter_invalid_integer amount');
    expect(await code(refund(step))).toBe('taken');
  });
});

describe('an idempotency key', () => {
  const one = (amount: number, key: string, at = stripe) =>
    at.paymentIntents.create({ amount, currency: 'usd' }, { idempotencyKey: key, maxNetworkRetries: 0 });

  test('is in use by one call at a time: the second is told 409 while the first runs, and its answer afterwards', async () => {
    await faults(standin.url, { timeouts: 1, hangMs: 3000 });
    const first = one(5000, 'busy');
    const hanging = async () => (await call(standin.url, 'GET', '/_standin/state')).body.hanging;
    await until('the first to hang', hanging, (n) => n === 1);
    expect(await code(one(5000, 'busy'))).toMatch(/^409 idempotency_key_in_use/);
    expect(await code(one(5000, 'another'))).toBe('taken');
    const { id } = await first;
    expect((await one(5000, 'busy')).id).toBe(id);
    await faults(standin.url, { hangMs: 0 });
  });

  test('belongs to its parameters: 400 with others', async () => {
    await one(5000, 'mine');
    expect(await code(one(5001, 'mine'))).toMatch(/^400/);
    await expect(one(5001, 'mine')).rejects.toMatchObject({ type: 'StripeIdempotencyError' });
  });
});

describe('a refund made at the dashboard', () => {
  const byHand = (body: object) => call(standin.url, 'POST', '/_standin/refund', { body });
  const told = async (id: string) =>
    (await stripe.events.list({ limit: 100 })).data
      .filter(({ data }) => (data.object as { payment_intent?: unknown }).payment_intent === id)
      .map((event) => event.type)
      .filter((type) => type.includes('refund'));

  test('in part, then the whole rest: told by webhooks, and nothing in it names the shop', async () => {
    const { id } = await paid(5000);
    expect((await byHand({ payment_intent: id, amount: 2000 })).status).toBe(200);
    expect((await told(id)).sort()).toEqual(['charge.refund.updated', 'charge.refunded', 'refund.created', 'refund.updated']);
    expect((await byHand({ payment_intent: id })).body).toMatchObject({ amount: 3000, metadata: {}, status: 'succeeded' });
    expect((await stripe.refunds.list({ payment_intent: id })).data.map((r) => r.amount)).toEqual([3000, 2000]);
  });

  test('is refused as any other: more than is left, of nothing, of what is not paid', async () => {
    const { id } = await paid(5000);
    expect((await byHand({ payment_intent: id, amount: 5001 })).status).toBe(400);
    expect((await byHand({ payment_intent: 'pi_nobody' })).status).toBe(404);
    expect((await byHand({ payment_intent: (await create(5000, 'usd')).id })).status).toBe(400);
    expect((await byHand({ payment_intent: id, amount: 'all' })).status).toBe(400);
    expect(await told(id)).toEqual([]);
  });
});
