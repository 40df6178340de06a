// Two payment providers at once: Stripe's kind (a card, captured at once) and one with a page that sets money aside until it is captured.

import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB, PaymentStatus } from '../../db/tables.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as attempts from '../../services/payments/attempts.ts';
import { receive } from '../../services/payments/callbacks.ts';
import * as payments from '../../services/payments/payments.ts';
import { callbackId, type PaymentProvider, type Providers, providerOf } from '../../services/payments/provider.ts';
import * as refunds from '../../services/payments/refunds.ts';
import { applyProviderState, TRANSITIONS } from '../../services/payments/states.ts';
import { as, wish } from '../support/claims.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { capture, person, show } from '../support/made.ts';
import { pageProvider } from '../support/pageProvider.ts';
import { signal } from '../support/signal.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

/** A second acquirer beside the first, for orders of its own. */
const acquirer = pageProvider('acquirer');
const providers: Providers = { acquirer: acquirer.provider };

async function ordered(): Promise<{ id: string; accountId: string }> {
  const [event, { id: accountId }] = [await show(db, { seats: 1 }), await person(db)];
  const { id } = await claim(db, wish(accountId, event.id, { places: event.seats }));
  return { id, accountId };
}

/** An order whose payment is open at the acquirer. */
async function opened() {
  const order = await ordered();
  const open = await payments.begin(db, providers, { orderId: order.id });
  return { ...order, open };
}

const status = async (orderId: string) =>
  (await db.selectFrom('payments').select('status').where('order_id', '=', orderId).executeTakeFirstOrThrow()).status;

describe('a provider with a page', () => {
  test('opening answers where the buyer goes, and again the same; no card secret is kept for it', async () => {
    const { id, open } = await opened();
    expect(open).toMatchObject({ provider: 'acquirer', next: { kind: 'page', url: `https://acquirer.test/pay/${open.providerRef}` } });
    expect(await payments.begin(db, providers, { orderId: id })).toEqual(open);
    const row = await db.selectFrom('payments').select(['page_url', 'client_secret']).where('order_id', '=', id).executeTakeFirstOrThrow();
    expect(row).toEqual({ page_url: `https://acquirer.test/pay/${open.providerRef}`, client_secret: null });
  });

  test('money set aside is captured while the order waits for it, and buys the ticket', async () => {
    const { id, open } = await opened();
    acquirer.pays(open.providerRef);
    expect(await receive(db, 'acquirer', await acquirer.notice(open.providerRef))).toEqual({ outcome: 'recorded' });
    expect([await status(id), (await readFacts(db, id)).suspectPayments]).toEqual(['authorized', [open.paymentId]]);
    const woken = await db.selectFrom('outbox').select('topic').where('subject_id', '=', id).where('topic', '=', 'order.paid').execute();
    expect(woken).toHaveLength(1);

    expect(await payments.reconcile(db, providers, open.paymentId, false)).toBe('succeeded');
    expect(await settle(db, id, TICKET_KEYS)).toBe('confirmed');
    expect((await orders.find(db, id))!.tickets).toHaveLength(1);
    expect(acquirer.calls.filter((c) => c.endsWith(open.providerRef))).toEqual([`capture ${open.providerRef}`]);
  });

  test('money set aside for an order that was cancelled meanwhile is let go, not taken and returned', async () => {
    const { id, accountId, open } = await opened();
    acquirer.pays(open.providerRef);
    await receive(db, 'acquirer', await acquirer.notice(open.providerRef));
    await cancel(db, id, as(accountId), { reason: 'test' });
    expect(await payments.reconcile(db, providers, open.paymentId, false)).toBe('cancelled');
    expect(acquirer.calls.filter((c) => c.endsWith(open.providerRef))).toEqual([`cancel ${open.providerRef}`]);
    expect(await refunds.owed(db, id)).toEqual([]);
  });

  test('money set aside when the hold ends is let go', async () => {
    const { open } = await opened();
    acquirer.pays(open.providerRef);
    await receive(db, 'acquirer', await acquirer.notice(open.providerRef));
    expect(await payments.reconcile(db, providers, open.paymentId, true)).toBe('cancelled');
  });

  test('a capture that has not come yet is asked for again, as of a provider that does not answer', async () => {
    const { open } = await opened();
    acquirer.pays(open.providerRef);
    await receive(db, 'acquirer', await acquirer.notice(open.providerRef));
    const slow: PaymentProvider = { ...acquirer.provider, capture: ({ ref }) => acquirer.provider.read(ref) };
    await expect(payments.reconcile(db, { acquirer: slow }, open.paymentId, false)).rejects.toMatchObject({ code: 'payment_unavailable' });
    expect(await payments.reconcile(db, providers, open.paymentId, false)).toBe('succeeded');
  });

  test('a token pays nothing on its page; one that takes tokens and sets aside is captured in the same attempt', async () => {
    for (const [takesTokens, outcome] of [
      [false, 'not-payable'],
      [true, 'succeeded'],
    ] as const) {
      const { id, accountId, open } = await opened();
      const attempt = randomUUID();
      await attempts.receive(db, { id: attempt, orderId: id, accountId, method: 'tok_visa', waitedMs: 0 });
      const pay = takesTokens && (async ({ ref }: { ref: string }) => acquirer.pays(ref));
      const acting = { acquirer: { ...acquirer.provider, ...(pay && { pay }) } };
      expect(await payments.charge(db, acting, { orderId: id, attempt })).toEqual({ outcome });
      expect(await status(id)).toBe(takesTokens ? 'succeeded' : 'created');
      expect(open.provider).toBe('acquirer');
    }
  });

  test('a callback without an id is known again by payment, status and time', async () => {
    const { open } = await opened();
    acquirer.pays(open.providerRef);
    const notice = await acquirer.notice(open.providerRef);
    expect(notice.id).toBe(`${open.providerRef}/authorized/1`);
    expect(await receive(db, 'acquirer', notice)).toEqual({ outcome: 'recorded' });
    expect(await receive(db, 'acquirer', await acquirer.notice(open.providerRef))).toEqual({ outcome: 'duplicate' });
    expect(callbackId({ ref: 'a', status: 'b', at: 'c' })).not.toBe(callbackId({ ref: 'a', status: 'b', at: 'd' }));
  });
});

test("each payment's own provider refunds it, and two providers may use the same reference", async () => {
  const other = pageProvider('other');
  const both: Providers = { acquirer: acquirer.provider, other: other.provider };
  for (const [name, at] of Object.entries({ acquirer, other })) {
    const { id } = await ordered();
    const open = await payments.begin(db, { [name]: at.provider, ...both }, { orderId: id });
    at.pays(open.providerRef);
    await receive(db, name, await at.notice(open.providerRef));
    await payments.reconcile(db, both, open.paymentId, false);
    await settle(db, id, TICKET_KEYS);
    at.refunds.length = 0; // so that both number theirs from one
    await db.transaction().execute((tx) => refunds.owe(tx, { orderId: id, reason: 'test', requestedBy: 'system' }));
    const [refund] = (await readFacts(db, id)).pendingRefunds;
    expect(await refunds.make(db, both, refund!)).toBe('succeeded');
    expect(at.refunds).toMatchObject([{ ref: 'r-1', paymentRef: open.providerRef, amountMinor: 5000 }]);
  }
  const rows = await db.selectFrom('refunds').select('provider').where('provider_ref', '=', 'r-1').orderBy('provider').execute();
  expect(rows.map((r) => r.provider)).toEqual(['acquirer', 'other']);
});

test('a provider that is not served here is unavailable: the outcome stays open', async () => {
  for (const name of ['nobody', 'constructor'])
    expect(() => providerOf(providers, name)).toThrow(expect.objectContaining({ code: 'payment_unavailable' }));
  const { id } = await ordered();
  await expect(payments.begin(db, {}, { orderId: id })).rejects.toMatchObject({ code: 'payment_unavailable' });
});

describe('the states of a payment', () => {
  const all = Object.keys(TRANSITIONS) as PaymentStatus[];
  const word = (to: PaymentStatus) => (to === 'created' ? ('open' as const) : to);

  test.each(all.flatMap((from) => all.map((to) => [from, to] as const)))('from %s, told %s', async (from, to) => {
    const { id, open } = await opened();
    await sql`update payments set status = ${from} where id = ${open.paymentId}::uuid`.execute(db);
    const told = { ...(await acquirer.provider.read(open.providerRef)), status: word(to), receivedMinor: to === 'succeeded' ? 5000 : 0 };
    await db.transaction().execute((tx) => applyProviderState(tx, 'acquirer', told, { announce: false }));
    expect(await status(id)).toBe(TRANSITIONS[from].includes(to) ? to : from);
  });

  test.each([
    ['succeeded', 'cancelled', 'succeeded'],
    ['cancelled', 'succeeded', 'succeeded'],
    ['processing', 'open', 'created'],
    ['cancelled', 'open', 'cancelled'],
  ] as const)('of two tellings at once, %s and %s, the second finds what the first has written: %s', async (first, second, then) => {
    const { id, open } = await opened();
    const told = { ...(await acquirer.provider.read(open.providerRef)), receivedMinor: 5000 };
    const [begun, mayEnd] = [signal(), signal()];
    const one = db.transaction().execute(async (tx) => {
      await applyProviderState(tx, 'acquirer', { ...told, status: first }, { announce: false });
      begun.give();
      await mayEnd.given;
    });
    await begun.given;
    const other = db.transaction().execute((tx) => applyProviderState(tx, 'acquirer', { ...told, status: second }, { announce: false }));
    await lockWaits(db, 1);
    mayEnd.give();
    await one;
    expect(await other).toBe('recorded');
    expect(await status(id)).toBe(then);
  });

  test('an answer decides its attempt, also where it says nothing that can be believed, and no other attempt', async () => {
    const { id, accountId, open } = await opened();
    const [decided, another] = [randomUUID(), randomUUID()];
    for (const attempt of [decided, another])
      await attempts.receive(db, { id: attempt, orderId: id, accountId, method: 'tok_visa', waitedMs: 0 });
    const told = { ...(await acquirer.provider.read(open.providerRef)), amountMinor: 1 };
    const decides = { attempt: decided, outcome: 'declined' };
    expect(await db.transaction().execute((tx) => applyProviderState(tx, 'acquirer', told, { announce: false, decides }))).toBe('mismatch');
    const rows = await db.selectFrom('payment_attempts').select(['id', 'outcome']).where('order_id', '=', id).execute();
    expect(Object.fromEntries(rows.map((row) => [row.id, row.outcome]))).toEqual({ [decided]: 'declined', [another]: null });
  });

  describe('a callback that comes while its attempt is being decided', () => {
    async function begun() {
      const { id, accountId } = await ordered();
      const attempt = randomUUID();
      await attempts.receive(db, { id: attempt, orderId: id, accountId, method: 'tok_visa', waitedMs: 0 });
      const acting = { acquirer: { ...acquirer.provider, pay: async ({ ref }: { ref: string }) => acquirer.pays(ref) } };
      const open = await payments.begin(db, acting, { orderId: id, attempt });
      const told = { ...(await acquirer.provider.read(open.providerRef)), status: 'succeeded' as const, receivedMinor: 5000 };
      return { id, attempt, told, event: { id: randomUUID(), type: 'paid', payment: told, payload: {} } };
    }
    const noted = async ({ id }: { id: string }) =>
      (await db.selectFrom('payment_events').select('outcome').where('event_id', '=', id).execute()).map(({ outcome }) => outcome);

    test('finds the answer on record, and writes nothing but that it came', async () => {
      const { id, attempt, told, event } = await begun();
      let steps = 0;
      let answered: Promise<unknown> | undefined;
      const heard = receive(db, 'acquirer', event, async (step) => {
        const done = await step();
        // The answer of the call is written right after the callback has found that it is not there yet.
        answered ??= db.transaction().execute(async (tx) => {
          await applyProviderState(tx, 'acquirer', told, { announce: false, settles: true, decides: { attempt, outcome: 'succeeded' } });
        });
        await answered;
        steps++;
        return done;
      });
      expect(await heard).toEqual({ outcome: 'recorded' });
      expect([steps, await noted(event), await status(id)]).toEqual([2, ['recorded'], 'succeeded']);
    });

    test('counts where no answer comes: whoever made the call has died', async () => {
      const { id, event } = await begun();
      expect(await receive(db, 'acquirer', event)).toEqual({ outcome: 'recorded' });
      expect([await noted(event), await status(id)]).toEqual([['recorded'], 'succeeded']);
      expect(await receive(db, 'acquirer', event)).toEqual({ outcome: 'duplicate' });
    });
  });

  test('what is captured is final, and what is set aside is not undone by a late word of its beginning', () => {
    expect(TRANSITIONS.succeeded).toEqual([]);
    expect(TRANSITIONS.authorized).not.toContain('created');
    expect(all.filter((from) => from !== 'succeeded' && !TRANSITIONS[from].includes('succeeded'))).toEqual([]);
  });

  test('an order has one open payment at most, money set aside included', async () => {
    const { id, open } = await opened();
    await sql`update payments set status = 'authorized' where id = ${open.paymentId}::uuid`.execute(db);
    const second = sql`insert into payments (order_id, provider, amount_minor, currency) values (${id}::uuid, 'x', 1, 'USD')`.execute(db);
    await expect(second).rejects.toThrow('payments_one_open');
    await capture(db, id); // captured money may come beside it
  });
});
