// The states of a payment, and the one function that writes what a provider says of it.
import { type Kysely, type RawBuilder, type Selectable, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB, PaymentStatus, Payments } from '../../db/tables.ts';
import * as places from '../inventory/places.ts';
import * as outbox from '../outbox/outbox.ts';
import { isUuid } from '../shared/ids.ts';
import * as attempts from './attempts.ts';
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

type Known = Pick<
  Selectable<Payments>,
  'id' | 'order_id' | 'status' | 'amount_minor' | 'currency' | 'provider_ref' | 'failure_code' | 'failure_message'
> & { number: string };

/**
 * Writes what the provider says of a payment. Late, repeated and out-of-order tellings change nothing that is final.
 * Captured money, or money to capture, wakes the order's workflow, unless it is the workflow that asks (`announce` false).
 * The places are kept for captured money until it is settled, unless the same transaction does that (`settles`).
 * @returns ignored: not one of ours. mismatch: amount, currency or order contradict ours; the workflow will ask the provider.
 */
export async function applyProviderState(
  tx: Transaction<DB>,
  provider: string,
  told: ProviderPayment,
  { announce, settles = false }: { announce: boolean; settles?: boolean },
): Promise<'recorded' | 'ignored' | 'mismatch'> {
  const [payment] = await lockNamed(tx, named(provider, told));
  if (!payment) return 'ignored';

  if (contradicts(told, payment)) {
    await contradict(tx, payment, told.ref, { announce });
    return 'mismatch';
  }

  const { status, failureCode, failureMessage } = means(told, payment);
  if (isFinal(told, payment)) return 'recorded';
  const captured = status !== payment.status && status === 'succeeded';
  await write(tx, { id: payment.id, status, ref: told.ref, failureCode, failureMessage, captured });

  if (captured && !settles) await places.keepForPaid(tx, payment.order_id);
  const wakes = announce && status !== payment.status && (captured || status === 'authorized');
  // Asked only now, under the payment's lock: whoever decides an attempt waits for this, and sees it then. Waking him would be a step for nothing.
  if (wakes && !(await attempts.isBeingDecided(tx, payment.order_id))) await outbox.orderPaid(tx, payment.order_id);
  return 'recorded';
}

/**
 * Whether the provider says nothing of the payment that is not on record: most callbacks tell what the answer of a call has told before. False
 * also where it is none of ours. Nothing is locked: what is on record of a payment does not become news again.
 */
export async function isKnown(db: Kysely<DB>, provider: string, told: ProviderPayment): Promise<boolean> {
  const [payment] = await findNamed(db, named(provider, told));
  if (!payment || contradicts(told, payment)) return false;
  if (isFinal(told, payment)) return true;
  const { status, failureCode, failureMessage } = means(told, payment);
  const same = status === payment.status && payment.provider_ref === told.ref;
  return same && (failureCode ?? null) === payment.failure_code && (failureMessage ?? null) === payment.failure_message;
}

type Named = { provider: string; ref: string; id: string | null };

// A callback may come before the answer that carries the reference: our own id in the metadata finds it then.
const named = (provider: string, { ref, paymentId }: ProviderPayment): Named => ({
  provider,
  ref,
  id: paymentId && isUuid(paymentId) ? paymentId : null,
});

const ofName = (p: Record<keyof Named, RawBuilder<unknown>>) => sql<Known>`
  select y.id, y.order_id, o.number::text as number, y.status, y.amount_minor, y.currency, y.provider_ref, y.failure_code, y.failure_message
  from payments y join orders o on o.id = y.order_id
  where (provider = ${p.provider} and provider_ref = ${p.ref}) or (y.id = ${p.id}::uuid and provider = ${p.provider} and provider_ref is null)`;

const findNamed = prepared<Named>()(ofName);
const lockNamed = prepared<Named>()((p) => sql<Known>`${ofName(p)} for update of y`);

/** What the payment becomes by this. */
function means(told: ProviderPayment, payment: Known) {
  const status = statusOf(told);
  const failed = told.status === 'open' || told.status === 'cancelled';
  return {
    status: TRANSITIONS[payment.status].includes(status) ? status : payment.status,
    failureCode: failed ? (told.failureCode ?? null) : null,
    failureMessage: failed ? (told.failureMessage ?? null) : null,
  };
}

/** Nothing that is told changes a captured payment, and nothing but captured money a cancelled one. */
const isFinal = (told: ProviderPayment, { status }: Known): boolean =>
  status === 'succeeded' || (status === 'cancelled' && !TRANSITIONS.cancelled.includes(statusOf(told)));

type Written = {
  id: string;
  status: PaymentStatus;
  ref: string;
  failureCode: string | null;
  failureMessage: string | null;
  captured: boolean;
};

const write = prepared<Written>()(
  (p) => sql`update payments set status = ${p.status}::payment_status, provider_ref = ${p.ref}, failure_code = ${p.failureCode},
      failure_message = ${p.failureMessage}, succeeded_at = case when ${p.captured}::boolean then now() else succeeded_at end, updated_at = now()
    where id = ${p.id}::uuid`,
);

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
