// Puts a gateway together from its configuration: the one place that knows every part. main.ts runs it, tests may too.
import type { Config } from '../config.ts';
import { connect } from '../db/connect.ts';
import { blindnessAtStart, seesLetters } from '../db/letters.ts';
import { createPasswords } from '../services/accounts/passwords.ts';
import { hearEnded, tokenKeys } from '../services/accounts/verified.ts';
import { secretBox } from '../services/delivery/webhookSecrets.ts';
import * as orders from '../services/orders/orders.ts';
import { countTroubled } from '../services/outbox/mails.ts';
import * as outbox from '../services/outbox/outbox.ts';
import * as webhooks from '../services/outbox/webhooks.ts';
import * as callbacks from '../services/payments/callbacks.ts';
import { mostAtOnce } from '../services/payments/prices.ts';
import { openProviders } from '../services/payments/providers.ts';
import { countFailed } from '../services/payments/refundRetries.ts';
import { limited } from '../services/shared/limited.ts';
import { createLimiter, probe } from '../services/shared/limits.ts';
import { createDocuments } from '../services/tickets/documents.ts';
import { ticketKeys } from '../services/tickets/keys.ts';
import { stripeCallback } from './callbacks/stripe.ts';
import type { Gateway } from './deps.ts';
import { door } from './door/index.ts';
import { easyticket } from './easyticket/index.ts';
import { evently } from './evently/index.ts';
import { hackload } from './hackload/index.ts';
import type { Api } from './http/api.ts';
import { createApp } from './http/app.ts';
import { createAssets } from './http/docs/assets.ts';
import { houseDocs } from './http/docs/house.ts';
import { operations } from './http/operate/health.ts';
import type { Log } from './http/operate/log.ts';
import { createMetrics, type Metrics } from './http/operate/metrics.ts';
import { listen } from './http/server.ts';
import type { Limit } from './http/steps/limits.ts';
import { createLive } from './live/server.ts';
import { MAX_SUBSCRIPTIONS } from './live/socket.ts';
import { landing } from './pages/landing.ts';
import { createDetails } from './reads/details.ts';
import { createFeed } from './reads/feed.ts';
import { createListing } from './reads/listing.ts';
import { registrations } from './registrations/index.ts';
import { createTemporal, PAY_WAIT_MS } from './temporal/client.ts';
import { forgetOrders } from './temporal/forget.ts';
import { inStep } from './temporal/inStep.ts';
import { pay } from './temporal/pay.ts';
import { ticketApi } from './ticket-api/index.ts';
import { createTurns } from './turns.ts';

/** More would have no answer before their sender has given up; he calls again. */
const MOST_CALLBACKS = 1_000;
const SHARE_LIMITS_EVERY_MS = 500;
/** A sign-in or a key ended at another gateway is refused here so much later at most. */
const HEAR_ENDED_MS = 1_000;

/** Pages and their parts: no API's own. */
const PAGES: Limit = { name: 'public', calls: 100, seconds: 60, per: 'address' };

/** As often as public calls, or as an address may have sockets. */
const liveAttempts = ({ live }: Config): Limit => ({ ...PAGES, name: 'live', calls: Math.max(PAGES.calls, live.socketsPerAddress) });

/** Every API this gateway speaks. The last one answers for paths that belong to none. */
export function apis(
  gateway: Gateway,
  parts: { metrics: Metrics; probes: Parameters<typeof operations>[0]['probes']; isDraining: () => boolean },
): Api[] {
  const assets = createAssets(PAGES);
  const published = [
    evently(gateway, assets),
    easyticket(gateway),
    ticketApi(gateway),
    hackload(gateway),
    registrations(gateway),
    door(gateway),
  ];
  const routes = [landing(gateway.config, PAGES), assets.route, ...houseDocs(published, { assets, limit: PAGES })];
  return [...published, stripeCallback(gateway), operations({ ...parts, routes })];
}

/** Starts a gateway; resolves once it listens. It needs Postgres and Temporal to work, but neither to start, and Temporal not to sell. */
export async function startGateway(config: Config, log: Log): Promise<{ port: number; stop(graceMs?: number): Promise<void> }> {
  const db = connect({ url: config.database.url, max: config.database.max, name: 'billetter-gateway', standing: true });
  const blind = await blindnessAtStart(db);
  if (blind) {
    await db.destroy();
    throw new Error(`gateway: ${blind}`);
  }
  const letters = seesLetters(db);
  // A pool of its own: live seats must not wait behind a rush of bookings.
  const readDb = connect({ url: config.database.url, max: 3, name: 'billetter-live' });
  const temporal = createTemporal(config.temporal);
  const { connection } = temporal;
  const metrics = createMetrics({
    ordersByStatus: () => orders.countByStatus(db),
    outboxLag: () => outbox.lag(db),
    failedRefunds: () => countFailed(db),
    mails: () => countTroubled(db),
    webhooks: () => webhooks.countTroubled(db),
    live: () => live.counts(),
  });
  const limiter = config.rateLimits
    ? createLimiter(db, { onError: (err) => log.warn({ err }, 'rate limits are not shared with other gateways right now') })
    : undefined;
  const feed = createFeed({ db: readDb, log });
  const live = createLive(
    { feed, db: readDb, log },
    {
      publicUrl: config.http.publicUrl,
      origins: config.live.origins,
      trustProxy: config.http.trustProxy,
      maxPerAddress: config.rateLimits ? config.live.socketsPerAddress : undefined,
      attempts: limiter && { limiter, limit: liveAttempts(config) },
      maxSockets: config.live.sockets,
      maxBufferedBytes: config.live.bufferBytes,
      maxSubscriptions: MAX_SUBSCRIPTIONS,
    },
  );
  let draining = false;

  const providers = openProviders(config);
  const part = (of: number) => Math.max(1, Math.floor(config.database.max / of));
  const callbackSlots = limited(part(4), MOST_CALLBACKS, 'Too many callbacks at once, try again in a moment.');
  const gateway: Gateway = {
    config,
    db,
    log,
    metrics,
    tokens: tokenKeys(config.auth),
    passwords: createPasswords(),
    providers,
    mostAtOnce: mostAtOnce(providers),
    turns: createTurns({ alone: part(4), beside: part(16) }),
    receive: (provider, event) => callbacks.receive(db, provider, event, callbackSlots),
    ticketKeys: ticketKeys(config.tickets),
    webhooks: { box: secretBox(config.webhooks.key), reach: { local: config.webhooks.local } },
    documents: createDocuments(),
    feed,
    listing: createListing({ feed, db: readDb }),
    details: createDetails({ feed, db: readDb }),
    pay: (press) => pay({ db, temporal, ticketKeys: gateway.ticketKeys }, press, PAY_WAIT_MS),
    inStep: (order) => inStep(temporal, order),
    forgetOrders: () => forgetOrders(temporal, config.temporal.namespace),
  };
  const isDraining = () => draining;
  const probes = [
    { name: 'postgres', check: () => probe(db).then(letters) },
    {
      name: 'temporal',
      check: async () => void (await connection.workflowService.getSystemInfo({})),
    },
  ];
  const app = createApp({
    db,
    apis: apis(gateway, { metrics, probes, isDraining }),
    log,
    metrics,
    limiter,
    trustProxy: config.http.trustProxy,
    origins: new Set([new URL(config.http.publicUrl).origin, ...config.http.origins]),
    https: config.http.publicUrl.startsWith('https:'),
    isDraining,
  });

  const running = await listen(app, config.http).catch(async (error) => {
    await connection.close();
    await db.destroy();
    await readDb.destroy();
    throw error;
  });
  live.attach(running.server);
  feed.start();
  const ended = every(HEAR_ENDED_MS, () =>
    hearEnded(readDb, gateway.tokens).catch((err) =>
      log.warn({ err }, 'sign-ins and keys ended at other gateways are not heard of right now'),
    ),
  );
  limiter?.start(SHARE_LIMITS_EVERY_MS);
  return {
    port: running.port,
    async stop(graceMs = 25_000) {
      draining = true;
      await Promise.all([live.stop(), running.stop(graceMs)]);
      await Promise.all([feed.stop(), ended.stop()]);
      await limiter?.stop();
      await connection.close();
      await db.destroy();
      await readDb.destroy();
    },
  };
}

/** Does the work again and again, a pause between; stop() waits for what is under way. */
function every(ms: number, work: () => Promise<void>): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work().finally(() => {
      running = undefined;
    });
  }, ms);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
