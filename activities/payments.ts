// What an order's workflow asks of the payment provider: slow, may fail, may be repeated. Activities of the payments queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import * as payments from '../services/payments/payments.ts';
import type { PaymentProvider } from '../services/payments/provider.ts';
import { refund } from '../services/payments/refunds.ts';
import { retryable } from './failures.ts';

export type PaymentActivities = ReturnType<typeof paymentActivities>;

export function paymentActivities({ db, provider }: { db: Kysely<DB>; provider: PaymentProvider }) {
  return {
    chargeOrder: (orderId: string, method: string, attempt: string) =>
      retryable(() => payments.charge(db, provider, { orderId, method, attempt })),
    /** Asks the provider about an open payment; with `close`, cancels it if that can still be done. */
    reconcilePayment: (paymentId: string, close: boolean) => retryable(() => payments.reconcile(db, provider, paymentId, close)),
    makeRefund: (refundId: string) => retryable(() => refund(db, provider, refundId)),
  };
}
