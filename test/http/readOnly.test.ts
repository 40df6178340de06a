// The database takes no writes for a while, as after a failover or with a full disk: "try again" everywhere, and then everything goes on.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { meaning } from '../../db/sqlstate.ts';
import type { DB } from '../../db/tables.ts';
import { until } from '../support/client.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';
import { book } from '../support/sold.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

/** Every session from now on reads only (or writes again); with `cut` those of before are ended, as a failover does. */
async function readOnly(db: Kysely<DB>, on: boolean, cut: boolean): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`set transaction read write`.execute(tx);
    const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(tx);
    await sql`alter database ${sql.id(rows[0]!.name)} ${on ? sql`set default_transaction_read_only = on` : sql`reset default_transaction_read_only`}`.execute(
      tx,
    );
  });
  if (cut)
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.execute(
      db,
    );
}

/** So many claims at once that find no event, but have to write to find that out; the statuses they were answered with. */
async function claims(token: string, n: number): Promise<number[]> {
  const body = { event_id: randomUUID(), seat_ids: [randomUUID()] };
  const answers = await Promise.all(Array.from({ length: n }, () => world.call('POST', '/api/v1/bookings', { token, body })));
  return [...new Set(answers.map((answer) => answer.status))].sort();
}

it('503 with Retry-After where something is written, reads go on, /readyz says so, and afterwards every session writes again', async () => {
  const { db } = world;
  const { token } = await person(db);
  const event = await show(db);
  const booking = await book(world, token, event.id, [event.seats[0]!]);
  expect(await claims(token, 20)).toEqual([404]); // the pool is full of sessions

  await readOnly(db, true, true);
  // A session that was ended is noticed at its next use; this one is told so.
  await until(
    'the sessions of before are gone',
    () => claims(token, 20),
    (statuses) => statuses.join() === '503',
  );
  const refused = await world.call('POST', '/api/v1/bookings', { token, body: { event_id: event.id, seat_ids: [event.seats[1]] } });
  expect([refused.status, refused.body.error.code, refused.headers.get('retry-after')]).toEqual([503, 'SERVER_ERROR', '2']);
  const registered = await world.call('POST', '/api/v1/auth/register', {
    body: { email: 'new@example.test', password: 'TestPass123!', full_name: 'N' },
  });
  expect(registered.status).toBe(503);
  const page = await world.call('GET', `/api/v1/payments/initiate/${booking}`, { token, headers: { accept: 'text/html' } });
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
  expect((await webhook()).status).toBe(503);
  expect((await world.call('GET', `/api/v1/events/${event.id}`)).status).toBe(200);
  expect((await world.call('GET', '/api/v1/users/bookings', { token })).status).toBe(200);
  const ready = await until(
    '/readyz has looked again',
    () => world.call('GET', '/readyz'),
    (answer) => answer.status === 503,
  );
  expect(ready.body).toMatchObject({ missing: ['postgres'], checks: { postgres: expect.stringMatching(/read-only/) } });

  await readOnly(db, false, false);
  await until(
    'a whole round of claims writes',
    () => claims(token, 20),
    (statuses) => statuses.join() === '404',
  );
  for (let round = 0; round < 5; round++) expect(await claims(token, 20)).toEqual([404]);
  expect((await webhook()).status).toBe(200);
  const booked = await world.call('POST', '/api/v1/bookings', { token, body: { event_id: event.id, seat_ids: [event.seats[1]] } });
  expect(booked.status).toBe(201);
  await until(
    '/readyz is well',
    () => world.call('GET', '/readyz'),
    (answer) => answer.status === 200,
  );
});

const webhook = () => {
  const object = { id: `pi_${randomUUID()}`, object: 'payment_intent', amount: 1, currency: 'usd', status: 'succeeded', metadata: {} };
  const raw = JSON.stringify({ id: 'evt_read_only', object: 'event', type: 'payment_intent.succeeded', data: { object } });
  const secret = world.gateway.config.stripe.webhookSecret;
  const signature = new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload: raw, secret });
  return world.call('POST', '/api/webhooks/stripe/', { raw, headers: { 'stripe-signature': signature } });
};

it.each([
  ['25006', 'unavailable'], // read-only
  ['57P01', 'unavailable'], // ended by an administrator
  ['57P03', 'unavailable'], // starting
  ['53100', 'unavailable'], // disk full
  ['53300', 'unavailable'], // too many sessions
  ['08006', 'unavailable'], // connection failure
  ['55P03', 'unavailable'], // lock not available
  ['57014', 'unavailable'], // cancelled
  ['40P01', 'conflict'],
  ['40001', 'conflict'],
  ['23505', undefined], // unique violation: no matter of waiting
  ['42P01', undefined], // undefined table
] as const)('SQLSTATE %s means %s', (code, means) => {
  expect(meaning(Object.assign(new Error('said by Postgres'), { code }))).toBe(means);
});
