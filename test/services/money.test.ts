// Money beside places and time: what a settlement swaps, and payments that are closed or contradicted before they are made.

import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim, type Terms } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as callbacks from '../../services/payments/callbacks.ts';
import * as payments from '../../services/payments/payments.ts';
import type { PaymentProvider, ProviderPayment } from '../../services/payments/provider.ts';
import { as, wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { capture, person, show } from '../support/made.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

/** An order of the first `count` seats of a new event. */
async function ordered(count: number, terms: Partial<Terms> = {}) {
  const [event, { id: accountId }] = [await show(db, { seats: 3 }), await person(db)];
  const { id } = await claim(db, wish(accountId, event.id, { places: event.seats.slice(0, count) }, terms));
  return { event, id, accountId };
}

async function expire(orderId: string): Promise<void> {
  await sql`with o as (update orders set expires_at = now() - interval '1 second' where id = ${orderId}::uuid returning id)
    update places p set held_until = now() - interval '1 second' from o where p.order_id = o.id`.execute(db);
  expect(await orders.expire(db, orderId, new Date())).toBe('expired');
}

const told = (orderId: string, paymentId: string, more: Partial<ProviderPayment> = {}): ProviderPayment => ({
  ref: `pi_${paymentId}`,
  status: 'open',
  amountMinor: 5000,
  receivedMinor: 0,
  currency: 'USD',
  orderId,
  paymentId,
  failureCode: null,
  failureMessage: null,
  ...more,
});

test("late money for two seats of which one is gone: the equal place is not the order's own other seat", async () => {
  const { event, id } = await ordered(2, { acceptsEqualPlace: true });
  await expire(id);
  const { id: rival } = await person(db);
  await claim(db, wish(rival, event.id, { places: [event.seats[1]!] }));
  await capture(db, id, { amountMinor: 10000 });
  expect(await settle(db, id, TICKET_KEYS)).toBe('confirmed');
  const sold = await db.selectFrom('places').select('id').where('order_id', '=', id).orderBy('position').execute();
  expect(sold.map((p) => p.id)).toEqual([event.seats[0], event.seats[2]]);
});

test('an order cancelled between its money and its tickets: one refund, and one mail that says why', async () => {
  const { id, accountId } = await ordered(1);
  await capture(db, id, { amountMinor: 5000 });
  await cancel(db, id, as(accountId), { reason: 'test' });
  expect(await settle(db, id, TICKET_KEYS)).toBe('unchanged');
  const mails = await db.selectFrom('mails').select('kind').where('order_id', '=', id).execute();
  expect(mails.map((m) => m.kind)).toEqual(['cancelled']);
  expect(await readFacts(db, id)).toMatchObject({ unsettled: false, pendingRefunds: [expect.any(String)] });
});

test('paid twice: one payment buys, the other goes back, and the mail says so; also when it comes later', async () => {
  for (const together of [true, false]) {
    const { id } = await ordered(1);
    await capture(db, id, { amountMinor: 5000 });
    if (!together) expect(await settle(db, id, TICKET_KEYS)).toBe('confirmed');
    await capture(db, id, { amountMinor: 5000 });
    expect(await settle(db, id, TICKET_KEYS)).toBe(together ? 'confirmed' : 'refund-due');
    const mails = await db.selectFrom('mails').select('kind').where('order_id', '=', id).execute();
    expect(mails.map((m) => m.kind).sort()).toEqual(['paid-twice', 'tickets']);
    expect(await readFacts(db, id)).toMatchObject({ status: 'confirmed', pendingRefunds: [expect.any(String)] });
  }
});

test('a payment closed while it is being made is closed at the provider too, and nobody gets its secret', async () => {
  const { id } = await ordered(1);
  const closed: string[] = [];
  const provider = {
    name: 'stripe',
    async create({ orderId, paymentId }: { orderId: string; paymentId: string }) {
      await expire(orderId);
      await payments.reconcile(db, { stripe: provider as PaymentProvider }, paymentId, true);
      return { ...told(orderId, paymentId), next: { kind: 'card', secret: 'secret' } };
    },
    async cancel(ref: string) {
      closed.push(ref);
      return told(id, ref.slice(3), { status: 'cancelled' });
    },
  } as unknown as PaymentProvider;
  await expect(payments.begin(db, { stripe: provider }, { orderId: id })).rejects.toMatchObject({
    code: 'order_not_payable',
  });
  const payment = await db.selectFrom('payments').select(['id', 'status']).where('order_id', '=', id).executeTakeFirstOrThrow();
  expect([payment.status, closed]).toEqual(['cancelled', [`pi_${payment.id}`]]);
});

test('a contradiction of a payment whose maker died before he noted its reference can be cleared up', async () => {
  const { id } = await ordered(1);
  const provider = {
    name: 'stripe',
    create: () => Promise.reject(new Error('killed')),
    read: async (ref: string) => told(id, ref.slice(3), { amountMinor: 1 }),
  } as unknown as PaymentProvider;
  await expect(payments.begin(db, { stripe: provider }, { orderId: id })).rejects.toThrow('killed');
  const [payment] = (await readFacts(db, id)).openPayments;
  const event = { id: 'evt_1', type: 'payment_intent.created', payload: {}, payment: told(id, payment!, { amountMinor: 1 }) };
  await expect(callbacks.receive(db, 'stripe', event)).rejects.toMatchObject({ code: 'payment_mismatch' });
  expect((await readFacts(db, id)).suspectPayments).toEqual([payment]);
  await payments.reconcile(db, { stripe: provider }, payment!, false);
  expect((await readFacts(db, id)).suspectPayments).toEqual([]);
});
