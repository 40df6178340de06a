// Payments: what was asked of the provider, what it said, and how the order hears of it. What goes back is in refunds.ts.
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { DB, PaymentStatus, Payments } from '../../db/tables.ts';
import * as places from '../inventory/places.ts';
import * as outbox from '../outbox/outbox.ts';
import { orderCode } from '../shared/codes.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
import * as attempts from './attempts.ts';
import type { PaymentProvider, ProviderEvent, ProviderPayment } from './provider.ts';
import { recordRefund } from './refunds.ts';

/** Where a payment may go. A decline leaves it `created`: the same payment may be tried again while the hold runs. */
export const TRANSITIONS: Record<PaymentStatus, readonly PaymentStatus[]> = {
  created: ['processing', 'succeeded', 'cancelled'],
  processing: ['created', 'succeeded', 'cancelled'],
  succeeded: [],
  cancelled: ['succeeded'], // the provider's word on captured money is final, however late it comes
};

export type OpenPayment = {
  paymentId: string;
  providerRef: string;
  clientSecret: string;
  amountMinor: number;
  currency: string;
  status: PaymentStatus;
};

/**
 * The order's one open payment, made at the provider if there is none yet. Repeating it gives the same payment.
 * With `attempt` (attempts.ts) its deciding begins here: one that was withdrawn pays nothing.
 * @throws DomainError order_not_found | order_expired | order_not_payable | payment_unavailable | payment_failed
 */
export async function begin(db: Kysely<DB>, provider: PaymentProvider, orderId: string, attempt?: string): Promise<OpenPayment> {
  const { order, payment } = await db.transaction().execute((tx) => open(tx, provider.name, orderId, attempt));
  if (payment.provider_ref && payment.client_secret) return toOpen(payment, payment.provider_ref, payment.client_secret);
  const made = await provider.create({
    key: `payment/${payment.id}`,
    amountMinor: payment.amount_minor,
    currency: payment.currency,
    orderId,
    paymentId: payment.id,
    description: `Order ${orderCode(order)}`,
  });
  const kept = await db
    .updateTable('payments')
    .set({ provider_ref: made.ref, client_secret: made.clientSecret })
    .where('id', '=', payment.id)
    .where('status', '<>', 'cancelled')
    .executeTakeFirst();
  if (kept.numUpdatedRows === 0n) {
    // Closed while it was being made (the hold ended, or the order was cancelled): nobody would ever close it at the provider.
    await provider.cancel(made.ref);
    throw new DomainError('order_not_payable', 'This order was closed in this very moment.', { order_id: orderId });
  }
  return toOpen(payment, made.ref, made.clientSecret ?? '');
}

async function open(tx: Transaction<DB>, provider: string, orderId: string, attempt: string | undefined) {
  const order = await tx
    .selectFrom('orders as o')
    .select(['id', 'number', 'created_at', 'status', 'total_minor', 'currency', attempts.holdIsOver.as('over')])
    .where('id', '=', orderId)
    .forUpdate('o')
    .executeTakeFirst();
  if (!order) throw new DomainError('order_not_found', 'There is no such order.', { order_id: orderId });
  if (order.status === 'expired' || (order.status === 'pending' && order.over))
    throw new DomainError('order_expired', 'The hold of this order has ended.', { order_id: orderId });
  if (order.status !== 'pending')
    throw new DomainError('order_not_payable', `This order is already ${order.status}.`, { status: order.status });
  if (attempt && !(await attempts.begin(tx, attempt)))
    throw new DomainError('order_not_payable', 'This attempt to pay was withdrawn.', { status: order.status });
  if (order.total_minor === 0)
    throw new DomainError('order_not_payable', 'There is nothing to pay for this order.', { status: order.status, free: true });
  if ((await unsettled(tx, orderId)).length)
    throw new DomainError('order_not_payable', 'The money for this order is already here.', { status: order.status });
  const { rows: made } = await sql<Selectable<Payments>>`insert into payments (order_id, provider, amount_minor, currency)
    values (${orderId}::uuid, ${provider}, ${order.total_minor}, ${order.currency})
    on conflict (order_id) where status in ('created', 'processing') do nothing returning *`.execute(tx);
  if (made[0]) return { order, payment: made[0] };
  const payment = await tx
    .selectFrom('payments')
    .selectAll()
    .where('order_id', '=', orderId)
    .where('status', 'in', ['created', 'processing'])
    .executeTakeFirstOrThrow();
  return { order, payment };
}

const toOpen = (
  p: { id: string; amount_minor: number; currency: string; status: PaymentStatus },
  providerRef: string,
  clientSecret: string,
): OpenPayment => ({ paymentId: p.id, providerRef, clientSecret, amountMinor: p.amount_minor, currency: p.currency, status: p.status });

export type ChargeOutcome =
  | { outcome: 'succeeded' | 'processing' | 'expired' | 'not-payable' }
  | { outcome: 'free' } // the order costs nothing: confirming it is all there is to do
  | { outcome: 'declined'; declineCode: string; message: string };

/** One attempt to pay an order: its receipt's id (attempts.ts), the same when it is repeated, and a token or payment method. */
export type Charge = { orderId: string; method: string; attempt: string };

/**
 * Decides an attempt: pays the order with its token or payment method and records the answer. The attempt's id makes the provider's
 * idempotency key; the provider's payment takes money once whatever the key.
 * @throws DomainError payment_unavailable while the outcome is unknown: repeat it.
 */
export async function charge(db: Kysely<DB>, provider: PaymentProvider, request: Charge): Promise<ChargeOutcome> {
  const begun = await beginCharge(db, provider, request);
  if ('outcome' in begun) {
    // A free order is decided by settling it; its hold goes on until then.
    if (begun.outcome !== 'free') await attempts.decide(db, request.attempt, begun.outcome);
    return begun;
  }
  const told = await provider.pay({ key: `pay/${request.attempt}/${begun.paymentId}`, ref: begun.providerRef, method: request.method });
  const outcome = outcomeOf(told);
  const write = async (tx: Transaction<DB>) => {
    // The workflow is the caller and goes on by itself: announcing this to it would only start it once more.
    await record(tx, provider.name, told, { announce: false });
    await attempts.decide(tx, request.attempt, outcome.outcome);
  };
  await despiteDeadlocks(() => db.transaction().execute(write)); // a callback of the same payment may be settled beside it
  return outcome;
}

/** The payment to be paid, or why there is none. */
async function beginCharge(db: Kysely<DB>, provider: PaymentProvider, request: Charge): Promise<OpenPayment | ChargeOutcome> {
  try {
    return await begin(db, provider, request.orderId, request.attempt);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === 'order_expired') return { outcome: 'expired' };
    if (error.code === 'payment_failed')
      return { outcome: 'declined', declineCode: String(error.details.decline_code), message: error.message };
    if (error.code === 'order_not_payable') return { outcome: error.details.free ? 'free' : 'not-payable' };
    throw error;
  }
}

function outcomeOf(told: ProviderPayment): ChargeOutcome {
  if (told.status === 'succeeded' || told.status === 'processing') return { outcome: told.status };
  if (told.status === 'cancelled') return { outcome: 'not-payable' };
  return { outcome: 'declined', declineCode: told.failureCode ?? 'declined', message: told.failureMessage ?? 'The payment was declined.' };
}

/**
 * Writes what the provider says of a payment. Late, repeated and out-of-order tellings change nothing that is final.
 * Captured money wakes the order's workflow, unless it is the workflow that asks.
 * @returns ignored: not one of ours. mismatch: amount, currency or order contradict ours; the workflow will ask the provider.
 */
async function record(
  tx: Transaction<DB>,
  provider: string,
  told: ProviderPayment,
  { announce }: { announce: boolean },
): Promise<'recorded' | 'ignored' | 'mismatch'> {
  // A callback may come before the answer that carries the reference: our own id in the metadata finds it then.
  const uuid = told.paymentId && isUuid(told.paymentId) ? told.paymentId : null;
  const { rows } = await sql<{
    id: string;
    order_id: string;
    status: PaymentStatus;
    amount_minor: number;
    currency: string;
  }>`select id, order_id, status, amount_minor, currency from payments
    where (provider = ${provider} and provider_ref = ${told.ref}) or (id = ${uuid}::uuid and provider = ${provider} and provider_ref is null)
    for update`.execute(tx);
  const payment = rows[0];
  if (!payment) return 'ignored';
  const captured = told.status === 'succeeded' ? told.receivedMinor : told.amountMinor;
  if (captured !== payment.amount_minor || told.currency !== payment.currency || told.orderId !== payment.order_id) {
    // With the reference, if we had none yet: without it nobody could ask the provider.
    await sql`update payments set failure_code = 'mismatch', provider_ref = coalesce(provider_ref, ${told.ref}) where id = ${payment.id}::uuid`.execute(
      tx,
    );
    if (announce) await outbox.orderPaid(tx, payment.order_id);
    return 'mismatch';
  }
  const status: PaymentStatus = told.status === 'open' ? 'created' : told.status;
  const moves = status !== payment.status && TRANSITIONS[payment.status].includes(status);
  if (payment.status === 'succeeded' || (payment.status === 'cancelled' && !moves)) return 'recorded';
  await tx
    .updateTable('payments')
    .set({
      status: moves ? status : payment.status,
      provider_ref: told.ref,
      client_secret: told.clientSecret,
      failure_code: told.status === 'open' ? told.failureCode : null,
      failure_message: told.status === 'open' ? told.failureMessage : null,
      ...(moves && status === 'succeeded' && { succeeded_at: sql<Date>`now()` }),
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', payment.id)
    .execute();
  if (moves && status === 'succeeded') await places.keepForPaid(tx, payment.order_id);
  if (announce && moves && status === 'succeeded') await outbox.orderPaid(tx, payment.order_id);
  return 'recorded';
}

/** Captured payments of the order that are not yet turned into tickets or a refund. */
export function unsettled(tx: Transaction<DB>, orderId: string): Promise<{ id: string; amount_minor: number; currency: string }[]> {
  return tx
    .selectFrom('payments')
    .select(['id', 'amount_minor', 'currency'])
    .where('order_id', '=', orderId)
    .where('status', '=', 'succeeded')
    .where('settled_at', 'is', null)
    .execute();
}

/** Marks the order's captured payments as turned into tickets or a refund. */
export async function markSettled(tx: Transaction<DB>, orderId: string): Promise<void> {
  await tx
    .updateTable('payments')
    .set({ settled_at: sql<Date>`now()` })
    .where('order_id', '=', orderId)
    .where('status', '=', 'succeeded')
    .where('settled_at', 'is', null)
    .execute();
}

/**
 * Takes in a verified callback: recorded once (its id is the key), acted upon in the same transaction, the workflow told through the outbox.
 * @throws DomainError payment_mismatch when it contradicts the payment it names; that is on record then too.
 */
export async function receive(
  db: Kysely<DB>,
  provider: string,
  event: ProviderEvent,
): Promise<{ outcome: 'recorded' | 'duplicate' | 'ignored' }> {
  const note = (at: Kysely<DB>, outcome: string) =>
    at
      .insertInto('payment_events')
      .values({ provider, event_id: event.id, type: event.type, outcome, payload: JSON.stringify(event.payload) })
      .onConflict((c) => c.doNothing())
      .returning('event_id')
      .executeTakeFirst();
  // Half of what a provider sends is of no concern to us: on record all the same, in one statement.
  if (!event.payment && !event.refund) return { outcome: (await note(db, 'ignored')) ? 'ignored' : 'duplicate' };
  const work = async (tx: Transaction<DB>) => {
    const first = await note(tx, 'recorded');
    if (!first) {
      const known = await tx
        .selectFrom('payment_events')
        .select('outcome')
        .where('provider', '=', provider)
        .where('event_id', '=', event.id)
        .executeTakeFirst();
      return known?.outcome === 'mismatch' ? 'mismatch' : 'duplicate';
    }
    const done = event.payment
      ? await record(tx, provider, event.payment, { announce: true })
      : await recordRefund(tx, event.refund!, { announce: true });
    if (done !== 'recorded')
      await tx
        .updateTable('payment_events')
        .set({ outcome: done })
        .where('provider', '=', provider)
        .where('event_id', '=', event.id)
        .execute();
    return done;
  };
  const outcome = await despiteDeadlocks(() => db.transaction().execute(work));
  if (outcome === 'mismatch')
    throw new DomainError('payment_mismatch', 'Amount, currency or order of this callback do not fit the payment it names.', {
      event: event.id,
    });
  return { outcome };
}

/**
 * Asks the provider what became of an open payment and records it; with `close`, cancels it if that still can be.
 * Money that was captured unnoticed (a lost callback) is found here. A captured amount that is not ours to keep is recorded as it is,
 * and settling refunds it.
 */
export async function reconcile(db: Kysely<DB>, provider: PaymentProvider, paymentId: string, close: boolean): Promise<PaymentStatus> {
  const payment = await db.selectFrom('payments').selectAll().where('id', '=', paymentId).executeTakeFirstOrThrow();
  if (payment.status === 'succeeded' || payment.status === 'cancelled') return payment.status;
  if (!payment.provider_ref) {
    // Nobody ever got its secret, so nobody can pay it.
    if (close)
      await db.updateTable('payments').set({ status: 'cancelled' }).where('id', '=', paymentId).where('provider_ref', 'is', null).execute();
    return close ? 'cancelled' : payment.status;
  }
  const told = close ? await provider.cancel(payment.provider_ref) : await provider.read(payment.provider_ref);
  await db.transaction().execute(async (tx) => {
    const recorded = await record(tx, provider.name, told, { announce: false });
    if (recorded !== 'mismatch') return;
    await tx
      .updateTable('payments')
      .set(
        told.status === 'succeeded'
          ? { status: 'succeeded', succeeded_at: sql<Date>`now()`, amount_minor: told.receivedMinor, currency: told.currency }
          : { status: told.status === 'open' ? 'created' : told.status, failure_code: 'checked' },
      )
      .where('id', '=', paymentId)
      .execute();
  });
  return told.status === 'open' ? 'created' : told.status;
}
