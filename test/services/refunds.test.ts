// Refunds: in parts and all at once, and those made at the provider's dashboard. Through Stripe's library against the stand-in.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { refund, settle } from '../../services/orders/settlement.ts';
import * as refunds from '../../services/payments/refunds.ts';
import { as } from '../support/claims.ts';
import { lockWaits } from '../support/database.ts';
import { type MoneyWorld, startMoney } from '../support/money.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';
import { mutated } from '../support/waitlistWorld.ts';

let money: MoneyWorld;
beforeAll(async () => {
  money = await startMoney();
});
afterAll(() => money?.close());

describe('a part', () => {
  test('goes back by whom and why, and leaves the order confirmed with its tickets', async () => {
    const o = await money.bought();
    const want = { orderId: o.id, amountMinor: 2000, reason: 'requested_by_customer', requestedBy: `account/${o.accountId}` as const };
    expect(await refund(money.db, want)).toBe(2000);
    await money.makeAll(o.id);
    expect(await money.rows(o.id)).toMatchObject([{ status: 'succeeded', amount_minor: 2000, requested_by: `account/${o.accountId}` }]);
    const now = await money.look(o.id);
    expect([now.status, now.tickets.length, now.refund]).toEqual(['confirmed', 1, { status: 'succeeded', amount_minor: 2000 }]);
    expect(await refunds.owed(money.db, o.id)).toMatchObject([{ leftMinor: 3000, currency: 'USD' }]);

    expect(await refund(money.db, { ...want, amountMinor: 3000 })).toBe(3000);
    await money.makeAll(o.id);
    const after = (await orders.find(money.db, o.id))!;
    expect([after.status, after.tickets, after.refund?.amount_minor]).toEqual(['cancelled', [], 5000]);
    expect(await money.atStripe(o.ref)).toEqual([2000, 3000]);
  });

  test('is refused when it is more than is left, nothing, or a fraction no bank returns; the rest goes whole', async () => {
    const o = await money.bought();
    for (const amount of [5001, -1, 0.5]) await expect(money.owe(o.id, amount)).rejects.toMatchObject({ code: 'invalid' });
    expect(await money.rows(o.id)).toEqual([]);
    await sql`update payments set currency = 'KWD' where order_id = ${o.id}::uuid`.execute(money.db);
    await expect(money.owe(o.id, 1001)).rejects.toMatchObject({ code: 'invalid' });
    expect(await money.owe(o.id, 1010)).toBe(1010);
    expect([await money.owe(o.id), await money.owe(o.id)]).toEqual([3990, 0]);
  });

  test('after a cancelling only what is left is owed', async () => {
    const o = await money.bought();
    await refund(money.db, { orderId: o.id, amountMinor: 1500, reason: 'goodwill', requestedBy: 'system' });
    await cancel(money.db, o.id, as(o.accountId), { reason: 'test' });
    await money.makeAll(o.id);
    expect(await money.atStripe(o.ref)).toEqual([1500, 3500]);
  });

  /** Two owe the whole at once, on a database that waits where the first has written and not committed. */
  async function twoAtOnce(second: Kysely<DB>): Promise<number> {
    const o = await money.bought();
    let other: Promise<unknown> | undefined;
    await money.db.transaction().execute(async (tx) => {
      await refunds.owe(tx, { orderId: o.id, reason: 'first', requestedBy: 'system', amountMinor: 3000 });
      other = second
        .transaction()
        .execute((one) => refunds.owe(one, { orderId: o.id, reason: 'second', requestedBy: 'system', amountMinor: 3000 }))
        .catch((error) => error.code);
      await Promise.race([other, lockWaits(money.db, 1)]);
    });
    await other;
    return (await money.rows(o.id)).reduce((sum, r) => sum + r.amount_minor, 0);
  }

  test('two at once never sum up to more than was captured; without the lock they do', async () => {
    expect(await twoAtOnce(money.db)).toBe(3000);
    const unguarded = mutated(money.db, [['::uuid order by id for update', '::uuid order by id']]);
    expect(await twoAtOnce(unguarded.db)).toBe(6000);
    expect(unguarded.met.size).toBe(1);
  });
});

describe("a refund made at the provider's dashboard", () => {
  const EVENTS = ['refund.created', 'charge.refunded', 'refund.updated', 'charge.refund.updated'];

  test('of all: written down once, the tickets are void and the order cancelled, its place free', async () => {
    const o = await money.bought();
    await money.byHand(o.ref);
    await money.hear(o.ref, ...EVENTS);
    expect(await money.brief(o.id)).toEqual(['succeeded 5000 provider']);
    const now = await money.look(o.id);
    expect([now.status, now.tickets, now.refund]).toEqual(['cancelled', [], { status: 'succeeded', amount_minor: 5000 }]);
    const place = await money.db.selectFrom('places').select('sold_at').where('id', '=', o.seat).executeTakeFirstOrThrow();
    expect(place.sold_at).toBeNull();
    const mails = await money.db.selectFrom('mails').select('kind').where('order_id', '=', o.id).execute();
    expect(mails.map((m) => m.kind).sort()).toEqual(['cancelled', 'refunded', 'tickets']);
    expect(await settle(money.db, o.id, TICKET_KEYS)).toBe('unchanged');
    expect((await readFacts(money.db, o.id)).pendingRefunds).toEqual([]);
  });

  test('of a part: the order stays confirmed; cancelling it later returns the rest', async () => {
    const o = await money.bought();
    await money.byHand(o.ref, 1200);
    await money.hear(o.ref, ...EVENTS);
    expect([(await money.look(o.id)).status, await money.brief(o.id)]).toEqual(['confirmed', ['succeeded 1200 provider']]);
    await cancel(money.db, o.id, as(o.accountId), { reason: 'test' });
    await money.makeAll(o.id);
    expect(await money.atStripe(o.ref)).toEqual([1200, 3800]);
  });

  test('in parts until nothing is left: cancelled with the last of them', async () => {
    const o = await money.bought();
    await money.byHand(o.ref, 2000);
    await money.hear(o.ref, ...EVENTS);
    expect((await money.look(o.id)).status).toBe('confirmed');
    await money.byHand(o.ref);
    await money.hear(o.ref, ...EVENTS);
    expect([(await money.look(o.id)).status, await money.brief(o.id)]).toEqual([
      'cancelled',
      ['succeeded 2000 provider', 'succeeded 3000 provider'],
    ]);
  });

  test('told by charge.refunded alone: the provider is asked by which refunds', async () => {
    const o = await money.bought();
    await money.byHand(o.ref, 700);
    await money.hear(o.ref, 'charge.refunded');
    expect([await money.rows(o.id), (await readFacts(money.db, o.id)).suspectPayments]).toEqual([[], [o.paymentId]]);
    expect((await money.look(o.id)).status).toBe('confirmed');
    expect([await money.brief(o.id), (await readFacts(money.db, o.id)).suspectPayments]).toEqual([['succeeded 700 provider'], []]);
  });

  test('of ours charge.refunded tells nothing new', async () => {
    const o = await money.bought();
    await refund(money.db, { orderId: o.id, amountMinor: 700, reason: 'goodwill', requestedBy: 'system' });
    await money.makeAll(o.id);
    await money.hear(o.ref, ...EVENTS);
    expect([await money.brief(o.id), (await readFacts(money.db, o.id)).suspectPayments]).toEqual([['succeeded 700 system'], []]);
  });

  test('whose callbacks were all lost is found before ours is made, and ours becomes that much smaller', async () => {
    const part = await money.bought();
    await money.owe(part.id);
    await money.byHand(part.ref, 2000);
    await money.makeAll(part.id);
    expect([await money.brief(part.id), await money.atStripe(part.ref)]).toEqual([
      ['succeeded 2000 provider', 'succeeded 3000 system'],
      [2000, 3000],
    ]);

    const whole = await money.bought();
    await money.owe(whole.id);
    await money.byHand(whole.ref);
    await money.makeAll(whole.id);
    expect([await money.brief(whole.id), await money.atStripe(whole.ref)]).toEqual([['succeeded 5000 provider'], [5000]]);
  });

  test('before the money was settled: it buys nothing', async () => {
    const o = await money.bought({ settled: false });
    await money.byHand(o.ref);
    await money.hear(o.ref, ...EVENTS);
    expect(await settle(money.db, o.id, TICKET_KEYS)).toBe('unchanged');
    expect((await orders.find(money.db, o.id))!.tickets).toEqual([]);
  });

  test('of a payment that is not ours is ignored', async () => {
    const intent = await money.stripe.paymentIntents.create({ amount: 500, currency: 'usd', payment_method: 'pm_card_visa' });
    await money.stripe.paymentIntents.confirm(intent.id, { return_url: 'http://x.test' });
    await money.byHand(intent.id);
    await money.hear(intent.id, ...EVENTS);
    expect(await money.db.selectFrom('payment_events').select('outcome').where('outcome', '=', 'ignored').execute()).toHaveLength(4);
  });
});
