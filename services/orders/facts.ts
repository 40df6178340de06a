// The facts of an order: what its workflow has to see to, read from the rows.
import { type Kysely, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB, OrderStatus } from '../../db/tables.ts';
import { isOwed } from '../outbox/mails.ts';
import * as attempts from '../payments/attempts.ts';
import { allReturned, staysFailed } from '../payments/refunds.ts';
import { isOpen, isSuspect } from '../payments/states.ts';
import { DomainError } from '../shared/errors.ts';
import { awaitsProvider, isBehind } from './aligning.ts';

export type OrderFacts = {
  status: OrderStatus;
  /** ISO time at which a pending order's hold ends, an attempt to pay that is being decided included. */
  expiresAt: string | null;
  /**
   * Something is to be settled: captured money not yet turned into tickets or a refund, a press on an order with nothing to pay, or a
   * confirmed order of whose money nothing is kept.
   */
  unsettled: boolean;
  /**
   * Attempts to pay that are still to be decided, oldest first. Their ids alone: the facts stand in the engine's history, which anybody
   * inside may read, and what they pay with does not belong there.
   */
  attempts: string[];
  /** Payments still open at the provider. */
  openPayments: string[];
  /** Payments that the provider must be asked about: contradicted by a callback, or set aside and to be captured. */
  suspectPayments: string[];
  /** Refunds owed and not yet made. */
  pendingRefunds: string[];
  /** How many the bank has refused, and that stay so: they are tried again, and a person should see to them. */
  failedRefunds: number;
  /** Mails that the mail server has not accepted yet. */
  unsentMails: string[];
  /** How many of its mails were refused for good. Facts read by older code have no such figure. */
  refusedMails?: number;
  /** Its event is external, and the provider does not have it as it is to be (aligning.ts). Older facts have neither of these two. */
  behind?: boolean;
  /** Captured money is settled once the provider has confirmed the places, or let them go. */
  awaitsProvider?: boolean;
};

/** The facts in one query. Throws order_not_found. */
export async function readFacts(db: Kysely<DB> | Transaction<DB>, orderId: string): Promise<OrderFacts> {
  const [facts] = await found(db, { orderId });
  if (!facts) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  return facts;
}

const found = prepared<{ orderId: string }>()(
  (p) => sql<OrderFacts>`
    select o.status, to_char(a.hold_end at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "expiresAt",
      (exists (select from payments y where y.order_id = o.id and y.status = 'succeeded' and y.settled_at is null) and not ${awaitsProvider})
        or (o.status = 'confirmed' and ${allReturned})
        or (o.total_minor = 0 and o.status = 'pending' and a.hold_end > now() and a.open <> '{}') as "unsettled",
      a.open as "attempts",
      array(select y.id::text from payments y where y.order_id = o.id and ${isOpen}) as "openPayments",
      array(select y.id::text from payments y where y.order_id = o.id and ${isSuspect}) as "suspectPayments",
      array(select r.id::text from refunds r where r.order_id = o.id and r.status = 'pending') as "pendingRefunds",
      (select count(*)::int from refunds r where r.order_id = o.id and ${staysFailed}) as "failedRefunds",
      array(select m.id::text from mails m where m.order_id = o.id and ${isOwed('m')}) as "unsentMails",
      (select count(*)::int from mails m where m.order_id = o.id and m.refused_at is not null) as "refusedMails",
      ${isBehind} as behind, ${awaitsProvider} as "awaitsProvider"
    from orders o join events e on e.id = o.event_id, ${attempts.ofOrder} a where o.id = ${p.orderId}::uuid`,
);
