// Orders bought through Stripe's library at a stand-in of their own, and what their workflow and Stripe's webhook do about them.
import { sql } from 'kysely';
import Stripe from 'stripe';
import { claim } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import { receive } from '../../services/payments/callbacks.ts';
import * as payments from '../../services/payments/payments.ts';
import type { Providers } from '../../services/payments/provider.ts';
import * as refunds from '../../services/payments/refunds.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { startStripeStandin } from '../../standins/stripe/standin.ts';
import { wish } from './claims.ts';
import { call } from './client.ts';
import { freshDatabase } from './database.ts';
import { person, show } from './made.ts';
import { faults, stripeClient } from './stripe.ts';
import { TICKET_KEYS } from './ticketKeys.ts';

const SECRET = 'whsec_x';
export type MoneyWorld = Awaited<ReturnType<typeof startMoney>>;

/** A database and a stand-in, with nobody between them but the test. */
export async function startMoney() {
  const { db, close } = await freshDatabase();
  const standin = await startStripeStandin({ port: 0, webhookUrl: 'http://127.0.0.1:9/', webhookSecret: SECRET });
  const stripe = stripeClient(standin.url);
  const provider = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: SECRET, standinUrl: standin.url, timeoutMs: 5000 });
  const providers: Providers = { stripe: provider };

  /** A confirmed order of one place at 50.00, and its payment at Stripe; `settled` false: the money is here and nothing decided. */
  async function bought(o: { card?: string; settled?: boolean } = {}) {
    const [event, { id: accountId }] = [await show(db, { seats: 1 }), await person(db)];
    const order = await claim(db, wish(accountId, event.id, { places: event.seats }));
    const open = await payments.begin(db, providers, { orderId: order.id });
    await stripe.paymentIntents.confirm(open.providerRef, { payment_method: o.card ?? 'pm_card_visa' });
    await payments.reconcile(db, providers, open.paymentId, false);
    if (o.settled ?? true) await settle(db, order.id, TICKET_KEYS);
    return { id: order.id, accountId, seat: event.seats[0]!, ref: open.providerRef, paymentId: open.paymentId };
  }

  return {
    db,
    stripe,
    providers,
    bought,
    faults: (switches: Record<string, unknown>) => faults(standin.url, switches),

    /** Owes a part of the order, or all of it. */
    owe: (orderId: string, amountMinor?: number) =>
      db
        .transaction()
        .execute((tx) =>
          refunds.owe(tx, { orderId, reason: 'requested_by_customer', requestedBy: 'system', ...(amountMinor && { amountMinor }) }),
        ),

    rows: (orderId: string) =>
      db
        .selectFrom('refunds')
        .select(['id', 'status', 'amount_minor', 'requested_by', 'failure_message'])
        .where('order_id', '=', orderId)
        .orderBy('created_at')
        .orderBy('id')
        .execute(),

    /** The order's refunds, a line each: status, amount, by whom. */
    async brief(orderId: string) {
      const { rows } = await sql<{ line: string }>`select status || ' ' || amount_minor || ' ' || requested_by as line from refunds
        where order_id = ${orderId}::uuid order by 1`.execute(db);
      return rows.map((r) => r.line);
    },

    /** What the order's workflow does about its refunds. */
    async makeAll(orderId: string) {
      for (const id of (await readFacts(db, orderId)).pendingRefunds) await refunds.make(db, providers, id);
    },

    /** What it does when it is told to look again. The order then. */
    async look(orderId: string) {
      for (const id of (await readFacts(db, orderId)).suspectPayments) await payments.reconcile(db, providers, id, false);
      if ((await readFacts(db, orderId)).unsettled) await settle(db, orderId, TICKET_KEYS);
      return (await orders.find(db, orderId))!;
    },

    /** The amounts that went back at Stripe. */
    atStripe: async (ref: string) => (await stripe.refunds.list({ payment_intent: ref })).data.map((r) => r.amount).sort(),

    /** An operator refunds at Stripe's dashboard. */
    byHand: (ref: string, amount?: number) => call(standin.url, 'POST', '/_standin/refund', { body: { payment_intent: ref, amount } }),

    /** Takes in what Stripe sent about this payment, the events of these types, as its webhook does. */
    async hear(ref: string, ...types: string[]) {
      for (const event of (await stripe.events.list({ limit: 100 })).data.reverse()) {
        if (!types.includes(event.type) || (event.data.object as { payment_intent?: unknown }).payment_intent !== ref) continue;
        const payload = JSON.stringify(event);
        const signature = await new Stripe('sk_test_x').webhooks.generateTestHeaderStringAsync({ payload, secret: SECRET });
        await receive(db, 'stripe', await provider.readCallback(Buffer.from(payload), () => signature));
      }
    },

    async close() {
      await standin.close();
      await close();
    },
  };
}
