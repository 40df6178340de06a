// A database with real orders, paid at the stand-in through the real library, and the net over it: where faults are put in by hand.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as attempts from '../../services/payments/attempts.ts';
import * as payments from '../../services/payments/payments.ts';
import type { Providers } from '../../services/payments/provider.ts';
import * as refunds from '../../services/payments/refunds.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { type Oddity, type Options, type Outcome, verify } from '../../services/reports/verify.ts';
import { startStripeStandin } from '../../standins/stripe/standin.ts';
import { as, wish } from './claims.ts';
import { freshDatabase } from './database.ts';
import { person, show } from './made.ts';
import { stripeClient } from './stripe.ts';
import { TICKET_KEYS } from './ticketKeys.ts';

const SECRET = 'x'.repeat(32);

/** An order of one place, its event, and another place of that event that is free. */
export type Bought = { id: string; event: string; account: string; place: string; free: string };

export type NetWorld = Awaited<ReturnType<typeof openNetWorld>>;

export async function openNetWorld() {
  const { db, close } = await freshDatabase();
  const standin = await startStripeStandin({ port: 0, webhookUrl: 'http://127.0.0.1:9/', webhookSecret: SECRET });
  const provider = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: SECRET, standinUrl: standin.url, timeoutMs: 5000 });
  const providers = { stripe: provider };
  const stripe = stripeClient(standin.url);
  /** The orders whose workflows run, as the engine would say. */
  const running = new Set<string>();
  const among = async (ids: string[]) => new Set(ids.filter((id) => running.has(id)));
  const workflows = {
    async *running() {
      yield [...running];
    },
    listed: among,
    certain: among,
  };
  const leaveOut: Oddity[] = [];

  /** Everything announced and every mail sent: a system at rest. */
  async function rest(): Promise<void> {
    await sql`delete from outbox`.execute(db);
    await sql`update mails set sent_at = now() where sent_at is null`.execute(db);
  }

  async function pending(): Promise<Bought> {
    const event = await show(db);
    const buyer = await person(db);
    const order = await claim(db, wish(buyer.id, event.id, { places: [event.seats[0]!] }));
    await rest();
    running.add(order.id);
    return { id: order.id, event: event.id, account: buyer.id, place: event.seats[0]!, free: event.seats[1]! };
  }

  /** Paid, with its ticket; its workflow has ended. */
  async function confirmed(): Promise<Bought> {
    const order = await pending();
    const attempt = randomUUID();
    await attempts.receive(db, { id: attempt, orderId: order.id, accountId: order.account, method: 'tok_visa', waitedMs: 0 });
    await payments.charge(db, providers, { orderId: order.id, attempt });
    await settle(db, order.id, TICKET_KEYS);
    await rest();
    running.delete(order.id);
    return order;
  }

  /** Paid and cancelled; `refunded`: the money has gone back. */
  async function cancelled({ refunded }: { refunded: boolean }): Promise<Bought> {
    const order = await confirmed();
    await cancel(db, order.id, as(order.account), { reason: 'test' });
    const { id } = await db.selectFrom('refunds').select('id').where('order_id', '=', order.id).executeTakeFirstOrThrow();
    if (refunded) await refunds.make(db, providers, id);
    else running.add(order.id);
    await rest();
    return order;
  }

  return {
    db,
    provider,
    providers,
    stripe,
    workflows,
    running,
    pending,
    confirmed,
    cancelled,
    /** From now on this event is a known oddity: each test looks at its own fault only. */
    leaveOut: (id: string) => void leaveOut.push({ id }),
    look: (options: Options = {}, other: { providers?: Providers } = {}) =>
      allOf({ db, providers, workflows, ...other }, { ...options, leaveOut: [...leaveOut, ...(options.leaveOut ?? [])] }),
    ref: async (order: Bought) =>
      (await db.selectFrom('payments').select('provider_ref').where('order_id', '=', order.id).executeTakeFirstOrThrow()).provider_ref!,
    async close() {
      await standin.close();
      await close();
    },
  };
}

async function allOf(parts: Parameters<typeof verify>[0], options: Options): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for await (const outcome of verify(parts, options)) outcomes.push(outcome);
  return outcomes;
}

/** The names of the checks that found something, sorted; and what could not look. */
export const found = (outcomes: Outcome[]): string[] =>
  outcomes.flatMap((one) => (one.failed ? [`${one.check} FAILED: ${one.failed}`] : one.found ? [one.check] : [])).sort();
