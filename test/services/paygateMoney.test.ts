// The contest's payment gateway and money: no fault of it takes any twice, or returns any twice.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cancel } from '../../services/orders/cancel.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as paying from '../../services/orders/paying.ts';
import { refundFor } from '../../services/orders/refunding.ts';
import { receive } from '../../services/payments/callbacks.ts';
import { PAYGATE, type Providers } from '../../services/payments/provider.ts';
import { as } from '../support/claims.ts';
import { type PaygateWorld, startPaygateWorld } from '../support/paygateWorld.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

let world: PaygateWorld;
let db: PaygateWorld['db'];
let gate: PaygateWorld['gate'];
beforeAll(async () => {
  world = await startPaygateWorld();
  ({ db, gate } = world);
});
afterEach(() => gate.calm());
afterAll(() => world?.close());

describe('taking the money', () => {
  const FAULTS = [
    { fail500: 1, paths: 'confirm' },
    { lostAnswer: 1, paths: 'confirm', lostAnswerAs: '500' },
    { lostAnswer: 1, paths: 'confirm', lostAnswerAs: 'silence' },
    { fail500: 1, paths: 'check' },
    { lostAnswer: 2, paths: 'check', lostAnswerAs: 'silence' },
  ];

  it.each(FAULTS)('ends in one captured payment, whatever fails: %o', async (fault) => {
    const { id, paymentId, ref } = await world.opened();
    await gate.act('pay', ref);
    await receive(db, PAYGATE, await world.notice(ref));
    await gate.faults(fault);
    // As its activity: again while the outcome is open.
    const again = async (tries = 4): Promise<string> =>
      world.ask(paymentId).catch((error) => {
        if (tries === 0 || error.code !== 'payment_unavailable') throw error;
        return again(tries - 1);
      });
    expect(await again()).toBe('succeeded');
    expect([(await world.look(id)).status, await gate.status(ref)]).toEqual(['confirmed', 'CONFIRMED']);
  });

  it('two at once take it once', async () => {
    const { id, paymentId, ref } = await world.opened();
    await gate.act('pay', ref);
    await receive(db, PAYGATE, await world.notice(ref));
    expect(await Promise.all([world.ask(paymentId), world.ask(paymentId)])).toEqual(['succeeded', 'succeeded']);
    expect((await world.look(id)).tickets).toHaveLength(1);
  });

  it('what the bank has set aside is let go when the order is over, and taken never', async () => {
    const { id, accountId, paymentId, ref } = await world.opened();
    await gate.act('pay', ref);
    await receive(db, PAYGATE, await world.notice(ref));
    await cancel(db, id, as(accountId), { reason: 'test' });
    await gate.faults({ lostAnswer: 1, paths: 'cancel' });
    expect(await world.ask(paymentId)).toBe('cancelled');
    expect([await gate.status(ref), await world.refundsOf(id)]).toEqual(['CANCELLED', []]);
  });

  it('money whose notification was lost is found when the hold ends, and taken; once the order is over it is let go', async () => {
    const found = await world.opened();
    await gate.act('pay', found.ref);
    expect([await world.ask(found.paymentId, true), (await world.look(found.id)).status]).toEqual(['succeeded', 'confirmed']);

    const late = await world.opened();
    await gate.act('pay', late.ref);
    await cancel(db, late.id, as(late.accountId), { reason: 'test' });
    expect([await world.ask(late.paymentId, true), await gate.status(late.ref)]).toEqual(['cancelled', 'CANCELLED']);
  });

  it('closing an open payment closes it; closing a paid one returns nothing', async () => {
    const open = await world.opened();
    expect([await world.ask(open.paymentId, true), await gate.status(open.ref)]).toEqual(['cancelled', 'CANCELLED']);
    const paid = await world.opened();
    await gate.act('pay', paid.ref);
    await gate.provider.capture!({ key: 'x', ref: paid.ref, amountMinor: 5000, currency: 'KZT' });
    expect([await world.ask(paid.paymentId, true), await gate.status(paid.ref)]).toEqual(['succeeded', 'CONFIRMED']);
  });
});

describe('a look of the order’s workflow', () => {
  const look = (id: string, providers: Providers = gate.providers) => paying.look(db, providers, TICKET_KEYS, id);

  async function setAside() {
    const order = await world.opened();
    await gate.act('pay', order.ref);
    await receive(db, PAYGATE, await world.notice(order.ref));
    return order;
  }

  it('takes what the bank has set aside, and makes tickets of it', async () => {
    const { id, ref } = await setAside();
    const { facts, acted } = await look(id);
    expect(acted).toBe(true);
    expect(facts).toMatchObject({ status: 'confirmed', unsettled: false, suspectPayments: [], unsentMails: [expect.any(String)] });
    expect(await gate.status(ref)).toBe('CONFIRMED');
    expect((await look(id)).acted).toBe(false);
  });

  it('leaves to the queue of the payments what the gateway does not answer, or what this process may not ask', async () => {
    const { id, paymentId } = await setAside();
    await gate.faults({ fail500: 1, paths: 'confirm' });
    const left = { acted: false, facts: { status: 'pending', suspectPayments: [paymentId] } };
    expect(await look(id)).toMatchObject(left);
    expect(await paying.look(db, undefined, TICKET_KEYS, id)).toMatchObject(left);
    expect(await look(id, {})).toMatchObject(left);
    expect(await world.ask(paymentId)).toBe('succeeded');
    expect(await look(id)).toMatchObject({ acted: true, facts: { status: 'confirmed' } });
  });

  it('beside another and beside the queue takes it once', async () => {
    const { id, paymentId } = await setAside();
    await Promise.all([look(id), look(id), world.ask(paymentId)]);
    const order = await world.look(id);
    expect([order.status, order.tickets.length, await world.refundsOf(id)]).toEqual(['confirmed', 1, []]);
  });

  it('takes nothing for an order that is over', async () => {
    const { id, accountId, paymentId, ref } = await setAside();
    await cancel(db, id, as(accountId), { reason: 'test' });
    expect(await look(id)).toMatchObject({ acted: false, facts: { status: 'cancelled', suspectPayments: [paymentId] } });
    expect(await gate.status(ref)).toBe('AUTHORIZED');
  });
});

describe('giving it back', () => {
  const FAULTS = [
    { fail500: 1, paths: 'cancel' },
    { lostAnswer: 1, paths: 'cancel', lostAnswerAs: '500' },
    { lostAnswer: 1, paths: 'cancel', lostAnswerAs: 'silence' },
    { fail500: 1, paths: 'check' },
  ];

  it.each(FAULTS)('goes back once, as the refund that was owed, whatever fails: %o', async (fault) => {
    const { id, accountId, ref } = await world.bought();
    await cancel(db, id, as(accountId), { reason: 'test' });
    await gate.faults(fault);
    await world.look(id).catch((error) => expect(error.code).toBe('payment_unavailable'));
    await world.look(id);
    expect(await world.refundsOf(id)).toEqual([`succeeded 5000 account/${accountId}`]);
    expect(await gate.status(ref)).toBe('REFUNDED');
  });

  it('a notification that is faster than our own answer tells of our refund, and of no second one', async () => {
    const { id, accountId, ref } = await world.bought();
    await cancel(db, id, as(accountId), { reason: 'test' });
    await gate.act('refund', ref); // as the gateway has it before our call has come back
    expect(await receive(db, PAYGATE, await world.notice(ref))).toEqual({ outcome: 'recorded' });
    await world.look(id);
    expect(await world.refundsOf(id)).toEqual([`succeeded 5000 account/${accountId}`]);
  });

  it('one made at the gateway itself is on record as such, and the order is cancelled', async () => {
    const { id, ref } = await world.bought();
    await gate.act('refund', ref);
    expect(await receive(db, PAYGATE, await world.notice(ref))).toEqual({ outcome: 'recorded' });
    const order = await world.look(id);
    expect([await world.refundsOf(id), order.status, order.tickets]).toEqual([['succeeded 5000 provider'], 'cancelled', []]);
  });

  it('and so is one that is found before we have heard of the payment at all', async () => {
    const { id, paymentId, ref } = await world.opened();
    await gate.act('pay', ref);
    await gate.provider.capture!({ key: 'x', ref, amountMinor: 5000, currency: 'KZT' });
    await gate.act('refund', ref);
    expect(await world.ask(paymentId)).toBe('succeeded');
    const order = await world.look(id);
    expect([await world.refundsOf(id), order.tickets]).toEqual([['succeeded 5000 provider'], []]);
  });

  it('of a part is refused where it is asked for, in words; the whole is not', async () => {
    const { id } = await world.bought();
    const admin = { kind: 'account', id: randomUUID(), role: 'admin' } as const;
    const want = { reason: 'test', amount: '20.00' };
    await expect(refundFor(db, id, admin, want)).rejects.toMatchObject({ code: 'invalid', details: { fields: { amount: /only whole/ } } });
    expect(await world.refundsOf(id)).toEqual([]);
    await refundFor(db, id, admin, { reason: 'test', amount: '50.00' });
    await world.look(id);
    expect(await world.refundsOf(id)).toEqual([`succeeded 5000 account/${admin.id}`]);
  });

  it('of a part that a row says all the same fails for good, and a whole one after it goes', async () => {
    const { id, accountId, paymentId, ref } = await world.bought();
    await sql`insert into refunds (order_id, payment_id, provider, amount_minor, currency, reason, requested_by)
      values (${id}::uuid, ${paymentId}::uuid, 'paygate', 2000, 'KZT', 'test', 'system')`.execute(db);
    await world.look(id);
    expect([await world.refundsOf(id), await gate.status(ref)]).toEqual([['failed 2000 system'], 'CONFIRMED']);
    const { failure_message: why } = await db
      .selectFrom('refunds')
      .select('failure_message')
      .where('order_id', '=', id)
      .executeTakeFirstOrThrow();
    expect(why).toMatch(/only whole/);
    await cancel(db, id, as(accountId), { reason: 'test' });
    await world.look(id);
    expect([(await world.refundsOf(id))[1], (await readFacts(db, id)).failedRefunds]).toEqual([`succeeded 5000 account/${accountId}`, 0]);
  });
});
