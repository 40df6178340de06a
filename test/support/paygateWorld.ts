// Orders that are paid at the contest's payment gateway: a database, a stand-in, and what an order's workflow does, with nobody between.
import { sql } from 'kysely';
import { claim } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as payments from '../../services/payments/payments.ts';
import * as refunds from '../../services/payments/refunds.ts';
import { wish } from './claims.ts';
import { freshDatabase } from './database.ts';
import { person, show } from './made.ts';
import { startPaygate } from './paygate.ts';
import { TICKET_KEYS } from './ticketKeys.ts';

/** The world. Its prices are 50.00 KZT. */
export async function startPaygateWorld() {
  const { db, close } = await freshDatabase();
  const gate = await startPaygate({ timeoutMs: 300 });
  const ask = (paymentId: string, close = false) => payments.reconcile(db, gate.providers, paymentId, close);

  async function ordered() {
    const [event, { id: accountId }] = [await show(db, { seats: 1, currency: 'KZT' }), await person(db)];
    const { id, number } = await claim(db, wish(accountId, event.id, { places: event.seats }));
    return { id, number, accountId };
  }

  /** An order whose payment is open; `ref` is the gateway's name for it. */
  async function opened() {
    const order = await ordered();
    const open = await payments.begin(db, gate.providers, { orderId: order.id });
    return { ...order, paymentId: open.paymentId, ref: open.providerRef, next: open.next };
  }

  /** What the order's workflow does when it is told to look. */
  async function look(orderId: string) {
    for (const id of (await readFacts(db, orderId)).suspectPayments) await ask(id);
    if ((await readFacts(db, orderId)).unsettled) await settle(db, orderId, TICKET_KEYS);
    for (const id of (await readFacts(db, orderId)).pendingRefunds) await refunds.make(db, gate.providers, id);
    return (await orders.find(db, orderId))!;
  }

  return {
    db,
    gate,
    /** The gateway is asked about a payment, which is closed with `close`. */
    ask,
    ordered,
    opened,
    look,

    /** A confirmed order. */
    async bought() {
      const order = await opened();
      await gate.act('pay', order.ref);
      await ask(order.paymentId);
      const { status } = await look(order.id);
      if (status !== 'confirmed') throw new Error(`the order is ${status}`);
      return order;
    },

    row: (paymentId: string) =>
      db.selectFrom('payments').select(['status', 'failure_code']).where('id', '=', paymentId).executeTakeFirstOrThrow(),

    /** A notification about the payment, whatever it says, as the provider reads it now. */
    notice: async (ref: string) =>
      gate.provider.readCallback(Buffer.from(JSON.stringify({ paymentId: ref, status: 'CONFIRMED' })), () => ''),

    /** The order's refunds, a line each: status, amount, by whom. */
    async refundsOf(orderId: string) {
      const { rows } = await sql<{ line: string }>`select status || ' ' || amount_minor || ' ' || requested_by as line from refunds
        where order_id = ${orderId}::uuid order by created_at`.execute(db);
      return rows.map((r) => r.line);
    },

    async close() {
      await gate.close();
      await close();
    },
  };
}

export type PaygateWorld = Awaited<ReturnType<typeof startPaygateWorld>>;
