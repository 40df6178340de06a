// A gateway over a real Postgres for these tests: everything is the product's, only Stripe and Temporal are scripted here.
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { loadConfig } from '../../config.ts';
import type { DB } from '../../db/tables.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { apis } from '../../gateway/compose.ts';
import type { Gateway } from '../../gateway/deps.ts';
import type { Api } from '../../gateway/http/api.ts';
import { createApp } from '../../gateway/http/app.ts';
import { createMetrics } from '../../gateway/http/operate/metrics.ts';
import { listen } from '../../gateway/http/server.ts';
import { createDetails } from '../../gateway/reads/details.ts';
import { createFeed } from '../../gateway/reads/feed.ts';
import { createListing } from '../../gateway/reads/listing.ts';
import { createTurns } from '../../gateway/turns.ts';
import { createLog } from '../../log.ts';
import { createPasswords } from '../../services/accounts/passwords.ts';
import { tokenKeys } from '../../services/accounts/verified.ts';
import { secretBox } from '../../services/delivery/webhookSecrets.ts';
import { countTroubled } from '../../services/outbox/mails.ts';
import * as attempts from '../../services/payments/attempts.ts';
import { receive } from '../../services/payments/callbacks.ts';
import * as payments from '../../services/payments/payments.ts';
import { mostAtOnce } from '../../services/payments/prices.ts';
import { openProviders } from '../../services/payments/providers.ts';
import { countFailed } from '../../services/payments/refundRetries.ts';
import { type Limiter, probe } from '../../services/shared/limits.ts';
import { createDocuments } from '../../services/tickets/documents.ts';
import { ticketKeys } from '../../services/tickets/keys.ts';
import { createConform } from './conform.ts';
import { freshDatabase } from './database.ts';

export type Answer = { status: number; body: any; text: string; headers: Headers };
export type World = Awaited<ReturnType<typeof startWorld>>;

/** A gateway listening on a free port, unless `port` says which. `overrides` replaces parts of it. */
export async function startWorld(
  options: { limiter?: (db: Kysely<DB>) => Limiter; overrides?: Partial<Gateway>; logLines?: string[]; port?: number } = {},
) {
  const { db, close, url: databaseUrl } = await freshDatabase();
  const config = loadConfig({ NODE_ENV: 'test', STRIPE_TIMEOUT_MS: '500', STRIPE_STANDIN_URL: `http://127.0.0.1:${await freePort()}` });
  const lines = options.logLines;
  const log = createLog(lines ? 'debug' : 'silent', 'gateway', lines && { write: (line: string) => void lines.push(line) });
  const metrics = createMetrics({
    ordersByStatus: async () => [],
    outboxLag: async () => ({ rows: 0, seconds: 0 }),
    failedRefunds: () => countFailed(db),
    mails: () => countTroubled(db),
  });
  const feed = createFeed({ db, log });
  const providers = openProviders(config);
  const gateway: Gateway = {
    config,
    db,
    log,
    metrics,
    tokens: tokenKeys(config.auth),
    passwords: createPasswords(),
    providers,
    mostAtOnce: mostAtOnce(providers),
    turns: createTurns({ alone: 8, beside: 8 }),
    receive: (provider, event) => receive(db, provider, event),
    ticketKeys: ticketKeys(config.tickets),
    forgetOrders: async () => {},
    inStep: async () => {}, // no event of these tests is external, but for one that says so itself
    webhooks: { box: secretBox(config.webhooks.key), reach: { local: config.webhooks.local } },
    documents: createDocuments(),
    feed,
    listing: createListing({ feed, db }),
    details: createDetails({ feed, db }),
    pay: async () => ({ outcome: 'unknown' }),
    ...options.overrides,
  };
  const all: Api[] = apis(gateway, { metrics, probes: [{ name: 'postgres', check: () => probe(db) }], isDraining: () => false });
  const limiter = options.limiter?.(db);
  const app = createApp({
    db,
    apis: all,
    log,
    metrics,
    limiter,
    trustProxy: true,
    origins: new Set([new URL(gateway.config.http.publicUrl).origin]),
    https: false,
    isDraining: () => false,
  });
  const server = await listen(app, { port: options.port ?? 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${server.port}`;

  const conform = createConform(all);

  const call = async (
    method: string,
    path: string,
    o: { token?: string; body?: unknown; raw?: string; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(o.token ? { authorization: `Bearer ${o.token}` } : {}), ...o.headers },
      body: o.raw ?? (o.body === undefined ? undefined : JSON.stringify(o.body)),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    const body = json && text ? JSON.parse(text) : undefined;
    conform({ method, path, status: response.status, body });
    return { status: response.status, text, body, headers: response.headers } satisfies Answer;
  };
  return {
    db,
    databaseUrl,
    gateway,
    apis: all,
    url,
    call,
    async stop() {
      await server.stop(1000);
      await close();
    },
  };
}

/** Pays an order as its workflow does: the receipt, then the charge. */
export async function charge({ db, gateway }: World, orderId: string, method = 'tok_visa'): Promise<payments.ChargeOutcome> {
  const attempt = randomUUID();
  const { account_id } = await db.selectFrom('orders').select('account_id').where('id', '=', orderId).executeTakeFirstOrThrow();
  await attempts.receive(db, { id: attempt, orderId, accountId: account_id, method, waitedMs: 0 });
  return payments.charge(db, gateway.providers, { orderId, attempt });
}
