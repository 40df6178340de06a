// The contest's payment gateway as a provider: what its words mean here, and that no fault of it takes money twice or returns it twice.
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { claim } from '../../services/orders/claim/claim.ts';
import * as attempts from '../../services/payments/attempts.ts';
import { receive } from '../../services/payments/callbacks.ts';
import { paygateProvider } from '../../services/payments/paygate.ts';
import * as payments from '../../services/payments/payments.ts';
import { mostAtOnce } from '../../services/payments/prices.ts';
import { PAYGATE, type Providers, providerFor } from '../../services/payments/provider.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { wish } from '../support/claims.ts';
import { person, show } from '../support/made.ts';
import { type PaygateWorld, startPaygateWorld } from '../support/paygateWorld.ts';

let world: PaygateWorld;
let db: PaygateWorld['db'];
let gate: PaygateWorld['gate'];
beforeAll(async () => {
  world = await startPaygateWorld();
  ({ db, gate } = world);
});
afterEach(() => gate.calm());
afterAll(() => world?.close());

/** A gateway that answers everything with this. */
async function answering(text: string) {
  const server = createServer((_, response) => response.end(text)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { provider: paygateProvider({ ...gate.settings, url }), close: () => server.close() };
}

describe('opening', () => {
  it('sends the order’s number, and leads to the gateway’s page, the same one each time', async () => {
    const { id, number, ref, next } = await world.opened();
    expect(next).toEqual({ kind: 'page', url: `${gate.url}/pay/${ref}` });
    expect((await gate.payments()).find((one) => one.paymentId === ref)).toMatchObject({
      orderId: String(number),
      amount: 5000,
      status: 'NEW',
    });
    expect((await payments.begin(db, gate.providers, { orderId: id })).providerRef).toBe(ref);
  });

  it('whose answer is lost is opened anew, and nobody knows the lost page', async () => {
    const { id, number } = await world.ordered();
    await gate.faults({ lostAnswer: 1 });
    await expect(payments.begin(db, gate.providers, { orderId: id })).rejects.toMatchObject({ code: 'payment_unavailable' });
    const open = await payments.begin(db, gate.providers, { orderId: id });
    const mine = (await gate.payments()).filter((one) => one.orderId === String(number));
    expect([mine.length, mine[1]?.paymentId]).toEqual([2, open.providerRef]);
  });

  it('twice at once leads both to one page; no other can be paid', async () => {
    const { id, number } = await world.ordered();
    // Both have asked the gateway before either of them writes what it answered.
    const answered = new EventEmitter();
    let count = 0;
    const create: typeof gate.provider.create = async (p) => {
      const both = once(answered, 'both');
      const made = await gate.provider.create(p);
      if (++count === 2) answered.emit('both');
      await both;
      return made;
    };
    const acting = { [PAYGATE]: { ...gate.provider, create } };
    const pages = await Promise.all([1, 2].map(() => payments.begin(db, acting, { orderId: id })));
    expect(new Set(pages.map((open) => open.providerRef)).size).toBe(1);
    const others = (await gate.payments()).filter((one) => one.orderId === String(number) && one.paymentId !== pages[0]!.providerRef);
    expect(others.map((one) => one.status)).toEqual(['CANCELLED']);
  });

  it('with a wrong password is our fault, and nothing the buyer did; what the gateway refuses is a refusal', async () => {
    const { id } = await world.ordered();
    const wrong = { [PAYGATE]: paygateProvider({ ...gate.settings, password: 'wrong' }) };
    await expect(payments.begin(db, wrong, { orderId: id })).rejects.toMatchObject({ code: 'payment_unavailable' });
    const nowhere = { [PAYGATE]: paygateProvider({ ...gate.settings, publicUrl: 'nowhere' }) };
    await expect(payments.begin(db, nowhere, { orderId: id })).rejects.toMatchObject({
      code: 'payment_failed',
      details: { declineCode: '2001' },
    });
  });
});

describe('what the gateway says', () => {
  it.each([
    ['decline', 'failed'],
    ['cancel', 'cancelled'],
    ['expire', 'expired'],
  ] as const)('%s: the payment is over, says why, and another may follow', async (act, code) => {
    const { id, paymentId, ref } = await world.opened();
    await gate.act(act, ref);
    expect(await world.ask(paymentId)).toBe('cancelled');
    expect(await world.row(paymentId)).toEqual({ status: 'cancelled', failure_code: code });
    expect((await payments.begin(db, gate.providers, { orderId: id })).providerRef).not.toBe(ref);
  });

  it.each(['NEW', 'FORM_SHOWED'])('%s is open', async (status) => {
    const { paymentId, ref } = await world.opened();
    if (status === 'FORM_SHOWED') await fetch(`${gate.url}/pay/${ref}`);
    expect([await world.ask(paymentId), await gate.status(ref)]).toEqual(['created', status]);
  });

  it.each([
    ['completed', 'succeeded'],
    ['failed', 'cancelled'],
    ['SOMETHING_NEW', 'processing'],
  ])('%s, from a gateway that answers the payment itself and numbers as numbers: %s', async (status, meant) => {
    const other = await answering(
      JSON.stringify({ success: true, paymentId: 'pay_1', orderId: 12, status, amount: 5000, currency: 'KZT' }),
    );
    const told = await other.provider.read('pay_1');
    expect(told).toMatchObject({ status: meant, orderNumber: '12', receivedMinor: meant === 'succeeded' ? 5000 : 0 });
    other.close();
  });

  it.each(['<html>', '{"success":true}', '[]', ''])('an answer that is none (%s) leaves the outcome open', async (text) => {
    const other = await answering(text);
    await expect(other.provider.read('pay_1')).rejects.toMatchObject({ code: 'payment_unavailable' });
    other.close();
  });

  it('of another amount, or another order, is a contradiction that is looked into', async () => {
    const { paymentId, ref } = await world.opened();
    await sql`update payments set amount_minor = 4999 where id = ${paymentId}::uuid`.execute(db);
    await gate.act('pay', ref);
    await expect(receive(db, PAYGATE, await world.notice(ref))).rejects.toMatchObject({ code: 'payment_mismatch' });
    const other = await world.opened();
    await sql`update payments set provider_ref = null where id = ${other.paymentId}::uuid`.execute(db);
    await sql`update payments set provider_ref = ${other.ref} where id = ${paymentId}::uuid`.execute(db);
    await expect(receive(db, PAYGATE, await world.notice(other.ref))).rejects.toMatchObject({ code: 'payment_mismatch' });
  });
});

describe('notifications', () => {
  it('say nothing that is believed: what the gateway answers counts, once', async () => {
    const { paymentId, ref } = await world.opened();
    const claimed = await world.notice(ref);
    expect(claimed).toMatchObject({ type: 'NEW', payment: { status: 'open' }, payload: { status: 'CONFIRMED' } });
    expect(await receive(db, PAYGATE, claimed)).toEqual({ outcome: 'recorded' });
    expect(await receive(db, PAYGATE, await world.notice(ref))).toEqual({ outcome: 'duplicate' });
    expect((await world.row(paymentId)).status).toBe('created');
    await gate.act('pay', ref);
    expect(await receive(db, PAYGATE, await world.notice(ref))).toEqual({ outcome: 'recorded' });
    expect((await world.row(paymentId)).status).toBe('authorized');
  });

  it('out of order: an old one after the end changes nothing', async () => {
    const { paymentId, ref } = await world.opened();
    const old = await world.notice(ref);
    await gate.act('decline', ref);
    await receive(db, PAYGATE, await world.notice(ref));
    await receive(db, PAYGATE, old);
    expect(await world.row(paymentId)).toEqual({ status: 'cancelled', failure_code: 'failed' });
  });

  it.each(['', 'x', '[]', '{}', '{"paymentId":1}', '{"paymentId":""}'])('%s is none', async (body) => {
    await expect(gate.provider.readCallback(Buffer.from(body), () => '')).rejects.toMatchObject({ code: 'signature_invalid' });
  });
});

describe('which provider serves an event', () => {
  const stripe = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: 'x', standinUrl: 'http://127.0.0.1:9', timeoutMs: 100 });
  const withEvents = (events: Set<number> | 'all'): Providers => ({ stripe, [PAYGATE]: paygateProvider({ ...gate.settings, events }) });

  it('is configuration: those that are named, or all; Stripe has the others', () => {
    expect([1, 2, 3].map((event) => providerFor(withEvents(new Set([1, 2])), event))).toEqual([PAYGATE, PAYGATE, 'stripe']);
    expect([providerFor(withEvents('all'), 3), providerFor(withEvents(new Set()), 1)]).toEqual([PAYGATE, 'stripe']);
  });

  it('a card pays nothing there, and opens nothing: the press is decided so', async () => {
    const { id, accountId } = await world.ordered();
    const attempt = randomUUID();
    await attempts.receive(db, { id: attempt, orderId: id, accountId, method: 'tok_visa', waitedMs: 0 });
    expect(await payments.charge(db, withEvents('all'), { orderId: id, attempt })).toEqual({ outcome: 'not-payable' });
    expect(await db.selectFrom('payments').select('id').where('order_id', '=', id).execute()).toEqual([]);
  });

  it('decides what can be paid at once: more than Stripe takes for its events, and no more for the others', async () => {
    const most = (events: Set<number> | 'all') => mostAtOnce(withEvents(events));
    expect(most('all')).toMatchObject({ usual: Number.MAX_SAFE_INTEGER, named: [] });
    const dear = await show(db, { seats: 2, currency: 'KZT', priceMinor: 90_000_000 });
    const { number } = await db.selectFrom('events').select('number').where('id', '=', dear.id).executeTakeFirstOrThrow();
    const want = async (events: Set<number>) =>
      claim(db, wish((await person(db)).id, dear.id, { places: dear.seats }, { mostAtOnce: most(events) }));
    await expect(want(new Set())).rejects.toMatchObject({ code: 'limit_exceeded' });
    expect(await want(new Set([number]))).toMatchObject({ total_minor: 180_000_000 });
  });
});
