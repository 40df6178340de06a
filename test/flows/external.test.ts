// External events on the real system: places that come from their provider, orders in step with it whatever breaks. A stack of its own, because the worker is killed.
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { type App, type Stack, startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { orderWorkflowId } from '../../workflows/messages.ts';
import { book, buyer, call, confirm, mailsTo, type Person, read, until } from '../support/client.ts';
import { atProvider, externalEvent } from '../support/external.ts';
import { seedStack } from '../support/globalStack.ts';
import { authorization } from '../support/hackload.ts';
import { saveHistory } from '../support/histories.ts';
import { expectClean } from '../support/net.ts';
import { stripeClient } from '../support/stripe.ts';

let stack: Stack;
let worker: App;
let berta: Person;
let carl: Person;
let db: Kysely<DB>;
let provider: ReturnType<typeof atProvider>;
let event: { id: string; number: number };
let places: { id: string; number: number; external: string }[];
let next = 0;
const PLACES = 2_350;
const env = { NODE_ENV: 'test', RATE_LIMITS: 'off' };

beforeAll(async () => {
  stack = await startStack({ ports: 'free', quiet: true, env: { EVENT_PROVIDER_PLACES: String(PLACES), PAYGATE_EVENTS: '' } });
  await seedStack(stack.databaseUrl);
  db = connect({ url: stack.databaseUrl, max: 2 });
  [, worker] = await Promise.all([startGateway(stack, env), startWorker(stack, env)]);
  provider = atProvider(stack.eventProviderUrl);
  [berta, carl] = [await buyer(stack.gatewayUrl), await buyer(stack.gatewayUrl)];
  event = await theEvent();
  places = (
    await until(
      'the places are here',
      () =>
        sql<{
          id: string;
          number: number;
          external: string;
        }>`select p.id, p.number, p.external_id as external from places p join offers o on o.id = p.offer_id
        where p.event_id = ${event.id}::uuid and o.quantity > 0 order by p.row_index, p.seat_index`.execute(db),
      ({ rows }) => rows.length === PLACES,
    )
  ).rows;
});
afterAll(async () => {
  await provider?.calm();
  await db?.destroy();
  if (stack) await expectClean(stack);
  await stack?.stop();
});

/** The external event of the local stack; where the seed makes none, one of the test's own. */
async function theEvent(): Promise<{ id: string; number: number }> {
  const find = () => db.selectFrom('events').select(['id', 'number']).where('external', '=', true).executeTakeFirst();
  const known = await find();
  if (known) return known;
  await externalEvent(db);
  return (await find())!;
}

/** The next places that no test has had. */
const some = (n: number) => {
  next += n;
  return places.slice(next - n, next);
};
const booking = (who: Person, seats: { id: string }[]) =>
  book(
    stack.gatewayUrl,
    who.token,
    event.id,
    seats.map((seat) => seat.id),
  );
const status = async (orderId: string) =>
  (await db.selectFrom('orders').select('status').where('id', '=', orderId).executeTakeFirstOrThrow()).status;
const becomes = (orderId: string, wanted: string) =>
  until(
    `order ${orderId} is ${wanted}`,
    () => status(orderId),
    (is) => is === wanted,
  );

/** The provider's order beside ours: its status and how many places it has. */
async function theirs(orderId: string): Promise<string> {
  const row = await db.selectFrom('external_orders').select('ref').where('order_id', '=', orderId).executeTakeFirst();
  const order = (await provider.orders()).find((one) => one.id === row?.ref);
  return order ? `${order.status} ${order.places.length}` : 'none';
}
const theirsBecomes = (orderId: string, wanted: string) =>
  until(
    `theirs is ${wanted}`,
    () => theirs(orderId),
    (is) => is === wanted,
  );

describe('a booking', () => {
  test('is answered once the provider has given the places; paid, they are confirmed there before there are tickets', async () => {
    const { id } = await booking(berta, some(2));
    expect(await theirs(id)).toBe('STARTED 2');
    expect((await confirm(stack.gatewayUrl, berta.token, id)).status).toBe(200);
    expect([await status(id), await theirs(id)]).toEqual(['confirmed', 'CONFIRMED 2']);
    await until(
      'the mail',
      () => mailsTo(stack.mailUrl, berta.email),
      (mails) => mails.length > 0,
    );
  });

  test('paid on the page: submitted before the page opens, confirmed when the money comes', async () => {
    const { id } = await booking(berta, some(1));
    const page = await call(stack.gatewayUrl, 'POST', `/api/v1/payments/initiate/${id}`, { token: berta.token });
    expect([page.status, await theirs(id)]).toEqual([200, 'SUBMITTED 1']);
    await stripeClient(stack.stripeUrl!).paymentIntents.confirm(page.body.data.payment_intent_id, { payment_method: 'pm_card_visa' });
    await becomes(id, 'confirmed');
    expect(await theirs(id)).toBe('CONFIRMED 1');
  });

  test('of a place that others have at the provider: refused as a whole, nothing is held, and no letter tells of it', async () => {
    const [a, b] = some(2);
    await provider.take(a!.external);
    const answer = await call(stack.gatewayUrl, 'POST', '/api/v1/bookings', {
      token: carl.token,
      body: { event_id: event.id, seat_ids: [a!.id, b!.id] },
    });
    expect([answer.status, answer.body.error.code]).toEqual([409, 'BOOKING_SEATS_UNAVAILABLE']);
    const { id } = await booking(carl, [b!]);
    expect(await theirs(id)).toBe('STARTED 1');
    expect(await mailsTo(stack.mailUrl, carl.email)).toEqual([]);
  });

  test('two buyers for one place: one gets it', async () => {
    const [seat] = some(1);
    const body = { event_id: event.id, seat_ids: [seat!.id] };
    const answers = await Promise.all(
      [berta, carl].map((who) => call(stack.gatewayUrl, 'POST', '/api/v1/bookings', { token: who.token, body })),
    );
    expect(answers.map((one) => one.status).sort()).toEqual([201, 409]);
  });

  test('cancelled, or its hold over: the provider’s is cancelled, and the next buyer gets the places at once', async () => {
    const seats = some(2);
    const first = await booking(berta, seats);
    expect((await call(stack.gatewayUrl, 'DELETE', `/api/v1/bookings/${first.id}`, { token: berta.token })).status).toBe(200);
    const second = await booking(carl, seats);
    await sql`update orders set expires_at = now() where id = ${second.id}::uuid`.execute(db);
    await sql`update places set held_until = now() where order_id = ${second.id}::uuid`.execute(db);
    const third = await booking(berta, seats.slice(0, 1));
    expect(await theirs(third.id)).toBe('STARTED 1');
    for (const { id } of [first, second]) await theirsBecomes(id, 'CANCELLED 0');
  });

  test('paid and cancelled: the money goes back, the places stay sold where the provider keeps them', async () => {
    const [seat] = some(1);
    const { id } = await booking(berta, [seat!]);
    await confirm(stack.gatewayUrl, berta.token, id);
    expect((await call(stack.gatewayUrl, 'DELETE', `/api/v1/bookings/${id}`, { token: berta.token })).status).toBe(200);
    await until(
      'the refund',
      () => db.selectFrom('refunds').select('status').where('order_id', '=', id).execute(),
      (rows) => rows[0]?.status === 'succeeded',
    );
    await until(
      'the provider was asked',
      () => db.selectFrom('external_orders').select('refusal').where('order_id', '=', id).execute(),
      ([row]) => /take back/.test(row?.refusal ?? ''),
    );
    const again = await call(stack.gatewayUrl, 'POST', '/api/v1/bookings', {
      token: carl.token,
      body: { event_id: event.id, seat_ids: [seat!.id] },
    });
    expect(again.status).toBe(409);
  });

  test('the provider does not confirm: the money goes back, and there is no ticket', async () => {
    const { id } = await booking(berta, some(1));
    await provider.faults({ conflict: 2, paths: '/confirm$' });
    const answer = await confirm(stack.gatewayUrl, berta.token, id);
    expect(answer.status).not.toBe(200);
    await becomes(id, 'expired');
    await until(
      'the refund',
      () => db.selectFrom('refunds').select('status').where('order_id', '=', id).execute(),
      (rows) => rows[0]?.status === 'succeeded',
    );
    expect([(await read(stack.gatewayUrl, berta.token, id)).status, await theirs(id)]).toEqual(['expired', 'CANCELLED 0']);
  });
});

describe('faults of the provider', () => {
  test.each([
    ['500 before the effect', { fail500: 1 }],
    ['500 after it', { lost500: 1 }],
    ['no answer', { hang: 1 }],
    ['reads far behind', { lagMs: 250 }],
  ])('%s at every step: booked and confirmed all the same', async (_, fault) => {
    const { id } = await (async () => {
      await provider.faults({ ...fault, paths: '/select$' });
      return booking(berta, some(2));
    })();
    await provider.faults({ ...fault, paths: '/submit$' });
    expect((await call(stack.gatewayUrl, 'POST', `/api/v1/payments/initiate/${id}`, { token: berta.token })).status).toBe(200);
    await provider.faults({ ...fault, paths: '/confirm$' });
    expect([200, 202]).toContain((await confirm(stack.gatewayUrl, berta.token, id)).status);
    await becomes(id, 'confirmed');
    expect(await theirs(id)).toBe('CONFIRMED 2');
    await provider.calm();
  });

  test('away: told so, and what was asked for comes to an end by itself', async () => {
    await provider.faults({ fail500: 10_000, paths: '/api/partners' });
    const [seat] = some(1);
    const answer = await call(stack.gatewayUrl, 'POST', '/api/v1/bookings', {
      token: carl.token,
      body: { event_id: event.id, seat_ids: [seat!.id] },
    });
    expect(answer.status).toBe(503);
    await provider.calm();
    const { id } = await db
      .selectFrom('places')
      .innerJoin('orders as o', 'o.id', 'places.order_id')
      .select('o.id')
      .where('places.id', '=', seat!.id)
      .executeTakeFirstOrThrow();
    await theirsBecomes(id, 'STARTED 1');
  });
});

test('the stories of orders replay (SAVE_HISTORIES=1 keeps one for replay.test.ts)', async () => {
  const { id } = await booking(berta, some(1));
  expect((await confirm(stack.gatewayUrl, berta.token, id)).status).toBe(200);
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const handle = new Client({ connection }).workflow.getHandle(orderWorkflowId(id));
  await until(
    'its workflow is over',
    () => handle.describe(),
    (told) => told.status.name === 'COMPLETED',
  );
  const history = await handle.fetchHistory();
  await Worker.runReplayHistory({ workflowBundle: await bundleWorkflows() }, history, id);
  if (process.env.SAVE_HISTORIES) saveHistory('order-of-an-external-event-booked-submitted-confirmed', history);
  await connection.close();
});

test('kill -9 of the worker in the middle of a confirm: another goes on, nothing is left half-way', async () => {
  const { id } = await booking(berta, some(2));
  await call(stack.gatewayUrl, 'POST', `/api/v1/payments/initiate/${id}`, { token: berta.token });
  await provider.faults({ hang: 1, paths: '/confirm$' });
  const confirming = confirm(stack.gatewayUrl, berta.token, id).catch(() => undefined);
  await theirsBecomes(id, 'CONFIRMED 2'); // it has happened, and nobody here has heard of it
  await worker.kill('SIGKILL');
  await worker.restart();
  await becomes(id, 'confirmed');
  await confirming;
});

test('what others buy and give up at the provider is seen at the next look', async () => {
  const [seat] = some(1);
  /** Looks are a minute apart; whoever announces the event has one made now. */
  const look = () => sql`insert into outbox (topic, subject_id, payload) values ('event.external', ${event.id}::uuid, '{}')`.execute(db);
  const isSold = async () => {
    await look();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return (await db.selectFrom('places').select('sold_at').where('id', '=', seat!.id).executeTakeFirstOrThrow()).sold_at !== null;
  };
  await provider.take(seat!.external);
  await until('it is sold', isSold, (sold) => sold);
  await provider.free(seat!.external);
  await until('it is free', isSold, (sold) => !sold);
});

test('by the Hackload API: selected, released, and refused with 419 where others have it', async () => {
  const header = { authorization: authorization(berta.email, 'TestPass123!') };
  const ask = (method: string, path: string, body: unknown) => call(stack.gatewayUrl, method, path, { body, headers: header });
  const [mine, gone] = some(2);
  const made = await ask('POST', '/api/bookings', { event_id: event.number });
  const { id } = await db.selectFrom('orders').select('id').where('number', '=', made.body.id).executeTakeFirstOrThrow();
  expect((await ask('PATCH', '/api/seats/select', { booking_id: made.body.id, seat_id: mine!.number })).status).toBe(200);
  expect(await theirs(id)).toBe('STARTED 1');
  await provider.take(gone!.external);
  expect((await ask('PATCH', '/api/seats/select', { booking_id: made.body.id, seat_id: gone!.number })).status).toBe(419);
  expect(await theirs(id)).toBe('STARTED 1');
  expect((await ask('PATCH', '/api/seats/release', { seat_id: mine!.number })).status).toBe(200);
  await theirsBecomes(id, 'STARTED 0');
  expect((await ask('PATCH', '/api/bookings/cancel', { booking_id: made.body.id })).status).toBe(200);
  await theirsBecomes(id, 'CANCELLED 0');
});
