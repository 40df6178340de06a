// A gateway over a real Postgres for these tests: everything is the product's, only Stripe and Temporal are scripted here.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { type Kysely, sql } from 'kysely';
import { loadConfig } from '../../config.ts';
import { connect } from '../../db/connect.ts';
import { migrate } from '../../db/migrate.ts';
import type { DB } from '../../db/tables.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { startPostgres } from '../../deploy/local/postgres.ts';
import { apis } from '../../gateway/compose.ts';
import type { Gateway } from '../../gateway/deps.ts';
import type { Api } from '../../gateway/http/api.ts';
import { createApp } from '../../gateway/http/app.ts';
import { createMetrics } from '../../gateway/http/operate/metrics.ts';
import { listen } from '../../gateway/http/server.ts';
import { createDetails } from '../../gateway/reads/details.ts';
import { createFeed } from '../../gateway/reads/feed.ts';
import { createListing } from '../../gateway/reads/listing.ts';
import { createLog } from '../../log.ts';
import { createPasswords } from '../../services/accounts/passwords.ts';
import { type Caller, tokenKeys } from '../../services/accounts/sessions.ts';
import { create } from '../../services/events/eventCreation.ts';
import * as venues from '../../services/events/venues.ts';
import type { Section } from '../../services/inventory/seats.ts';
import * as attempts from '../../services/payments/attempts.ts';
import * as payments from '../../services/payments/payments.ts';
import * as stripe from '../../services/payments/stripe.ts';
import type { Limiter } from '../../services/shared/limits.ts';
import { until } from './client.ts';

/** A fresh, migrated database: on the server of TEST_DATABASE_URL, or on an embedded one of its own. */
export async function freshDatabase(): Promise<{ url: string; db: Kysely<DB>; close(): Promise<void> }> {
  const given = process.env.TEST_DATABASE_URL;
  const dir = given ? '' : await mkdtemp(join(tmpdir(), 'billetter-test-'));
  const server = given ? undefined : await startPostgres({ dataDir: join(dir, 'data'), port: await freePort(), logFile: join(dir, 'log') });
  const base = given ?? server!.url;
  const name = `t_${randomBytes(6).toString('hex')}`;
  const root = connect({ url: base, max: 1 });
  await sql`create database ${sql.id(name)}`.execute(root);
  const url = Object.assign(new URL(base), { pathname: `/${name}` }).href;
  const db = connect({ url });
  await migrate(db);
  return {
    url,
    db,
    async close() {
      await db.destroy();
      await sql`drop database ${sql.id(name)} with (force)`.execute(root);
      await root.destroy();
      await server?.stop({ remove: true });
    },
  };
}

export type Answer = { status: number; body: any; text: string; headers: Headers };
export type World = Awaited<ReturnType<typeof startWorld>>;

/** A gateway listening on a free port. `overrides` replaces parts of it. */
export async function startWorld(
  options: { limiter?: (db: Kysely<DB>) => Limiter; overrides?: Partial<Gateway>; logLines?: string[] } = {},
) {
  const { db, close } = await freshDatabase();
  const config = loadConfig({ NODE_ENV: 'test', STRIPE_TIMEOUT_MS: '500', STRIPE_STANDIN_URL: `http://127.0.0.1:${await freePort()}` });
  const lines = options.logLines;
  const log = createLog(lines ? 'debug' : 'silent', 'gateway', lines && { write: (line: string) => void lines.push(line) });
  const metrics = createMetrics({ ordersByStatus: async () => [], outboxLag: async () => ({ rows: 0, seconds: 0 }) });
  const feed = createFeed({ db, log });
  const gateway: Gateway = {
    config,
    db,
    log,
    metrics,
    tokens: tokenKeys(config.auth),
    passwords: createPasswords(),
    provider: stripe.stripeProvider(config.stripe),
    feed,
    listing: createListing({ feed, db }),
    details: createDetails({ feed, db }),
    pay: async () => ({ outcome: 'unknown' }),
    ...options.overrides,
  };
  const all: Api[] = apis(gateway, { metrics, probes: [{ name: 'postgres', check: async () => {} }], isDraining: () => false });
  const limiter = options.limiter?.(db);
  const app = createApp({ db, apis: all, log, metrics, limiter, trustProxy: true, https: false, isDraining: () => false });
  const server = await listen(app, { port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${server.port}`;

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
    return { status: response.status, text, body: json && text ? JSON.parse(text) : undefined, headers: response.headers } satisfies Answer;
  };
  return {
    db,
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

const SECRET = loadConfig({}).auth.jwtSecret;

/** An access token as the gateway makes them; every part can be falsified. */
export async function token(
  caller: Partial<Caller> = {},
  o: { seconds?: number; typ?: string; secret?: string; alg?: string; issuer?: string; audience?: string } = {},
): Promise<string> {
  return new SignJWT({ role: caller.role ?? 'user' })
    .setProtectedHeader({ alg: o.alg ?? 'HS256', typ: o.typ ?? 'at+jwt' })
    .setSubject(caller.accountId ?? randomUUID())
    .setIssuer(o.issuer ?? 'billetter')
    .setAudience(o.audience ?? 'billetter')
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + (o.seconds ?? 600))
    .sign(new TextEncoder().encode(o.secret ?? SECRET));
}

/** An account in the database with a token of its own. */
export async function person(db: Kysely<DB>, role: Caller['role'] = 'user'): Promise<{ id: string; token: string; email: string }> {
  const email = `${role}-${randomBytes(6).toString('hex')}@example.test`;
  const { id } = await db.insertInto('accounts').values({ email, role, password_hash: 'none' }).returning('id').executeTakeFirstOrThrow();
  return { id, email, token: await token({ accountId: id, role }) };
}

/** A published event, of one row of seats at `priceMinor` unless `sections` says otherwise, and the seats' ids in order. */
export async function show(
  db: Kysely<DB>,
  o: { seats?: number; priceMinor?: number; currency?: string; startsInMs?: number; status?: 'draft'; sections?: Section[] } = {},
) {
  const venue = await venues.create(db, { name: 'Hall', city: 'Aarhus', capacity: 1000 });
  const startsAt = new Date(Date.now() + (o.startsInMs ?? 86_400_000));
  const id = await create(db, {
    organizerId: null,
    name: `Show ${randomBytes(4).toString('hex')}`,
    description: 'made by a test',
    venueId: venue.id,
    startsAt,
    endsAt: new Date(startsAt.getTime() + 3_600_000),
    currency: o.currency ?? 'USD',
    status: o.status ?? 'published',
    sections: o.sections ?? [{ name: 'Floor', rows: ['A'], seatsPerRow: o.seats ?? 5, priceMinor: o.priceMinor ?? 5_000 }],
  });
  const seats = await db.selectFrom('places').select('id').where('event_id', '=', id).orderBy('position').execute();
  return { id, venueId: venue.id, seats: seats.map((s) => s.id) };
}

/** Resolves when so many sessions of this database wait for a lock. */
export const lockWaits = (db: Kysely<DB>, sessions: number) =>
  until(
    `${sessions} waiting`,
    async () =>
      (await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db)).rows.length,
    (n) => n >= sessions,
    20_000, // the transaction whose locks they wait for says nothing meanwhile, and is ended after 30 s
  );

/** Pays an order as its workflow does: the receipt, then the charge. */
export async function charge({ db, gateway }: World, orderId: string, method = 'tok_visa'): Promise<payments.ChargeOutcome> {
  const attempt = randomUUID();
  const { account_id } = await db.selectFrom('orders').select('account_id').where('id', '=', orderId).executeTakeFirstOrThrow();
  await attempts.receive(db, { id: attempt, orderId, accountId: account_id, waitedMs: 0 });
  return payments.charge(db, gateway.provider, { orderId, method, attempt });
}
