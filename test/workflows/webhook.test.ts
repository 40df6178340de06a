// The workflow of a webhook's delivery, in Temporal's time-skipping server, against real rows and a receiver of this file.
import type { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { notificationActivities } from '../../activities/notifications.ts';
import type { DB } from '../../db/tables.ts';
import { findTestServer } from '../../deploy/local/test-server.ts';
import { createLog } from '../../log.ts';
import type { Mailer } from '../../services/delivery/mailer.ts';
import * as endpoints from '../../services/delivery/webhookEndpoints.ts';
import { createPost } from '../../services/delivery/webhookPost.ts';
import * as log from '../../services/outbox/webhookLog.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { SEARCH_TYPES } from '../../worker/searchAttributes.ts';
import { createWebhookStarts } from '../../worker/webhooks.ts';
import { webhookWorkflowId } from '../../workflows/messages.ts';
import { freshDatabase } from '../support/database.ts';
import { saveHistory } from '../support/histories.ts';
import { deliveriesOf, keeping, openReceiver, organizer, type Receiver } from '../support/hooks.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const server = await findTestServer();
const HOUR = 3_600_000;
const MINUTE = 60_000;

let db: Kysely<DB>;
let close: () => Promise<void>;
let skipping: TestWorkflowEnvironment;
let client: Client;
let bundle: WorkflowBundle;
let worker: Worker;
let running: Promise<void>;
let receiver: Receiver;
/** Hands on what is announced, as the relay does. */
let relay: () => Promise<boolean>;
/** Delivery id -> the branch it went through. */
const seen = new Map<string, string>();

const nobody = () => Promise.reject(new Error('no such messages here'));

beforeAll(async () => {
  if (!('path' in server)) return;
  ({ db, close } = await freshDatabase());
  skipping = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: server.path } } });
  client = skipping.client;
  await skipping.nativeConnection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes: SEARCH_TYPES });
  bundle = await bundleWorkflows();
  worker = await Worker.create({
    connection: skipping.nativeConnection,
    taskQueue: 'notifications',
    workflowBundle: bundle,
    activities: notificationActivities({
      db,
      mailer: { send: nobody } as unknown as Mailer,
      sms: { name: 'none', send: nobody },
      webhooks: { box: keeping.box, post: createPost(keeping.reach), perMinute: 500 },
    }),
  });
  running = worker.run();
  relay = createWebhookStarts({ db, client: client.workflow, log: createLog('silent', 'test') });
});
afterAll(async () => {
  worker?.shutdown();
  await running;
  await skipping?.teardown();
  receiver?.close();
  await close?.();
});
beforeEach(async () => {
  receiver?.close();
  receiver = await openReceiver();
});

/** An organizer with one endpoint, and a delivery to it whose workflow runs. */
async function announced(more: Parameters<typeof openReceiver>[0] = (response) => void response.end()) {
  receiver.answer = more;
  const world = await organizer(db);
  const endpoint = await world.endpoint(receiver.url);
  await world.announce();
  const { id } = (await deliveriesOf(db, endpoint.id))[0]!;
  seen.set(id, expect.getState().currentTestName ?? id);
  const began = await skipping.currentTimeMs();
  await relay();
  const handle = client.workflow.getHandle(webhookWorkflowId(id));
  return {
    ...world,
    account: world.owner.id,
    endpoint: endpoint.id,
    id,
    handle,
    passed: async () => (await skipping.currentTimeMs()) - began,
  };
}

describe.skipIf(!('path' in server))('a delivery', () => {
  test('taken at the first try is one workflow task', async () => {
    const { handle, endpoint, account } = await announced();
    expect(await handle.result()).toBe('Delivered.');
    const { events } = await handle.fetchHistory();
    expect(events!.filter((e) => e.activityTaskScheduledEventAttributes)).toEqual([]);
    expect(events!.filter((e) => e.workflowTaskCompletedEventAttributes)).toHaveLength(1);
    const described = await handle.describe();
    expect(described.typedSearchAttributes.getAll()).toMatchObject([{ value: account }]);
    // What is told of the endpoint is its host: the rest of its URL may be a secret of its owner's.
    expect(await described.staticSummary()).toBe(`registration.created to ${new URL(receiver.url).host}, webhook ${endpoint}`);
  });

  test('500 for an hour: tried again and again, and delivered once it is over', async () => {
    const { handle, id, endpoint, passed } = await announced(async (response) => {
      response.writeHead((await passed()) < HOUR ? 500 : 200).end();
    });
    expect(await handle.result()).toBe('Delivered.');
    expect(await passed()).toBeGreaterThan(HOUR);
    const { tries, state } = await log.find(db, endpoint, id);
    expect([state, tries.map((t) => t.status)]).toEqual(['delivered', [500, 500, 500, 500, 200]]);
  });

  test('a receiver that hangs, then redirects inside, then answers: each is a try', async () => {
    let calls = 0;
    const inside = await openReceiver();
    const { handle, id, endpoint } = await announced((response) => {
      calls++;
      if (calls === 2) response.writeHead(307, { location: inside.url }).end();
      if (calls > 2) response.end();
    });
    expect(await handle.result()).toBe('Delivered.');
    expect((await log.find(db, endpoint, id)).tries.map((t) => t.error)).toEqual([
      'no answer within 10 s',
      'answered 307: redirects are not followed',
      null,
    ]);
    expect(inside.got).toEqual([]);
    inside.close();
  });

  test('429 with Retry-After waits as long as it is asked to', async () => {
    const { handle, passed } = await announced((response) =>
      receiver.got.length === 1 ? void response.writeHead(429, { 'retry-after': '1800' }).end() : void response.end(),
    );
    expect(await handle.result()).toBe('Delivered.');
    expect(await passed()).toBeGreaterThanOrEqual(30 * MINUTE);
    expect(receiver.got).toHaveLength(2);
  });

  test('410 ends it and disables its endpoint', async () => {
    const { handle, account, endpoint } = await announced((response) => void response.writeHead(410).end());
    expect(await handle.result()).toBe('Given up (answered 410).');
    expect((await endpoints.find(db, account, endpoint)).disabled_because).toBe('gone');
  });

  test('refused for three days ends it, disables its endpoint and tells the owner', async () => {
    const { handle, account, owner, endpoint, passed } = await announced((response) => void response.writeHead(503).end());
    expect(await handle.result()).toBe('Given up (answered 503).');
    expect(await passed()).toBeGreaterThan(72 * HOUR);
    expect((await endpoints.find(db, account, endpoint)).disabled_because).toBe('failing');
    const mails = await db.selectFrom('mails').select('kind').where('recipient', '=', owner.email).execute();
    expect(mails).toEqual([{ kind: 'webhook-disabled' }]);
  });

  test('paused between two tries it ends, and goes on when its endpoint is resumed', async () => {
    const { handle, account, endpoint, id } = await announced((response) => {
      void endpoints.pause(db, account, endpoint).then(() => response.writeHead(500).end());
    });
    expect(await handle.result()).toMatch(/^Held back/);
    receiver.answer = (response) => void response.end();
    await endpoints.resume(db, account, endpoint);
    await relay();
    expect(await client.workflow.getHandle(webhookWorkflowId(id)).result()).toBe('Delivered.');
  });

  test('replayed while it sleeps: it is woken and tries at once', async () => {
    const { handle, account, endpoint, id } = await announced((response) => void response.writeHead(500).end());
    while (receiver.got.length < 1 || (await log.find(db, endpoint, id)).tries.length < 1) await new Promise((r) => setTimeout(r, 20));
    receiver.answer = (response) => void response.end();
    await endpoints.replayDeliveries(db, account, endpoint, { id });
    await relay();
    expect(await handle.result()).toBe('Delivered.');
    const { events } = await handle.fetchHistory();
    expect(events!.some((e) => e.workflowExecutionSignaledEventAttributes)).toBe(true);
  });

  test('replayed when it is done: another run under the same id, the same webhook', async () => {
    const { handle, account, endpoint, id } = await announced();
    await handle.result();
    await endpoints.replayDeliveries(db, account, endpoint, { id });
    await relay();
    expect(await client.workflow.getHandle(webhookWorkflowId(id)).result()).toBe('Delivered.');
    expect([...receiver.counts().values()]).toEqual([2]);
  });

  test('handed on twice it is delivered once', async () => {
    const { handle, id } = await announced();
    await sql`update webhook_deliveries set hand_at = now(), handed_at = null where id = ${id}::uuid`.execute(db);
    await relay();
    await handle.result();
    await client.workflow.getHandle(webhookWorkflowId(id)).result();
    expect(receiver.got).toHaveLength(1);
  });

  test('whose endpoint is taken away while it sleeps ends when it wakes', async () => {
    const { handle, account, endpoint } = await announced((response) => {
      void endpoints.remove(db, account, endpoint).then(() => response.writeHead(500).end());
    });
    expect(await handle.result()).toBe('There is no such delivery any more.');
  });

  test('every history above replays on the code as it is (SAVE_HISTORIES=1 keeps them for replay.test.ts)', async () => {
    expect(seen.size).toBeGreaterThan(5);
    for (const [id, branch] of seen) {
      const history = await client.workflow.getHandle(webhookWorkflowId(id)).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle: bundle }, history, webhookWorkflowId(id));
      if (process.env.SAVE_HISTORIES) saveHistory(`webhook-${branch.replace(/^a delivery > /, '')}`, history);
    }
  });
});
