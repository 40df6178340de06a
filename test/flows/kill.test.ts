// kill -9: whatever dies, and whenever, the order ends as it should. On a stack of its own, because the only worker is killed here.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { type App, type Stack, startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';
import { book, buyer, call, confirm, freeSeats, mailsTo, type Person, read, show, until } from '../support/client.ts';
import { seedStack } from '../support/globalStack.ts';
import { expectClean } from '../support/net.ts';
import { stripeClient } from '../support/stripe.ts';

let stack: Stack;
let worker: App;
let berta: Person;
let db: Kysely<DB>;
const env = { NODE_ENV: 'test', RATE_LIMITS: 'off' };

beforeAll(async () => {
  stack = await startStack({ ports: 'free', quiet: true });
  await seedStack(stack.databaseUrl);
  db = connect({ url: stack.databaseUrl, max: 2 });
  [, worker] = await Promise.all([startGateway(stack, env), startWorker(stack, env)]);
  berta = await buyer(stack.gatewayUrl);
});
afterAll(async () => {
  await db?.destroy();
  if (stack) await expectClean(stack);
  await stack?.stop();
});

/** The status in the row, which only the workflow writes; the API's answer applies the clock by itself. */
const rowStatus = async (orderId: string) =>
  (await db.selectFrom('orders').select('status').where('id', '=', orderId).executeTakeFirstOrThrow()).status;

const restartWorker = () => worker.restart();

describe('kill -9', () => {
  test('of the worker during a hold: the seat is free at its time, and the order ends expired when a worker is back', async () => {
    const event = await show(stack.gatewayUrl, { seats: 1, holdSeconds: 8 });
    const booking = await book(stack.gatewayUrl, berta.token, event.id, event.seats);
    await worker.kill('SIGKILL');
    await until(
      'the seat is free with every worker down',
      () => freeSeats(stack.gatewayUrl, event.id),
      (s) => s.length === 1,
    );
    const again = await book(stack.gatewayUrl, berta.token, event.id, event.seats);
    expect([again.status, await rowStatus(booking.id)]).toEqual(['pending', 'pending']);
    await restartWorker();
    await until(
      'its workflow has ended the first order',
      () => rowStatus(booking.id),
      (status) => status === 'expired',
    );
  });

  test('of the worker after the money came: ticket and mail follow when a worker is back', async () => {
    const event = await show(stack.gatewayUrl, { seats: 1 });
    const booking = await book(stack.gatewayUrl, berta.token, event.id, event.seats);
    const page = (await call(stack.gatewayUrl, 'POST', `/api/v1/payments/initiate/${booking.id}`, { token: berta.token })).body.data;
    await worker.kill('SIGKILL');
    await stripeClient(stack.stripeUrl!).paymentIntents.confirm(page.payment_intent_id, { payment_method: 'pm_card_visa' });
    await restartWorker();
    await until(
      'confirmed',
      () => read(stack.gatewayUrl, berta.token, booking.id),
      (b) => b.status === 'confirmed',
    );
    await until(
      'the mail',
      () => mailsTo(stack.mailUrl, berta.email),
      (m) => m.some((x) => x.subject.includes(booking.booking_code)),
    );
  });

  test('of the worker while it charges: charged once, confirmed', async () => {
    const event = await show(stack.gatewayUrl, { seats: 1 });
    const booking = await book(stack.gatewayUrl, berta.token, event.id, event.seats);
    await call(stack.stripeUrl!, 'POST', '/_standin/faults', { body: { timeouts: 1, paths: 'confirm', hangMs: 500 } });
    const asked = confirm(stack.gatewayUrl, berta.token, booking.id);
    await until(
      'the charge hangs at the provider',
      () => call(stack.stripeUrl!, 'GET', '/_standin/state'),
      (a) => a.body.hanging > 0 || a.body.orders?.[booking.id]?.captured > 0,
    );
    await worker.kill('SIGKILL');
    await restartWorker();
    await asked;
    await until(
      'confirmed',
      () => read(stack.gatewayUrl, berta.token, booking.id),
      (b) => b.status === 'confirmed',
    );
    const state = await call(stack.stripeUrl!, 'GET', '/_standin/state');
    expect(state.body.orders[booking.id].captured).toBe(5000);
  }, 300_000);

  test('of the worker between a mail and the note that it went: confirmed, and the same mail once more', async () => {
    const event = await show(stack.gatewayUrl, { seats: 1 });
    const carla = await buyer(stack.gatewayUrl);
    const booking = await book(stack.gatewayUrl, carla.token, event.id, event.seats);
    // The note of this mail takes for ever: the worker dies over it.
    await sql`create function dawdle() returns trigger language plpgsql as 'begin perform pg_sleep(60); return new; end'`.execute(db);
    await sql`create trigger dawdle before update of sent_at on mails for each row
      when (new.recipient = ${sql.lit(carla.email)}) execute function dawdle()`.execute(db);
    const asked = confirm(stack.gatewayUrl, carla.token, booking.id);
    await until(
      'the mail has gone, its note has not',
      () => mailsTo(stack.mailUrl, carla.email),
      (m) => m.length === 1,
    );
    await worker.kill('SIGKILL');
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'`.execute(db);
    await sql`drop trigger dawdle on mails`.execute(db);
    await restartWorker();
    expect((await asked).body.data.booking.status).toBe('confirmed');
    await until(
      'the mail went again, and that is noted',
      () => db.selectFrom('mails').select('sent_at').where('order_id', '=', booking.id).execute(),
      (mails) => mails.length === 1 && mails[0]!.sent_at !== null,
    );
    const mails = await mailsTo(stack.mailUrl, carla.email);
    expect(mails.length).toBeGreaterThanOrEqual(1);
    expect(new Set(mails.map((m) => m.subject)).size).toBe(1);
  }, 300_000);

  test('of the gateway between claim and start of the workflow: the relay starts it and the hold ends', async () => {
    const event = await show(stack.gatewayUrl, { seats: 1, holdSeconds: 6 });
    // Temporal does not answer, so the gateway claims but cannot start the workflow; then it dies with the answer on its lips.
    const port = String(await freePort());
    const doomed = await startGateway(stack, { ...env, PORT: port });
    process.kill(stack.temporal.process.pid!, 'SIGSTOP');
    const answer = await call(`http://localhost:${port}`, 'POST', '/api/v1/bookings', {
      token: berta.token,
      body: { event_id: event.id, seat_ids: event.seats },
    });
    await doomed.kill('SIGKILL');
    process.kill(stack.temporal.process.pid!, 'SIGCONT');
    expect(answer.status).toBe(201);
    const id = answer.body.data.booking.id;
    await until(
      'its workflow has ended the order',
      () => rowStatus(id),
      (status) => status === 'expired',
    );
    expect(await freeSeats(stack.gatewayUrl, event.id)).toEqual(event.seats);
  });
});
