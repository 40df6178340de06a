// billetter_api against a real gateway, in a Python of its own: types, calls, refusals, pages, webhooks; and retries against a server that fails.
import { resolve } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { openReceiver } from '../support/hooks.ts';
import { pythonOrSkip } from '../support/python.ts';
import { example, organized, refusal, run, scripted } from '../support/sdkWorld.ts';

const SOURCE = resolve('sdk/python');
const PROGRAM = 'test/clients/sdk/calls.py';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const PAYLOAD = JSON.stringify({ event: 'registration.created', timestamp: '2026-01-01T00:00:00Z', data: { participantId: 'Łukasz' } });

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

/** The headers of a webhook that the standard's own library signed. */
function signed(at = new Date(), secret = SECRET): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  return { 'Webhook-Id': 'msg-1', 'webhook-timestamp': timestamp, 'webhook-signature': new Webhook(secret).sign('msg-1', at, PAYLOAD) };
}

it('types hold, strictly', async (context) => {
  const command = await pythonOrSkip(context);
  const checked = ['-m', 'mypy', '--strict', '--python-version', '3.10', '--cache-dir', 'node_modules/.cache/mypy-sdk'];
  await run(command, [...checked, `${SOURCE}/billetter_api`, PROGRAM], { MYPYPATH: SOURCE });
});

it("the seed's example as written, after `import os`", async (context) => {
  const command = await pythonOrSkip(context);
  const { token } = await organized(world, { slug: 'hackathon-2025' });
  const text = `import os\n${await example(`${SOURCE}/README.md`, 'Example')}`;
  const env = { PYTHONPATH: SOURCE, PYTHONDONTWRITEBYTECODE: '1', BILLETTER_API_KEY: token, BILLETTER_BASE_URL: world.url };
  expect(await run(command, ['-c', text], env)).toMatch(/^QR Code: hackathon-2025:[\w-]+:\d+:[\w-]+\n$/);
});

it('a program registers, lists, is refused, tries again, and verifies webhooks', async (context) => {
  const command = await pythonOrSkip(context);
  const { slug, token } = await organized(world, { total: 10, deaf: true });
  const receiver = await openReceiver();
  const failing = await scripted([
    ...[refusal(503, 'UNAVAILABLE'), 'drop' as const, refusal(409, 'IDEMPOTENCY_KEY_IN_USE'), { status: 201, body: { id: 'reg-1' } }],
    ...[refusal(429, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '0' }), { status: 200, body: { id: 'reg-1' } }],
    // What could be done twice is tried again after a 429 alone.
    ...[refusal(429, 'RATE_LIMIT_EXCEEDED'), refusal(503, 'UNAVAILABLE')],
    refusal(429, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '3600' }),
    { status: 200, body: '<h1>Hello</h1>' },
    { status: 302, headers: { location: world.url } },
    'hang',
  ]);
  const bad = [
    ...[signed(new Date(Date.now() - 301_000)), signed(new Date(), `whsec_${Buffer.alloc(32, 8).toString('base64')}`)],
    ...[
      { ...signed(), 'Webhook-Id': 'msg-2' },
      { ...signed(), 'webhook-timestamp': 'now' },
      { ...signed(), 'webhook-signature': 'v1,=' },
    ],
  ];
  try {
    const told = await run(command, [PROGRAM, slug, receiver.url, failing.url], {
      ...{ PYTHONPATH: SOURCE, PYTHONDONTWRITEBYTECODE: '1', BILLETTER_API_KEY: token, BILLETTER_BASE_URL: world.url },
      ...{ HOOK_PAYLOAD: JSON.stringify(PAYLOAD), HOOK_SECRET: JSON.stringify(SECRET) },
      ...{ HOOK_GOOD: JSON.stringify(signed()), HOOK_BAD: JSON.stringify(bad) },
    });
    const verified = { event: 'registration.created', timestamp: '2026-01-01T00:00:00Z', data: { participant_id: 'Łukasz' } };
    expect(JSON.parse(told)).toEqual({
      changed: ['premium', { teamName: 'a' }, { amount: '49.00', currency: 'USD' }],
      listed: ['p-5', 'p-4', 'p-3', 'p-2', 'p-1'],
      bulk: ['succeeded', 'failed'],
      checked_in: 'p-4',
      again: ['Conflict', 'TICKET_ALREADY_USED'],
      cancelled: 'cancelled',
      settings: 5,
      capacity: 4,
      types: { standard: 4, premium: 0, team: 0 },
      paused: 'paused',
      delivered: ['webhook.test', 'registration.created'],
      replayed: [1, 0],
      full: [409, 'CAPACITY_EXCEEDED', { current_capacity: 5, max_capacity: 5, waitlist_available: false }, true],
      refused: [
        ...['AlreadyRegistered', 'NotFound', 'BadRequest', 'Unauthorized'],
        ...['TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError'],
      ],
      made: 'reg-1',
      failed: [
        ['ServerError', 'UNAVAILABLE', 503],
        ['RateLimited', 'RATE_LIMIT_EXCEEDED', 429],
        ['BilletterError', 'INVALID_ANSWER', 200],
        ['BilletterError', 'HTTP_302', 302],
        ['TimedOut', 'TIMED_OUT', 0],
        ['ConnectionFailed', 'CONNECTION_FAILED', 0],
      ],
      verified: [verified, verified],
      unverified: Array(bad.length + 1).fill('WebhookVerificationFailed'),
    });
    const [key, ...others] = failing.keys();
    expect([key, others.slice(0, 3)]).toEqual([expect.stringMatching(/^[\w-]{36}$/), [key, key, key]]);
    expect(failing.asked.length).toBe(12);
  } finally {
    failing.close();
    receiver.close();
  }
});
