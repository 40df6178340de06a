// Refunds that failed: counted, tried again after a growing pause, and history once their money went back.
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createMetrics } from '../../gateway/http/operate/metrics.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { receive } from '../../services/payments/callbacks.ts';
import { countFailed, retryFailed } from '../../services/payments/refundRetries.ts';
import * as refunds from '../../services/payments/refunds.ts';
import { as } from '../support/claims.ts';
import { type MoneyWorld, startMoney } from '../support/money.ts';

let money: MoneyWorld;
beforeAll(async () => {
  money = await startMoney();
});
afterAll(() => money?.close());
afterEach(() => money.faults({ lateMs: 8000 }));

describe('a refund that failed', () => {
  /** A cancelled order whose refund looked done, and then the bank refused it. */
  async function refused() {
    const o = await money.bought({ card: 'pm_card_refundFail' });
    await money.faults({ lateMs: 0 });
    await cancel(money.db, o.id, as(o.accountId), { reason: 'test' });
    await money.makeAll(o.id);
    for (let failed = false; !failed; )
      failed = (await money.stripe.refunds.list({ payment_intent: o.ref })).data.every((r) => r.status === 'failed');
    await money.hear(o.ref, 'refund.failed');
    return o;
  }
  const waited = (id: string, interval: string) =>
    sql`update refunds set updated_at = updated_at - ${interval}::interval, created_at = created_at - ${interval}::interval
      where order_id = ${id}::uuid`.execute(money.db);
  const failures = async (id: string) => (await readFacts(money.db, id)).failedRefunds;

  test('is counted, and tried again after an hour as a refund of its own; the late word of the old one changes nothing', async () => {
    const before = await countFailed(money.db);
    const o = await refused();
    expect([await money.brief(o.id), await failures(o.id), await countFailed(money.db)]).toEqual([
      [`failed 5000 account/${o.accountId}`],
      1,
      before + 1,
    ]);
    const lag = async () => ({ rows: 0, seconds: 0 });
    const scraped = createMetrics({
      ordersByStatus: async () => [],
      outboxLag: lag,
      failedRefunds: () => countFailed(money.db),
      mails: async () => ({ refused: 0, waiting: 0 }),
    });
    expect(await scraped.render()).toContain(`billetter_refunds_failed ${before + 1}\n`);

    await waited(o.id, '59 minutes');
    expect(await retryFailed(money.db)).toBe(0);
    await waited(o.id, '1 minute 1 second');
    await money.db.deleteFrom('outbox').where('subject_id', '=', o.id).execute();
    expect([await retryFailed(money.db), await retryFailed(money.db)]).toEqual([1, 0]);
    const told = await money.db.selectFrom('outbox').select('topic').where('subject_id', '=', o.id).execute();
    expect([told, await failures(o.id), await countFailed(money.db)]).toEqual([[{ topic: 'order.changed' }], 0, before]);
    expect((await orders.find(money.db, o.id))!.refund).toEqual({ status: 'pending', amount_minor: 5000 });

    await money.hear(o.ref, 'refund.updated', 'charge.refund.updated');
    expect((await readFacts(money.db, o.id)).pendingRefunds).toHaveLength(1);
    await sql`update refunds set status = 'succeeded' where order_id = ${o.id}::uuid and status = 'pending'`.execute(money.db);
    expect((await orders.find(money.db, o.id))!.refund).toEqual({ status: 'succeeded', amount_minor: 5000 });
  });

  test('pauses grow, and so many tries a day are all', async () => {
    const o = await refused();
    const fail = async () => {
      expect(await retryFailed(money.db)).toBe(1);
      await sql`update refunds set status = 'failed', updated_at = now() where order_id = ${o.id}::uuid and status = 'pending'`.execute(
        money.db,
      );
    };
    await waited(o.id, '61 minutes');
    await fail();
    await waited(o.id, '119 minutes');
    expect(await retryFailed(money.db)).toBe(0);
    await waited(o.id, '2 minutes');
    await fail();
    await waited(o.id, '239 minutes');
    expect(await retryFailed(money.db)).toBe(0);
    await waited(o.id, '2 minutes');
    await fail();
    // Four tries within this day: the fifth waits for the next one, though its pause of eight hours is over.
    await waited(o.id, '9 hours');
    expect([await retryFailed(money.db), await failures(o.id)]).toEqual([0, 1]);
    await waited(o.id, '9 hours');
    await fail();
  });

  test('two that try at once try once', async () => {
    const o = await refused();
    await waited(o.id, '61 minutes');
    const tried = await Promise.all([retryFailed(money.db), retryFailed(money.db), retryFailed(money.db)]);
    expect([tried.reduce((a, b) => a + b), (await money.rows(o.id)).length]).toEqual([1, 2]);
  });

  test('is history once its money went back another way', async () => {
    const o = await refused();
    await money.owe(o.id);
    await waited(o.id, '2 days');
    expect([await failures(o.id), await retryFailed(money.db)]).toEqual([0, 0]);
    expect((await orders.find(money.db, o.id))!.refund).toEqual({ status: 'pending', amount_minor: 5000 });
  });

  test('of which the provider says at once that it will not be made fails too, with its words', async () => {
    const o = await money.bought();
    await money.owe(o.id);
    const never = { ...money.providers.stripe!, refunds: async () => [] };
    await money.byHand(o.ref);
    const [id] = (await readFacts(money.db, o.id)).pendingRefunds;
    expect(await refunds.make(money.db, { stripe: never }, id!)).toBe('failed');
    expect((await money.rows(o.id))[0]!.failure_message).toContain('already been refunded');
  });

  test("somebody's own at the dashboard, of a confirmed order, is not ours to repeat; of one it has cancelled it is owed", async () => {
    const confirmed = await money.bought({ card: 'pm_card_refundFail' });
    await money.byHand(confirmed.ref, 1000);
    await money.hear(confirmed.ref, 'refund.created');
    await money.faults({ lateMs: 0 });
    const over = await money.bought({ card: 'pm_card_refundFail' });
    await money.byHand(over.ref);
    await money.hear(over.ref, 'refund.created');
    expect((await money.look(over.id)).status).toBe('cancelled');
    for (const ref of [confirmed.ref, over.ref]) {
      const [made] = (await money.stripe.refunds.list({ payment_intent: ref })).data;
      await receive(money.db, 'stripe', {
        id: `evt_${made!.id}`,
        type: 'refund.failed',
        refund: {
          ref: made!.id,
          status: 'failed',
          refundId: undefined,
          paymentRef: ref,
          amountMinor: made!.amount,
          currency: 'USD',
          failureMessage: 'closed',
        },
        payload: {},
      });
    }
    expect([await failures(confirmed.id), (await orders.find(money.db, confirmed.id))!.refund]).toEqual([0, null]);
    expect(await failures(over.id)).toBe(1);
    await waited(over.id, '61 minutes');
    await retryFailed(money.db);
    expect(await money.brief(over.id)).toEqual(['failed 5000 provider', 'pending 5000 system']);
  });
});
