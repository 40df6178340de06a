// The states of a payment, and the one function that writes what a provider says of it.
import { sql, type Transaction } from 'kysely';
import type { DB, PaymentStatus } from '../../db/tables.ts';
import * as places from '../inventory/places.ts';
import * as outbox from '../outbox/outbox.ts';
import { isUuid } from '../shared/ids.ts';
import type { ProviderPayment } from './provider.ts';

/** Where a payment may go. A decline leaves it `created`: the same payment may be tried again while the hold runs. */
export const TRANSITIONS: Record<PaymentStatus, readonly PaymentStatus[]> = {
  created: ['authorized', 'processing', 'succeeded', 'cancelled'],
  authorized: ['processing', 'succeeded', 'cancelled'], // a late word of its beginning does not undo it
  processing: ['created', 'authorized', 'succeeded', 'cancelled'],
  succeeded: [],
  cancelled: ['succeeded'], // the provider's word on captured money is final, however late it comes
};

/** A payment (alias `y`) that can still become captured money. An order has one at most. */
export const isOpen = sql<boolean>`y.status in ('created', 'authorized', 'processing')`;

/** A payment (alias `y`) that the provider must be asked about: a callback contradicted it, or its money waits to be captured. */
export const isSuspect = sql<boolean>`(y.contradicted_at is not null or y.status = 'authorized')`;

/** The state that a provider's word means here. */
export const statusOf = (told: ProviderPayment): PaymentStatus => (told.status === 'open' ? 'created' : told.status);

type Known = { id: string; order_id: string; number: string; status: PaymentStatus; amount_minor: number; currency: string };

/**
 * Writes what the provider says of a payment. Late, repeated and out-of-order tellings change nothing that is final.
 * Captured money, or money to capture, wakes the order's workflow, unless it is the workflow that asks (`announce` false).
 * @returns ignored: not one of ours. mismatch: amount, currency or order contradict ours; the workflow will ask the provider.
 */
export async function applyProviderState(
  tx: Transaction<DB>,
  provider: string,
  told: ProviderPayment,
  { announce }: { announce: boolean },
): Promise<'recorded' | 'ignored' | 'mismatch'> {
  // A callback may come before the answer that carries the reference: our own id in the metadata finds it then.
  const uuid = told.paymentId && isUuid(told.paymentId) ? told.paymentId : null;
  const { rows } = await sql<Known>`select y.id, y.order_id, o.number::text as number, y.status, y.amount_minor, y.currency
    from payments y join orders o on o.id = y.order_id
    where (provider = ${provider} and provider_ref = ${told.ref}) or (y.id = ${uuid}::uuid and provider = ${provider} and provider_ref is null)
    for update of y`.execute(tx);
  const payment = rows[0];
  if (!payment) return 'ignored';

  if (contradicts(told, payment)) {
    await contradict(tx, payment, told.ref, { announce });
    return 'mismatch';
  }

  const status = statusOf(told);
  const moves = status !== payment.status && TRANSITIONS[payment.status].includes(status);
  if (payment.status === 'succeeded' || (payment.status === 'cancelled' && !moves)) return 'recorded';
  const failed = told.status === 'open' || told.status === 'cancelled';
  await tx
    .updateTable('payments')
    .set({
      status: moves ? status : payment.status,
      provider_ref: told.ref,
      failure_code: failed ? told.failureCode : null,
      failure_message: failed ? told.failureMessage : null,
      ...(moves && status === 'succeeded' && { succeeded_at: sql<Date>`now()` }),
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', payment.id)
    .execute();

  if (moves && status === 'succeeded') await places.keepForPaid(tx, payment.order_id);
  if (announce && moves && (status === 'succeeded' || status === 'authorized')) await outbox.orderPaid(tx, payment.order_id);
  return 'recorded';
}

function contradicts(told: ProviderPayment, payment: Known): boolean {
  const amount = told.status === 'succeeded' ? told.receivedMinor : told.amountMinor;
  const isItsOrder = told.orderNumber === undefined ? told.orderId === payment.order_id : told.orderNumber === payment.number;
  return amount !== payment.amount_minor || told.currency !== payment.currency || !isItsOrder;
}

/** Notes that a callback says what does not fit this payment: the order's workflow asks the provider (payments.reconcile). */
export async function contradict(
  tx: Transaction<DB>,
  payment: { id: string; order_id: string },
  ref: string,
  { announce }: { announce: boolean },
): Promise<void> {
  // With the reference, if we had none yet: without it nobody could ask.
  await sql`update payments set contradicted_at = now(), provider_ref = coalesce(provider_ref, ${ref}) where id = ${payment.id}::uuid`.execute(
    tx,
  );
  if (announce) await outbox.orderPaid(tx, payment.order_id);
}
