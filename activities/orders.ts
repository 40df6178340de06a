// What an order's workflow asks for inside its own task: short SQL, and what is tried there once before its own queue is asked.
// Run as local activities of the orders queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Delivery } from '../services/delivery/mailer.ts';
import { type OrderFacts, readFacts } from '../services/orders/facts.ts';
import { expire } from '../services/orders/orders.ts';
import { settle } from '../services/orders/settlement.ts';
import type { ChargeOutcome } from '../services/payments/payments.ts';
import type { TicketKeys } from '../services/tickets/keys.ts';
import { retryable } from './failures.ts';
import type { NotificationActivities } from './notifications.ts';
import type { PaymentActivities } from './payments.ts';

export type OrderActivities = ReturnType<typeof orderActivities>;

export type Paid = { charged: ChargeOutcome; facts: OrderFacts };

/** Activities of other queues that this process serves too. Without them the workflow asks those queues. */
export type Neighbours = { payments?: Pick<PaymentActivities, 'chargeOrder'>; notifications?: Pick<NotificationActivities, 'deliverMail'> };

/** `looked` hears of every workflow that has got to look at its order. */
type Parts = { db: Kysely<DB>; ticketKeys: TicketKeys; looked?: (orderId: string) => void } & Neighbours;

export function orderActivities({ db, ticketKeys, looked, payments, notifications }: Parts) {
  return {
    readOrder(orderId: string) {
      looked?.(orderId);
      return retryable(() => readFacts(db, orderId));
    },
    settleOrder: (orderId: string) => retryable(() => settle(db, orderId, ticketKeys)),
    expireOrder: (orderId: string, at: string) => retryable(() => expire(db, orderId, new Date(at))),
    /** Charges an attempt, settles and looks, in one step. Null: not served here. */
    async payOrder(orderId: string, attempt: string): Promise<Paid | null> {
      if (!payments) return null;
      looked?.(orderId);
      const charged = await payments.chargeOrder(orderId, attempt);
      return retryable(async () => {
        if (charged.outcome === 'succeeded' || charged.outcome === 'free') await settle(db, orderId, ticketKeys);
        return { charged, facts: await readFacts(db, orderId) };
      });
    },
    /** Sends one promised mail. Null: not served here. */
    deliverMail: async (mailId: string): Promise<Delivery | null> => (notifications ? notifications.deliverMail(mailId) : null),
  };
}
