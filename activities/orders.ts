// What an order's workflow asks for inside its own task: short SQL, and what is tried there once before its own queue is asked.
// Run as local activities of the orders queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Delivery } from '../services/delivery/mailer.ts';
import type { OrderFacts } from '../services/orders/facts.ts';
import { expire } from '../services/orders/orders.ts';
import { look, type Paid, pay } from '../services/orders/paying.ts';
import { settle } from '../services/orders/settlement.ts';
import type { Providers } from '../services/payments/provider.ts';
import { within } from '../services/shared/within.ts';
import type { TicketKeys } from '../services/tickets/keys.ts';
import { retryable } from './failures.ts';
import type { NotificationActivities } from './notifications.ts';

export type OrderActivities = ReturnType<typeof orderActivities>;

/** What of other queues this process serves too. Without it the workflow asks those queues. */
export type Neighbours = { providers?: Providers; notifications?: Pick<NotificationActivities, 'deliverMail'> };

/** `looked` hears of every workflow that has got to look at its order. */
type Parts = { db: Kysely<DB>; ticketKeys: TicketKeys; looked?: (orderId: string) => void } & Neighbours;

/** A buyer's answer waits for the mail no longer than this: it goes on beside it. */
const MAIL_MS = 3_000;

export function orderActivities({ db, ticketKeys, looked, providers, notifications }: Parts) {
  /** Tries each promised mail once. What is not gone by then stays among the unsent, for the workflow to see to. */
  async function sendPromised(facts: OrderFacts): Promise<OrderFacts> {
    if (!notifications || !facts.unsentMails.length) return facts;
    const tried = facts.unsentMails.map((id) => notifications.deliverMail(id).catch(() => null));
    const outcomes = await Promise.all(tried.map((one) => within(MAIL_MS, one, () => null)));
    return {
      ...facts,
      unsentMails: facts.unsentMails.filter((_, i) => !outcomes[i]),
      refusedMails: (facts.refusedMails ?? 0) + outcomes.filter((outcome) => outcome === 'refused').length,
    };
  }

  return {
    /** Looks at the order, takes and settles what money there is, and sends the mails that this promised. */
    async readOrder(orderId: string): Promise<OrderFacts> {
      looked?.(orderId);
      const { facts, acted } = await retryable(() => look(db, providers, ticketKeys, orderId));
      return acted ? sendPromised(facts) : facts;
    },
    settleOrder: (orderId: string) => retryable(() => settle(db, orderId, ticketKeys)),
    expireOrder: (orderId: string, at: string) => retryable(() => expire(db, orderId, new Date(at))),
    /** Charges an attempt, settles, looks, and sends the mails that this promised, in one step. Null: not served here. */
    async payOrder(orderId: string, attempt: string): Promise<Paid | null> {
      if (!providers) return null;
      looked?.(orderId);
      const { charged, facts } = await retryable(() => pay(db, providers, ticketKeys, { orderId, attempt }));
      return { charged, facts: await sendPromised(facts) };
    },
    /** Sends one promised mail. Null: not served here. */
    deliverMail: async (mailId: string): Promise<Delivery | null> => (notifications ? notifications.deliverMail(mailId) : null),
  };
}
