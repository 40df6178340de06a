// Runs the workflows and activities. `--queues orders,payments` picks the services this process serves; default: all of them.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { sql } from 'kysely';
import { inventoryActivities } from '../activities/inventory.ts';
import { NOTIFICATION_SLOTS, notificationActivities } from '../activities/notifications.ts';
import { orderActivities } from '../activities/orders.ts';
import { paymentActivities } from '../activities/payments.ts';
import { loadConfig } from '../config.ts';
import { connect } from '../db/connect.ts';
import { blindnessAtStart, seesLetters } from '../db/letters.ts';
import { createLog } from '../log.ts';
import { smtpMailer } from '../services/delivery/mailer.ts';
import { twilioSms } from '../services/delivery/sms.ts';
import { createPost } from '../services/delivery/webhookPost.ts';
import { secretBox } from '../services/delivery/webhookSecrets.ts';
import { eventProvider } from '../services/external/provider.ts';
import { mostAtOnce } from '../services/payments/prices.ts';
import { openProviders } from '../services/payments/providers.ts';
import { ticketKeys } from '../services/tickets/keys.ts';
import { QUEUES, type Queue } from '../workflows/messages.ts';
import { bundleWorkflows } from './bundle.ts';
import { gatherFirstLooks } from './firstLooks.ts';
import { startRelay } from './relay.ts';
import { registerSearchAttributes } from './searchAttributes.ts';

const config = readConfig();
const queues = readQueues();
const log = createLog(config.logLevel, `worker ${queues.join(',')}`);
// The SDK serves its own metrics on a port of its own, which /metrics below reads from.
const temporalMetrics = config.metricsPort ? `127.0.0.1:${await freePort()}` : undefined;
Runtime.install({
  shutdownSignals: [], // ours: the relay and the pool must stop after the workers
  logger: new DefaultLogger('INFO', ({ level, message, meta }) => log[level.toLowerCase() as 'info'](meta ?? {}, message)),
  ...(temporalMetrics && { telemetryOptions: { metrics: { prometheus: { bindAddress: temporalMetrics } } } }),
});

const db = connect({ ...config.database, name: 'billetter-worker', standing: true });
const letters = seesLetters(db);
await refuseBlind();
const mailer = smtpMailer(config.mail);
const connection = await untilConnected();
await registerSearchAttributes(connection, config.temporal.namespace);
const payUrl = (orderId: string) => config.mail.payUrl.replace(':order', orderId);
const webhooks = {
  box: secretBox(config.webhooks.key),
  post: createPost({ local: config.webhooks.local }),
  perMinute: config.webhooks.perMinute,
};
const notifications = notificationActivities({ db, mailer, sms: twilioSms(config.sms), webhooks });
const providers = openProviders(config);
const payments = paymentActivities({ db, providers });
const firstLooks = gatherFirstLooks({ db, log });
const keys = ticketKeys(config.tickets);
const activities: Record<Queue, object> = {
  orders: orderActivities({
    db,
    ticketKeys: keys,
    looked: firstLooks.note,
    ...(queues.includes('payments') && { providers }),
    ...(queues.includes('notifications') && { notifications }),
  }),
  payments,
  inventory: inventoryActivities({
    db,
    terms: { ...config.waitlist, payUrl, ticketKeys: keys, mostAtOnce: mostAtOnce(providers) },
    provider: eventProvider(config.eventProvider),
  }),
  notifications,
};
/**
 * The queues that run workflows, and how many each keeps in memory. A waiting order takes 0.17 MB there (0.07 in the workflows' thread, 0.02 in
 * the main one, the rest native), so all of them together 140 MB at most. One that falls out is replayed when it wakes, from a history of a
 * few events: no cost that could be measured (bench/README.md). The SDK's default is made of the heap's limit: 2,300 a queue on this machine.
 */
const CACHED: Partial<Record<Queue, number>> = { orders: 500, inventory: 100, notifications: 200 };

// Bundled once for all queues of this process; production brings the bundle along.
const workflowBundle = queues.some((queue) => CACHED[queue])
  ? config.temporal.bundle
    ? { codePath: config.temporal.bundle }
    : await bundleWorkflows()
  : undefined;
const workers = await Promise.all(
  queues.map((taskQueue) => {
    const options: WorkerOptions = {
      connection,
      namespace: config.temporal.namespace,
      taskQueue,
      activities: activities[taskQueue],
      maxConcurrentActivityTaskExecutions: taskQueue === 'notifications' ? NOTIFICATION_SLOTS : 32,
      // Of a worker that died, workflows wait for nobody longer than this; then any worker goes on with them.
      stickyQueueScheduleToStartTimeout: '1 second',
      shutdownGraceTime: '10 seconds',
    };
    const maxCachedWorkflows = CACHED[taskQueue];
    return Worker.create(maxCachedWorkflows ? { ...options, workflowBundle, maxCachedWorkflows } : options);
  }),
);
// The relay goes with the orders queue: whoever runs the order workflows also hands on what wakes them.
const relay = queues.includes('orders')
  ? startRelay({ db, client: new Client({ connection, namespace: config.temporal.namespace }).workflow, log })
  : undefined;

const health = createServer(
  (request, response) =>
    void answer(request.url ?? '/').then(({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body)),
);
if (config.metricsPort) health.listen(config.metricsPort, config.http.host);

let stopping = false;
const stop = () => {
  if (stopping) return;
  stopping = true;
  log.info('worker stops: finishing what it has in hand');
  for (const worker of workers) worker.shutdown();
};
process.on('SIGTERM', stop).on('SIGINT', stop);
log.info('worker ready');
await Promise.all(workers.map((worker) => worker.run()));
await relay?.stop();
await firstLooks.stop();
health.close();
mailer.close();
await connection.close();
await db.destroy();

/** Health and metrics for this process: readyz says which dependency is missing. */
async function answer(url: string): Promise<{ status: number; type: string; body: string }> {
  const json = (status: number, value: unknown) => ({ status, type: 'application/json', body: JSON.stringify(value) });
  if (url === '/healthz') return json(200, { status: 'ok' });
  if (url === '/readyz') {
    const asked = sql`select 1`.execute(db).then(letters);
    const postgres = await asked.then(
      () => 'ok',
      (e: Error) => e.message,
    );
    const running = workers.every((w) => w.getState() === 'RUNNING') ? 'ok' : 'not running';
    return json(postgres === 'ok' && running === 'ok' ? 200 : 503, { postgres, workers: running });
  }
  if (url === '/metrics' && temporalMetrics) {
    const text = await fetch(`http://${temporalMetrics}/metrics`).then(
      (r) => r.text(),
      () => '',
    );
    return { status: 200, type: 'text/plain; version=0.0.4', body: text };
  }
  return json(404, { error: 'not found' });
}

function readConfig() {
  try {
    return loadConfig();
  } catch (error) {
    console.error((error as Error).message);
    process.exit(78);
  }
}

async function refuseBlind(): Promise<void> {
  const blind = await blindnessAtStart(db);
  if (!blind) return;
  console.error(`worker: ${blind}`);
  process.exit(78);
}

function readQueues(): Queue[] {
  const at = process.argv.indexOf('--queues');
  const given = at > 0 ? (process.argv[at + 1] ?? '') : 'all';
  if (given === 'all') return [...QUEUES];
  const names = given.split(',').filter(Boolean);
  const unknown = names.filter((n) => !QUEUES.includes(n as Queue));
  if (unknown.length || !names.length) {
    console.error(`worker: --queues knows ${QUEUES.join(', ')} and all; not ${unknown.join(', ') || 'nothing'}`);
    process.exit(64);
  }
  return names as Queue[];
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Temporal may come up after us: keep asking, and say so. */
async function untilConnected(): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect({ address: config.temporal.address });
    } catch (error) {
      log.warn({ address: config.temporal.address, reason: (error as Error).message }, 'worker waits for Temporal');
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
