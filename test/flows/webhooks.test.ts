// Webhooks in the whole system: nothing is lost when workers die, and who is slow delays nobody else. On a stack of its own, whose only worker is killed.
import { Client, Connection } from '@temporalio/client';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DEV_SECRETS } from '../../config.ts';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { TEST_KEY } from '../../deploy/local/hackathon.ts';
import { type App, type Stack, startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';
import { secretBox } from '../../services/delivery/webhookSecrets.ts';
import { isWaiting } from '../../services/outbox/webhooks.ts';
import { webhookWorkflowId } from '../../workflows/messages.ts';
import { call, until } from '../support/client.ts';
import { seedStack } from '../support/globalStack.ts';
import { deliveriesOf, isSignedWith, openReceiver, organizer, type Receiver } from '../support/hooks.ts';
import { expectClean } from '../support/net.ts';

let stack: Stack;
let worker: App;
let db: Kysely<DB>;
const receivers: Receiver[] = [];

beforeAll(async () => {
  stack = await startStack({ ports: 'free', quiet: true });
  await seedStack(stack.databaseUrl);
  db = connect({ url: stack.databaseUrl, max: 4 });
  [, worker] = await Promise.all([
    startGateway(stack, { NODE_ENV: 'test', RATE_LIMITS: 'off' }),
    startWorker(stack, { NODE_ENV: 'test', WEBHOOKS_PER_MINUTE: '100000' }),
  ]);
});
afterEach(() => {
  for (const receiver of receivers.splice(0)) receiver.close();
});
afterAll(async () => {
  await db?.destroy();
  if (stack) await expectClean(stack);
  await stack?.stop();
});

/** An organizer with an endpoint at a receiver of its own. */
async function listening(answer?: Parameters<typeof openReceiver>[0]) {
  const receiver = await openReceiver(answer);
  receivers.push(receiver);
  const world = await organizer(db, secretBox(DEV_SECRETS.WEBHOOKS_SECRET));
  return { ...world, receiver, hook: await world.endpoint(receiver.url) };
}

const waiting = async (endpoint: string) =>
  (
    await sql<{
      n: number;
    }>`select count(*)::int as n from webhook_deliveries d where endpoint_id = ${endpoint}::uuid and ${isWaiting('d')}`.execute(db)
  ).rows[0]!.n;

test('a registration made and cancelled through the API is told, in this order, signed with the secret that was shown', async () => {
  const receiver = await openReceiver();
  receivers.push(receiver);
  const api = async (method: string, path: string, body?: unknown) =>
    (await call(stack.gatewayUrl, method, `/api/billetter${path}`, { token: TEST_KEY, body })).body;
  const hook = await api('POST', '/webhooks', { url: receiver.url, events: ['registration.created', 'registration.cancelled'] });
  const made = await api('POST', '/registrations', {
    participantId: 'test-participant-001',
    eventId: 'test-hackathon-2025',
    ticketType: 'standard',
  });
  await until(
    'it is told',
    async () => receiver.got.length,
    (n) => n === 1,
  );
  await api('DELETE', `/registrations/${made.id}`);
  await until(
    'its end is told',
    async () => receiver.got.length,
    (n) => n === 2,
  );
  const data = { registrationId: made.id, participantId: 'test-participant-001', eventId: 'test-hackathon-2025', ticketType: 'standard' };
  expect(receiver.got.map(({ body }) => JSON.parse(body))).toEqual([
    { event: 'registration.created', timestamp: made.registrationDate, data },
    { event: 'registration.cancelled', timestamp: expect.any(String), data },
  ]);
  expect(receiver.got.every((got) => isSignedWith(hook.secret, got))).toBe(true);
  await api('DELETE', `/webhooks/${hook.id}`);
});

test('kill -9 of the worker during 1,000 deliveries, three times: each arrives, under one id, signed', async () => {
  const { receiver, hook, announce } = await listening();
  for (let i = 0; i < 10; i++) await announce(100);
  for (const arrived of [100, 300, 500]) {
    await until(
      `${arrived} have arrived`,
      async () => receiver.counts().size,
      (n) => n >= arrived,
    );
    await worker.kill('SIGKILL');
    expect(await waiting(hook.id)).toBeGreaterThan(0);
    await worker.restart();
  }
  await until(
    'all are delivered',
    () => waiting(hook.id),
    (n) => n === 0,
  );
  const rows = await deliveriesOf(db, hook.id);
  expect(rows.every((row) => row.delivered_at)).toBe(true);
  expect([...receiver.counts().keys()].sort()).toEqual(rows.map((row) => row.announcement_id).sort());
  expect(receiver.got.every((got) => isSignedWith(hook.secret, got))).toBe(true);
  // Twice comes only what was answered and not noted when the worker died: as many as were under way then.
  expect(receiver.got.length).toBeLessThanOrEqual(1000 + 3 * 8);
});

test('receivers that hang delay nobody else', async () => {
  const hanging = await Promise.all(Array.from({ length: 5 }, () => listening(() => undefined)));
  await Promise.all(hanging.map(({ announce }) => announce(50)));
  await until(
    'they hang',
    async () => hanging.every(({ receiver }) => receiver.open > 0),
    (all) => all,
  );
  const good = await listening();
  await good.announce(50);
  await until(
    'the other one s are delivered',
    () => waiting(good.hook.id),
    (n) => n === 0,
  );
  for (const { hook, receiver } of hanging) {
    expect(await waiting(hook.id)).toBe(50);
    expect(receiver.mostOpen).toBeLessThanOrEqual(8);
    receiver.answer = (response) => void response.end();
    receiver.close();
    await db.deleteFrom('webhook_endpoints').where('id', '=', hook.id).execute();
  }
});

test('a delivery whose workflow was terminated is found by the sweep and made', async () => {
  const { receiver, hook, announce } = await listening((response) => void response.writeHead(500).end());
  await announce();
  const [row] = await until(
    'it was tried',
    () => deliveriesOf(db, hook.id),
    ([first]) => first!.tried === 1,
  );
  const { id } = row!;
  const connection = await Connection.connect({ address: stack.temporalAddress });
  await new Client({ connection }).workflow.getHandle(webhookWorkflowId(id)).terminate('by hand');
  await connection.close();
  receiver.answer = (response) => void response.end();
  await sql`update webhook_deliveries set next_try_at = now() - interval '2 minutes', handed_at = now() - interval '1 hour' where id = ${id}::uuid`.execute(
    db,
  );
  await until(
    'it is delivered',
    () => waiting(hook.id),
    (n) => n === 0,
  );
});
