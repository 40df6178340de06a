// Events that the contest's payment gateway serves, from the claim to the tickets. On a stack of its own: every event is paid there, and the worker is killed.
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { type App, type Stack, startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';
import { paygateProvider } from '../../services/payments/paygate.ts';
import type { PaymentProvider } from '../../services/payments/provider.ts';
import { book, buyer, call, freeSeats, mailsTo, type Person, read, show, until } from '../support/client.ts';
import { seedStack } from '../support/globalStack.ts';
import { authorization } from '../support/hackload.ts';
import { expectClean } from '../support/net.ts';
import { atPaygate, TEAM } from '../support/paygate.ts';

let stack: Stack;
let worker: App;
let url: string;
let db: Kysely<DB>;
let gate: ReturnType<typeof atPaygate>;
/** Our own calls at the gateway, as somebody makes them behind the system's back. */
let behind: PaymentProvider;

beforeAll(async () => {
  stack = await startStack({ ports: 'free', quiet: true });
  await seedStack(stack.databaseUrl);
  const env = { NODE_ENV: 'test', RATE_LIMITS: 'off', PAYGATE_EVENTS: 'all' };
  [, worker] = await Promise.all([startGateway(stack, env), startWorker(stack, env)]);
  url = stack.gatewayUrl;
  db = connect({ url: stack.databaseUrl, max: 2 });
  gate = atPaygate(stack.paygateUrl);
  const team = { team: TEAM.slug, password: TEAM.password };
  behind = paygateProvider({ ...team, url: stack.paygateUrl, timeoutMs: 5000, publicUrl: url, events: 'all' });
});
afterEach(() => gate.calm());
afterAll(async () => {
  await db?.destroy();
  if (stack) await expectClean(stack);
  await stack?.stop();
});

/** A hold that ends within the test, and not before its money is on the way on a slow machine. */
const HOLD = 10;

type Bought = { who: Person; id: string; number: number; event: string; seat: string; page: string; ref: string };

/** A booking of the event's only seat whose payment page is open. */
async function opened(o: { holdSeconds?: number } = {}): Promise<Bought> {
  const [who, event] = await Promise.all([buyer(url), show(url, { seats: 1, ...o })]);
  const { id } = await book(url, who.token, event.id, event.seats);
  const { number } = await db.selectFrom('orders').select('number').where('id', '=', id).executeTakeFirstOrThrow();
  const { status, headers } = await asHackload(who, 'PATCH', '/api/bookings/initiatePayment', { booking_id: number });
  expect(status).toBe(302);
  const page = headers.get('location')!;
  return { who, id, number, event: event.id, seat: event.seats[0]!, page, ref: page.split('/').at(-1)! };
}

const asHackload = (who: Person, method: string, path: string, body: object) =>
  call(url, method, path, { body, headers: { authorization: authorization(who.email, 'TestPass123!') } });

/** The buyer presses a button on the gateway's page; the address that the browser is sent back to. */
async function press(page: string, button: 'pay' | 'decline' | 'cancel'): Promise<string> {
  const { status, headers } = await fetch(`${page}/${button}`, { method: 'POST', redirect: 'manual' });
  expect(status).toBe(303);
  return headers.get('location')!;
}

const follow = async (to: string) => (await fetch(to)).status;
const becomes = (what: string, { who, id }: Bought) =>
  until(
    what,
    () => read(url, who.token, id),
    (booking) => booking.status === what,
  );
const ticketMail = ({ who }: Bought) =>
  until(
    'the mail with the tickets',
    () => mailsTo(stack.mailUrl, who.email),
    (mails) => mails.some(({ attachments }) => attachments.length > 0),
  );
const isReturned = ({ ref }: Bought) =>
  until(
    'the gateway has returned the money',
    () => gate.status(ref),
    (status) => status === 'REFUNDED',
  );

describe('a payment on the gateway’s page', () => {
  test('is told by notification alone and becomes a ticket', async () => {
    const made = await opened();
    await press(made.page, 'pay');
    expect((await becomes('confirmed', made)).tickets).toHaveLength(1);
    await ticketMail(made);
    expect(await gate.status(made.ref)).toBe('CONFIRMED');
  });

  test('is told by the buyer’s return alone: sold when it answers, and the mail follows', async () => {
    await gate.faults({ lose: 1000 }); // the news of its opening too: whatever comes late makes us ask
    const made = await opened();
    expect(await follow(await press(made.page, 'pay'))).toBe(200);
    expect((await read(url, made.who.token, made.id)).status).toBe('confirmed');
    await ticketMail(made);
  });

  test('told by both, in either order, doubled and at once: one ticket, one mail', async () => {
    for (const first of ['return', 'notification']) {
      const made = await opened();
      await gate.faults({ duplicate: 10, reverse: first === 'return' });
      const to = await press(made.page, 'pay');
      if (first === 'notification') await becomes('confirmed', made);
      expect(await Promise.all([follow(to), follow(to), follow(to.replace('success', 'fail'))])).toEqual([200, 200, 200]);
      await gate.calm();
      expect((await becomes('confirmed', made)).tickets).toHaveLength(1);
      await ticketMail(made);
      const mine = async () => (await gate.notifications()).filter(({ paymentId }) => paymentId === made.ref);
      await until('all are delivered', mine, (all) => all.every(({ state }) => state !== 'pending'));
      expect(await mailsTo(stack.mailUrl, made.who.email)).toHaveLength(1);
    }
  });

  test('that nobody tells of is found when the hold ends, and confirmed', async () => {
    await gate.faults({ lose: 1000 });
    const made = await opened({ holdSeconds: HOLD });
    const { expires_at: end } = await read(url, made.who.token, made.id);
    await press(made.page, 'pay');
    const { tickets } = await becomes('confirmed', made);
    expect(tickets).toHaveLength(1);
    const { confirmed_at: at } = await db.selectFrom('orders').select('confirmed_at').where('id', '=', made.id).executeTakeFirstOrThrow();
    expect(at!.getTime()).toBeGreaterThanOrEqual(new Date(end).getTime());
  });

  test('survives every call that fails although it took effect', async () => {
    const made = await opened();
    await gate.faults({ lostAnswer: 1, paths: 'confirm' });
    await press(made.page, 'pay');
    await becomes('confirmed', made);
    expect(await gate.status(made.ref)).toBe('CONFIRMED');
  });

  test('declined, and the buyer comes back: cancelled, and the seat is free', async () => {
    const made = await opened();
    expect(await follow(await press(made.page, 'decline'))).toBe(200);
    expect((await read(url, made.who.token, made.id)).status).toBe('cancelled');
    expect(await freeSeats(url, made.event)).toEqual([made.seat]);
  });

  test('never made: the hold ends, and the page with it', async () => {
    const made = await opened({ holdSeconds: HOLD });
    await becomes('expired', made);
    await until(
      'the page is closed',
      () => gate.status(made.ref),
      (status) => status === 'CANCELLED',
    );
    expect((await fetch(`${made.page}/pay`, { method: 'POST', redirect: 'manual' })).status).toBe(409);
  });
});

describe('money after expiry', () => {
  /** The money of an order that expired while the gateway was away, and could not close its page since. */
  async function paidLate(meanwhile: (made: Bought) => Promise<unknown> = async () => {}): Promise<Bought> {
    const made = await opened({ holdSeconds: HOLD });
    await gate.faults({ fail500: 100_000 });
    await until(
      'the order has ended',
      async () => (await db.selectFrom('orders').select('status').where('id', '=', made.id).executeTakeFirstOrThrow()).status,
      (status) => status === 'expired',
    );
    await meanwhile(made);
    await gate.faults({ paths: 'cancel' });
    await gate.act('pay', made.ref);
    await behind.capture!({ key: 'x', ref: made.ref, amountMinor: 5000, currency: 'USD' });
    expect(await gate.status(made.ref)).toBe('CONFIRMED');
    await gate.calm();
    return made;
  }

  test('gets the seat when it is free', async () => {
    expect((await becomes('confirmed', await paidLate())).tickets).toHaveLength(1);
  });

  test('goes back by itself when somebody else has the seat, and the buyer is told', async () => {
    const made = await paidLate(async ({ event, seat }) => book(url, (await buyer(url)).token, event, [seat]));
    await isReturned(made);
    await until(
      'the mail that says so',
      () => mailsTo(stack.mailUrl, made.who.email),
      (mails) => mails.some(({ subject }) => subject.includes('too late')),
    );
  });
});

test('a cancelled booking’s money goes back whole, once', async () => {
  const made = await opened();
  await press(made.page, 'pay');
  await becomes('confirmed', made);
  await gate.faults({ lostAnswer: 1, paths: 'cancel' });
  expect((await asHackload(made.who, 'PATCH', '/api/bookings/cancel', { booking_id: made.number })).status).toBe(200);
  await isReturned(made);
  const refunds = () =>
    db.selectFrom('refunds').select(['status', 'amount_minor', 'requested_by']).where('order_id', '=', made.id).execute();
  await until('it is on record', refunds, ([one]) => one?.status === 'succeeded');
  expect(await refunds()).toEqual([{ status: 'succeeded', amount_minor: 5000, requested_by: `account/${made.who.id}` }]);
});

test('a refund made at the gateway itself voids the tickets', async () => {
  const made = await opened();
  await press(made.page, 'pay');
  await becomes('confirmed', made);
  await gate.act('refund', made.ref);
  await becomes('cancelled', made);
  expect(await freeSeats(url, made.event)).toEqual([made.seat]);
});

describe('kill -9 of the only worker', () => {
  test('after the money was set aside: the return takes it and sells the seat, the mail follows when a worker is back', async () => {
    const made = await opened();
    await worker.kill('SIGKILL');
    expect(await follow(await press(made.page, 'pay'))).toBe(200);
    expect((await read(url, made.who.token, made.id)).status).toBe('confirmed');
    await worker.restart();
    await ticketMail(made);
  });

  test('before the notification is acted upon: the ticket follows when a worker is back', async () => {
    const made = await opened();
    await worker.kill('SIGKILL');
    await press(made.page, 'pay');
    await worker.restart();
    await becomes('confirmed', made);
    await ticketMail(made);
  });
});
