// Calls to the world go through the proxy that the environment names; what stands beside us is called straight.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { downloadAndUnpack } from '../../deploy/local/cache.ts';
import { twilioSms } from '../../services/delivery/sms.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { proxyAgent } from '../../services/shared/proxies.ts';
import { startProxy } from '../support/proxy.ts';

let proxy: Awaited<ReturnType<typeof startProxy>>;
const dir = mkdtempSync(join(tmpdir(), 'billetter-proxies-'));
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(async () => {
  await proxy?.stop();
  rmSync(dir, { recursive: true, force: true });
});

beforeEach(() => {
  proxy.seen.length = 0;
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'all_proxy']) vi.stubEnv(name, undefined);
  vi.stubEnv('https_proxy', proxy.url);
  vi.stubEnv('no_proxy', 'localhost,127.0.0.1,::1');
});
afterEach(() => vi.unstubAllEnvs());

const stripe = () => stripeProvider({ secretKey: 'sk_test_x', webhookSecret: 'x', standinUrl: undefined, timeoutMs: 5000 }).read('pi_1');
const twilio = () =>
  twilioSms({ accountSid: `AC${'0'.repeat(32)}`, authToken: 'x', from: '+15005550006', apiUrl: undefined }).send({
    to: '+4512345678',
    body: 'x',
  });

it.each([
  ['Stripe', 'api.stripe.com', stripe],
  ['Twilio', 'api.twilio.com', twilio],
  ['a download', 'downloads.invalid', () => downloadAndUnpack('https://downloads.invalid/cli.tgz', dir, () => {})],
])('%s is called through the proxy', async (_, host, call) => {
  await expect(call()).rejects.toThrow();
  expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${host}:443 HTTP/1.1`]));
});

it('what the shell takes out, and the stand-ins beside us, are called straight', () => {
  expect(proxyAgent('https://api.stripe.com')).toBeDefined();
  expect(proxyAgent('https://localhost:443')).toBeUndefined();
  expect(proxyAgent('http://stripe-standin:12111')).toBeUndefined();
  vi.stubEnv('no_proxy', '.stripe.com');
  expect(proxyAgent('https://api.stripe.com')).toBeUndefined();
});
