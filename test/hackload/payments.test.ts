// Payment by the contest's API at the gateway's stand-in: where it is paid, what a return proves (nothing), what a notification says (nothing).
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { readFacts } from '../../services/orders/facts.ts';
import { expire } from '../../services/orders/orders.ts';
import * as payments from '../../services/payments/payments.ts';
import * as refunds from '../../services/payments/refunds.ts';
import { until } from '../support/client.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { type Buyer, buyerOf } from '../support/hackload.ts';
import { show } from '../support/made.ts';
import { type Paygate, startPaygate } from '../support/paygate.ts';

let world: World;
let gate: Paygate;
let anna: Buyer;
let boris: Buyer;
beforeAll(async () => {
  const port = await freePort();
  gate = await startPaygate({ backTo: `http://127.0.0.1:${port}`, timeoutMs: 500 });
  world = await startWorld({ port, overrides: { providers: gate.providers } });
  [anna, boris] = await Promise.all([buyerOf(world), buyerOf(world)]);
});
afterEach(() => gate.calm());
afterAll(async () => {
  await world?.stop();
  await gate?.close();
});

/** A booking of one seat; `priceMinor` is the seat's. */
async function booked(priceMinor = 15_000) {
  const { id } = await show(world.db, { seats: 1, priceMinor, currency: 'KZT' });
  const { number: event } = await world.db.selectFrom('events').select('number').where('id', '=', id).executeTakeFirstOrThrow();
  const { number: seat } = await world.db.selectFrom('places').select('number').where('event_id', '=', id).executeTakeFirstOrThrow();
  const { id: booking } = (await anna.call('POST', '/api/bookings', { event_id: event })).body;
  await anna.call('PATCH', '/api/seats/select', { booking_id: booking, seat_id: seat });
  const { id: order } = await world.db.selectFrom('orders').select('id').where('number', '=', booking).executeTakeFirstOrThrow();
  return { event, seat, booking, order };
}

const initiate = async (who: Buyer, booking: unknown) => {
  const response = await fetch(`${world.url}/api/bookings/initiatePayment`, {
    method: 'PATCH',
    redirect: 'manual',
    headers: { authorization: who.authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ booking_id: booking }),
  });
  return { status: response.status, to: response.headers.get('location'), body: await response.text() };
};

/** The same whose payment is open; `ref` is the gateway's name for it. The gateway's notifications are lost unless `told`. */
async function opened({ told = false } = {}) {
  if (!told) await gate.faults({ lose: 1000 });
  const made = await booked();
  const { status, to } = await initiate(anna, made.booking);
  expect([status, to]).toEqual([302, expect.stringContaining(`${gate.url}/pay/pay_`)]);
  return { ...made, page: to!, ref: to!.split('/').at(-1)! };
}

const back = (to: 'success' | 'fail', booking: unknown, o: { headers?: Record<string, string>; method?: string } = {}) =>
  world.call(o.method ?? 'GET', `/api/payments/${to}?orderId=${booking}`, { headers: o.headers });
const seatOf = async ({ event }: { event: number }) => (await world.call('GET', `/api/seats?event_id=${event}`)).body[0].status as string;
const statusOf = async ({ order }: { order: string }) =>
  (await world.db.selectFrom('orders').select('status').where('id', '=', order).executeTakeFirstOrThrow()).status;
const post = (body: object) => world.call('POST', '/api/payments/notifications', { body });
const asked = async () => (await sql<{ n: number }>`select count(*)::int as n from payment_events`.execute(world.db)).rows[0]!.n;

describe('initiatePayment', () => {
  it('302 to the gateway’s page, the same one twice', async () => {
    const { booking, page } = await opened();
    expect(await initiate(anna, booking)).toMatchObject({ status: 302, to: page });
  });

  it('another page after a payment that failed, also where nobody has told us', async () => {
    const { booking, page, ref } = await opened();
    await gate.act('decline', ref);
    const again = await initiate(anna, booking);
    expect([again.status, again.to !== page]).toEqual([302, true]);
  });

  it('the known page while the gateway does not answer', async () => {
    const { booking, page } = await opened();
    await gate.faults({ fail500: 5 });
    expect(await initiate(anna, booking)).toMatchObject({ status: 302, to: page });
  });

  it('403 of somebody else’s, 404, 400, 401', async () => {
    const { booking } = await booked();
    expect((await initiate(boris, booking)).status).toBe(403);
    expect((await initiate(anna, 999_999_999)).status).toBe(404);
    for (const wrong of ['x', null, 0, 1.5]) expect((await initiate(anna, wrong)).status).toBe(400);
    expect((await world.call('PATCH', '/api/bookings/initiatePayment', { body: { booking_id: booking } })).status).toBe(401);
  });

  it('419 where there is nothing to pay: empty, over, cancelled, paid', async () => {
    const { event } = await booked();
    const { id: empty } = (await anna.call('POST', '/api/bookings', { event_id: event })).body;
    expect((await initiate(anna, empty)).status).toBe(419);

    const late = await booked();
    await sql`update orders set expires_at = now() - interval '1 second' where id = ${late.order}::uuid`.execute(world.db);
    expect((await initiate(anna, late.booking)).status).toBe(419);

    const gone = await booked();
    await anna.call('PATCH', '/api/bookings/cancel', { booking_id: gone.booking });
    expect((await initiate(anna, gone.booking)).status).toBe(419);

    const paid = await opened();
    await gate.act('pay', paid.ref);
    expect((await initiate(anna, paid.booking)).status).toBe(419);
    expect(await seatOf(paid)).toBe('SOLD');
  });

  it('503 while no payment can be opened; then it can', async () => {
    const { booking } = await booked();
    await gate.faults({ fail500: 1 });
    expect((await initiate(anna, booking)).status).toBe(503);
    expect((await initiate(anna, booking)).status).toBe(302);
  });

  it('of seats that cost nothing: they are the buyer’s at once', async () => {
    const free = await booked(0);
    const answer = await initiate(anna, free.booking);
    expect([answer.status, answer.to]).toEqual([302, expect.stringMatching(/\/api\/payments\/success\?orderId=\d+$/)]);
    expect([await seatOf(free), (await back('success', free.booking)).status]).toEqual(['SOLD', 200]);
  });
});

describe('the return of a buyer who has paid', () => {
  it('200, with the seat sold when it answers; twice, and after that fail changes nothing', async () => {
    const made = await opened();
    await gate.act('pay', made.ref);
    expect((await back('success', made.booking)).status).toBe(200);
    expect([await seatOf(made), await gate.status(made.ref)]).toEqual(['SOLD', 'CONFIRMED']);
    expect((await back('success', made.booking)).status).toBe(200);
    expect((await back('fail', made.booking)).status).toBe(200);
    expect([await seatOf(made), await statusOf(made)]).toEqual(['SOLD', 'confirmed']);
    // Whoever sends the mail is told.
    expect(
      await world.db.selectFrom('outbox').select('id').where('subject_id', '=', made.order).where('topic', '=', 'order.paid').execute(),
    ).not.toEqual([]);
  });

  it('419 while the gateway has no money; nothing is held against the buyer who pays then', async () => {
    const made = await opened();
    expect((await back('success', made.booking)).status).toBe(419);
    await gate.act('pay', made.ref);
    expect((await back('success', made.booking)).status).toBe(200);
  });

  it('419 of a failed payment, and the booking stays until somebody says fail', async () => {
    const made = await opened();
    await gate.act('decline', made.ref);
    expect((await back('success', made.booking)).status).toBe(419);
    expect([await seatOf(made), await statusOf(made)]).toEqual(['RESERVED', 'pending']);
  });

  it('money that comes too late: the seat again if it is free, else it goes back and the answer says so', async () => {
    const late = await opened();
    await gate.act('pay', late.ref);
    await gate.provider.capture!({ key: 'x', ref: late.ref, amountMinor: 15_000, currency: 'KZT' });
    await sql`update orders set expires_at = now() - interval '1 second' where id = ${late.order}::uuid`.execute(world.db);
    await expire(world.db, late.order, new Date());
    expect((await back('success', late.booking)).status).toBe(200);

    const lost = await opened();
    await gate.act('pay', lost.ref);
    await gate.provider.capture!({ key: 'x', ref: lost.ref, amountMinor: 15_000, currency: 'KZT' });
    await sql`update orders set expires_at = now() - interval '1 second' where id = ${lost.order}::uuid`.execute(world.db);
    await expire(world.db, lost.order, new Date());
    const { id: other } = (await boris.call('POST', '/api/bookings', { event_id: lost.event })).body;
    expect((await boris.call('PATCH', '/api/seats/select', { booking_id: other, seat_id: lost.seat })).status).toBe(200);
    expect((await back('success', lost.booking)).status).toBe(419);
    const [refund] = (await readFacts(world.db, lost.order)).pendingRefunds;
    expect(await refunds.make(world.db, gate.providers, refund!)).toBe('succeeded');
    expect(await gate.status(lost.ref)).toBe('REFUNDED');
  });

  it('503 while the gateway does not answer, and nothing is decided', async () => {
    const made = await opened();
    await gate.act('pay', made.ref);
    await gate.faults({ fail500: 10 });
    expect((await back('success', made.booking)).status).toBe(503);
    expect(await statusOf(made)).toBe('pending');
  });
});

describe('the return of a buyer who has not', () => {
  it.each(['decline', 'cancel', 'expire'] as const)(
    '%s: the booking is cancelled, its seat free; twice, and success says no',
    async (act) => {
      const made = await opened();
      await gate.act(act, made.ref);
      expect((await back('fail', made.booking)).status).toBe(200);
      expect([await seatOf(made), await statusOf(made)]).toEqual(['FREE', 'cancelled']);
      expect((await back('fail', made.booking)).status).toBe(200);
      expect((await back('success', made.booking)).status).toBe(419);
    },
  );

  it('strangers who count through numbers empty nobody’s booking: while it can be paid it stays, and 200 all the same', async () => {
    const made = await opened();
    expect((await back('fail', made.booking)).status).toBe(200);
    const unpaid = await booked();
    expect((await back('fail', unpaid.booking)).status).toBe(200);
    expect([await seatOf(made), await seatOf(unpaid)]).toEqual(['RESERVED', 'RESERVED']);
    await gate.act('pay', made.ref);
    expect((await back('fail', made.booking)).status).toBe(200);
    expect(await seatOf(made)).toBe('SOLD');
  });

  it('a new payment after a failed one: the old failure frees nothing', async () => {
    const made = await opened();
    await gate.act('decline', made.ref);
    expect((await initiate(anna, made.booking)).status).toBe(302);
    expect((await back('fail', made.booking)).status).toBe(200);
    expect(await seatOf(made)).toBe('RESERVED');
  });
});

describe('every return', () => {
  it('HEAD and prefetching look only', async () => {
    const paid = await opened();
    await gate.act('pay', paid.ref);
    const failed = await opened();
    await gate.act('decline', failed.ref);
    const ways: Record<string, string>[] = [
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
      { 'x-purpose': 'preview' },
    ];
    for (const headers of ways) {
      expect((await back('success', paid.booking, { headers })).status).toBe(419);
      expect((await back('fail', failed.booking, { headers })).status).toBe(200);
    }
    await back('success', paid.booking, { method: 'HEAD' });
    await back('fail', failed.booking, { method: 'HEAD' });
    expect([await statusOf(paid), await statusOf(failed)]).toEqual(['pending', 'pending']);
    expect([await gate.status(paid.ref), await seatOf(failed)]).toEqual(['AUTHORIZED', 'RESERVED']);
  });

  it('a browser gets a page that says how it stands, and keeps it nowhere', async () => {
    const made = await opened();
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const open = await back('success', made.booking, { headers });
    expect([open.status, open.headers.get('cache-control')]).toEqual([419, 'no-store']);
    expect(open.text).toContain('Not paid yet');
    await gate.act('pay', made.ref);
    expect((await back('success', made.booking, { headers })).text).toContain('The seats are yours');
    const gone = await opened();
    await gate.act('cancel', gone.ref);
    expect((await back('fail', gone.booking, { headers })).text).toContain('free for others');
  });

  it('404 of no booking, 400 of no number', async () => {
    for (const to of ['success', 'fail'] as const) {
      expect((await back(to, 999_999_999)).status).toBe(404);
      for (const wrong of ['', 'x', '0', '-1', '1e3', '9'.repeat(30)]) expect((await back(to, wrong)).status).toBe(400);
    }
  });

  it('asks the gateway about one booking so often and no oftener, from wherever; a paid one still answers', async () => {
    const made = await opened();
    const statuses = new Set<number>();
    for (let n = 0; n < 25; n++) statuses.add((await back('success', made.booking)).status);
    expect([...statuses]).toEqual([419, 429]);
    await gate.act('pay', made.ref);
    const { id } = await world.db.selectFrom('payments').select('id').where('order_id', '=', made.order).executeTakeFirstOrThrow();
    await payments.reconcile(world.db, gate.providers, id, false);
    const other = await opened();
    expect((await back('success', other.booking)).status).toBe(419);
  });
});

describe('notifications', () => {
  it('of a payment that was made come from the gateway itself, and are recorded once', async () => {
    const made = await opened({ told: true });
    await gate.act('pay', made.ref);
    const payment = () => world.db.selectFrom('payments').select('status').where('order_id', '=', made.order).executeTakeFirstOrThrow();
    await until('we know that the money is set aside', payment, ({ status }) => status === 'authorized');
    const before = await asked();
    expect((await post({ paymentId: made.ref, status: 'AUTHORIZED' })).status).toBe(200);
    expect(await asked()).toBe(before);
  });

  it('are never believed', async () => {
    const made = await opened();
    for (const status of ['CONFIRMED', 'completed', 'FAILED', 'CANCELLED', 'REFUNDED', 'EXPIRED'])
      expect(
        (await post({ paymentId: made.ref, status, teamSlug: 'billetter', timestamp: new Date().toISOString(), data: {} })).status,
      ).toBe(200);
    expect([await seatOf(made), await statusOf(made)]).toEqual(['RESERVED', 'pending']);
  });

  it('of no payment of ours are taken and forgotten', async () => {
    const before = await asked();
    expect((await post({ paymentId: 'pay_nobody', status: 'CONFIRMED' })).status).toBe(200);
    expect(await asked()).toBe(before);
  });

  it('503 while the gateway cannot be asked, so that it comes again', async () => {
    const made = await opened();
    await gate.faults({ fail500: 1 });
    expect((await post({ paymentId: made.ref, status: 'NEW' })).status).toBe(503);
    expect((await post({ paymentId: made.ref, status: 'NEW' })).status).toBe(200);
  });

  it('400 of what is none', async () => {
    for (const wrong of [{}, { paymentId: 1 }, { paymentId: '' }, { paymentId: 'x'.repeat(300) }, []])
      expect((await post(wrong)).status).toBe(400);
  });
});
