// What goes over the wire to Stripe, seen by a server that answers as Stripe would.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PaymentProvider } from '../../services/payments/provider.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { decimal, minor } from '../../services/shared/money.ts';

let server: Server;
let stripe: PaymentProvider;
const sent: { path: string; form: URLSearchParams }[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    sent.push({ path: request.url!, form });
    const amount = Number(form.get('amount'));
    const common = { id: 'x_1', amount, currency: form.get('currency') ?? 'usd', metadata: {}, client_secret: 's', amount_received: 0 };
    const answer = request.method === 'GET' ? { object: 'list', data: [] } : { ...common, status: 'requires_payment_method' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const standinUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stripe = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: 'whsec_x', standinUrl, timeoutMs: 1000 });
});
afterAll(() => server?.close());

// As docs.stripe.com/currencies counts them: none for JPY, three for KWD, hundredths for all the rest, also where nobody writes any.
test.each([
  ['USD', '12.50', 1250],
  ['HUF', '5000', 500000],
  ['IDR', '150000', 15000000],
  ['COP', '80000', 8000000],
  ['PKR', '1500', 150000],
  ['ISK', '4000', 400000],
  ['UGX', '20000', 2000000],
  ['JPY', '1500', 1500],
  ['CLP', '9000', 9000],
  ['KWD', '1.250', 1250],
])('%s %s is charged and refunded as %d', async (currency, price, amount) => {
  const amountMinor = minor(price, currency);
  expect(Number(decimal(amountMinor, currency))).toBe(Number(price));
  sent.length = 0;
  const made = await stripe.create({ key: currency, amountMinor, currency, orderId: 'o', orderNumber: 1, paymentId: 'p', description: '' });
  expect([made.amountMinor, made.currency]).toEqual([amountMinor, currency]);
  await stripe.refund({ key: 'r', ref: 'pi_1', amountMinor, currency, refundId: 'r', reason: 'duplicate' });
  expect(sent.filter((s) => s.form.has('amount')).map((s) => Number(s.form.get('amount')))).toEqual([amount, amount]);
});
