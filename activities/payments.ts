// What an order's workflow asks of the payment provider: slow, may fail, may be repeated. Activities of the payments queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import * as payments from '../services/payments/payments.ts';
import type { Providers } from '../services/payments/provider.ts';
import * as refunds from '../services/payments/refunds.ts';
import { retryable } from './failures.ts';

export type PaymentActivities = ReturnType<typeof paymentActivities>;

export function paymentActivities({ db, providers }: { db: Kysely<DB>; providers: Providers }) {
  return {
    /** Decides an attempt to pay, by its receipt. Repeating it charges nothing twice. */
    chargeOrder: (orderId: string, attempt: string): Promise<payments.ChargeOutcome> =>
      retryable(() => payments.charge(db, providers, { orderId, attempt })),
    /** Asks the provider about a payment; with `close`, cancels it if that can still be done. */
    reconcilePayment: (paymentId: string, close: boolean) => retryable(() => payments.reconcile(db, providers, paymentId, close)),
    makeRefund: (refundId: string) => retryable(() => refunds.make(db, providers, refundId)),
  };
}
