// A gateway with a Stripe stand-in of its own, and in the engine's place a loop that does for orders what their workflow does.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFacts } from '../../services/orders/facts.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as payments from '../../services/payments/payments.ts';
import * as refunds from '../../services/payments/refunds.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { startStripeStandin } from '../../standins/stripe/standin.ts';
import { call } from './client.ts';
import { charge, startWorld } from './gateway.ts';
import { stripeClient } from './stripe.ts';

export type OrderWorld = Awaited<ReturnType<typeof startOrders>>;

/** The world, its stand-in, and `engine`: while it is off nobody looks at orders, as when Temporal is down. */
export async function startOrders(options: Parameters<typeof startWorld>[0] = {}) {
  const secret = 'whsec_billetter_development_secret_not_for_production';
  const standin = await startStripeStandin({ port: 0, webhookUrl: 'http://127.0.0.1:9/', webhookSecret: secret });
  const provider = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: secret, standinUrl: standin.url, timeoutMs: 5000 });
  const stripe = stripeClient(standin.url);
  const engine = { on: true, ended: false };

  const world: Awaited<ReturnType<typeof startWorld>> = await startWorld({
    ...options,
    overrides: {
      providers: { stripe: provider },
      async pay({ orderId, method }) {
        const outcome = await charge(world, orderId, method);
        await look(orderId);
        if (outcome.outcome === 'declined') return outcome;
        return { outcome: outcome.outcome === 'succeeded' ? 'confirmed' : 'refused' };
      },
      ...options.overrides,
    },
  });
  const { db } = world;

  /** What the workflow does when it is told to look. */
  async function look(orderId: string): Promise<void> {
    for (const id of (await readFacts(db, orderId)).suspectPayments) await payments.reconcile(db, world.gateway.providers, id, false);
    if ((await readFacts(db, orderId)).unsettled) await settle(db, orderId, world.gateway.ticketKeys);
    for (const id of (await readFacts(db, orderId)).pendingRefunds) await refunds.make(db, world.gateway.providers, id);
  }

  async function relay(): Promise<void> {
    for (; !engine.ended; await sleep(10)) {
      if (!engine.on) continue;
      const rows = await db.deleteFrom('outbox').where('topic', 'in', ['order.changed', 'order.paid']).returning('subject_id').execute();
      for (const id of new Set(rows.map((row) => row.subject_id))) await look(id);
    }
  }
  const running = relay();

  return {
    ...world,
    engine,
    look,
    stripe,
    standinUrl: standin.url,

    /** Posts to the webhook what Stripe has sent about this payment and was not posted before, oldest first. */
    async hear(ref: string, ...types: string[]) {
      const { default: Stripe } = await import('stripe');
      const answers = [];
      for (const event of (await stripe.events.list({ limit: 100 })).data.reverse()) {
        const object = event.data.object as { id?: string; payment_intent?: unknown };
        if ((object.id !== ref && object.payment_intent !== ref) || (types.length && !types.includes(event.type))) continue;
        const payload = JSON.stringify(event);
        const signature = await new Stripe('sk_test_x').webhooks.generateTestHeaderStringAsync({ payload, secret });
        answers.push(await world.call('POST', '/api/webhooks/stripe/', { raw: payload, headers: { 'stripe-signature': signature } }));
      }
      return answers;
    },

    /** An operator refunds at Stripe's dashboard. */
    byHand: (ref: string, amount?: number) => call(standin.url, 'POST', '/_standin/refund', { body: { payment_intent: ref, amount } }),

    /** Makes an order as this buyer; the answer's body. */
    async order(buyer: { token: string }, eventId: string, items: Record<string, unknown>[], more: Record<string, unknown> = {}) {
      const made = await world.call('POST', '/api/orders/', {
        token: buyer.token,
        headers: { 'idempotency-key': randomUUID() },
        body: { event: eventId, items, ...more },
      });
      if (made.status !== 201) throw new Error(made.text);
      return made.body;
    },

    async stop() {
      engine.ended = true;
      await running;
      await world.stop();
      await standin.close();
    },
  };
}
