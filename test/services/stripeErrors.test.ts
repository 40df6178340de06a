// Stripe's refusals through the real library: what is final, what passes, and what is ours to mend.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PaymentProvider } from '../../services/payments/provider.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';

let server: Server;
let stripe: PaymentProvider;
const answer = { status: 400, error: {} as Record<string, unknown> };

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    // What is not there is not there for whoever looks again.
    response
      .writeHead(answer.status, { 'content-type': 'application/json', 'stripe-should-retry': 'false' })
      .end(JSON.stringify({ error: { type: 'invalid_request_error', message: 'No.', ...answer.error } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const standinUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stripe = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: 'whsec_x', standinUrl, timeoutMs: 2000 });
});
afterAll(() => server?.close());

const says = (status: number, error: Record<string, unknown> = {}) => Object.assign(answer, { status, error });
const refund = () => stripe.refund({ key: 'k', ref: 'pi_1', amountMinor: 500, currency: 'USD', refundId: 'r', reason: 'duplicate' });

test.each([
  ['charge_already_refunded', 400],
  ['charge_disputed', 400],
  ['resource_missing', 404],
])('a refund refused for good (%s) is an answer: failed', async (code, status) => {
  says(status, { code });
  expect(await refund()).toMatchObject({ status: 'failed', ref: null, failureMessage: 'No.' });
});

test('a refund that our balance does not cover yet is an answer: pending', async () => {
  says(400, { code: 'balance_insufficient' });
  expect(await refund()).toMatchObject({ status: 'pending', ref: null });
});

test.each([
  ['wrong keys', 401, {}],
  ['a key without the right', 403, {}],
  ['a key that has expired', 400, { code: 'api_key_expired' }],
  ['keys of the other mode', 400, { code: 'livemode_mismatch' }],
])('%s are no word about a refund: thrown as they are', async (_, status, error) => {
  says(status, error);
  await expect(refund()).rejects.toMatchObject({ name: 'Error', message: 'No.' });
});

test.each([[409], [429], [500], [503]])('%i leaves the outcome open', async (status) => {
  says(status, { type: 'api_error' });
  await expect(refund()).rejects.toMatchObject({ code: 'payment_unavailable' });
});

test('a payment that Stripe does not know: not found where it is read, a refusal where it is paid', async () => {
  says(404, { code: 'resource_missing', param: 'intent' });
  await expect(stripe.read('pi_1')).rejects.toMatchObject({ code: 'not_found' });
  await expect(stripe.cancel('pi_1')).rejects.toMatchObject({ code: 'not_found' });
  await expect(stripe.refunds('pi_1')).rejects.toMatchObject({ code: 'not_found' });
  await expect(stripe.pay!({ key: 'k', ref: 'pi_1', method: 'tok_visa' })).rejects.toMatchObject({ code: 'payment_failed' });
});
