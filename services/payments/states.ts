// The states of a payment, and the one function that writes what a provider says of it.
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB, PaymentStatus } from '../../db/tables.ts';
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

/** `decides`: the attempt (attempts.ts) that this is the answer to, and what became of it: on record in the same step. */
type Telling = { announce: boolean; settles?: boolean; decides?: { attempt: string; outcome: string } };

/**
 * Writes what the provider says of a payment, in one statement. Late, repeated and out-of-order tellings change nothing that is final.
 * Captured money, or money to capture, wakes the order's workflow, unless it is the workflow that asks (`announce` false).
 * The places are kept for captured money until it is settled, unless the same transaction does that (`settles`).
 * @returns ignored: not one of ours. mismatch: amount, currency or order contradict ours; the workflow will ask the provider.
 */
export async function applyProviderState(
  tx: Transaction<DB>,
  provider: string,
  told: ProviderPayment,
  { announce, settles = false, decides }: Telling,
): Promise<'recorded' | 'ignored' | 'mismatch'> {
  const { attempt = null, outcome = null } = decides ?? {};
  const [payment] = await applied(tx, { ...sayingOf(provider, told), attempt, outcome });
  if (!payment) return 'ignored';

  if (!payment.fits) {
    await contradict(tx, payment, told.ref, { announce });
    return 'mismatch';
  }

  const { order_id, turned } = payment;
  if (turned === 'succeeded' && !settles) await places.keepForPaid(tx, order_id);
  const wakes = announce && (turned === 'succeeded' || turned === 'authorized');
  // Asked only now, under the payment's lock: whoever decides an attempt waits for this, and sees it then. Waking him would be a step for nothing.
  if (wakes && !(await attempts.isBeingDecided(tx, order_id))) await outbox.orderPaid(tx, order_id);
  return 'recorded';
}

/** What a provider says of a payment, as the statements below read it. */
export type Saying = {
  provider: string;
  ref: string;
  /** Our own id of it, where the provider says that. */
  id: string | null;
  status: PaymentStatus;
  /** The states that may become this one. */
  from: PaymentStatus[];
  amountMinor: number;
  currency: string;
  /** The order by its id; or by its number, where the provider knows it by that. */
  orderId: string | null;
  orderNumber: string | null;
  failureCode: string | null;
  failureMessage: string | null;
};

export function sayingOf(provider: string, told: ProviderPayment): Saying {
  const { ref, paymentId, orderId, orderNumber = null, currency, failureCode, failureMessage } = told;
  const status = statusOf(told);
  const failed = told.status === 'open' || told.status === 'cancelled';
  return {
    ...{ provider, ref, status, currency, orderNumber },
    // A callback may come before the answer that carries the reference: our own id in the metadata finds it then.
    id: paymentId && isUuid(paymentId) ? paymentId : null,
    from: (Object.keys(TRANSITIONS) as PaymentStatus[]).filter((from) => TRANSITIONS[from].includes(status)),
    amountMinor: told.status === 'succeeded' ? told.receivedMinor : told.amountMinor,
    orderId: orderNumber === null && orderId !== undefined && isUuid(orderId) ? orderId : null,
    failureCode: failed ? (failureCode ?? null) : null,
    failureMessage: failed ? (failureMessage ?? null) : null,
  };
}

type Slots = { [K in keyof Saying]: RawBuilder<Saying[K]> };

/** The payment (alias `y`) that is spoken of, with its order (`o`). */
const named = (p: Slots) => sql`payments y join orders o on o.id = y.order_id
  where (y.provider = ${p.provider} and y.provider_ref = ${p.ref}) or (y.id = ${p.id}::uuid and y.provider = ${p.provider} and y.provider_ref is null)`;

/** Amount, currency and order are those of the payment. */
const fits = (p: Slots) => sql<boolean>`(y.amount_minor = ${p.amountMinor}::bigint and y.currency = ${p.currency}
  and coalesce(o.number::text = ${p.orderNumber}::text, o.id = ${p.orderId}::uuid, false))`;

/** It may become what is told; no state may become itself. */
const mayTurn = (p: Slots) => sql<boolean>`y.status = any(${p.from}::payment_status[])`;

/** Nothing that is told changes a captured payment, and nothing but captured money a cancelled one. */
const isFinal = (p: Slots) => sql<boolean>`(y.status = 'succeeded' or (y.status = 'cancelled' and not ${mayTurn(p)}))`;

/**
 * A part of a statement: the payment that is spoken of, and whether nothing is said of it that is not on record (`known`): most callbacks tell
 * what the answer of a call has told before. `in_hand`: whoever decides an attempt of its order is about to have the same on record. No row
 * where it is none of ours. Nothing is locked: what is on record does not become news again.
 */
export const hearing = (p: Slots) => sql`
  heard as (
    select ${fits(p)} and (${isFinal(p)} or (not ${mayTurn(p)} and y.provider_ref is not distinct from ${p.ref}
      and y.failure_code is not distinct from ${p.failureCode} and y.failure_message is not distinct from ${p.failureMessage})) as known,
      exists (${attempts.inHand(sql`y.order_id`)}) as in_hand
    from ${named(p)}
  )`;

/** `turned`: the state that it had not before; null where it is in the state it was in. */
type Applied = { id: string; order_id: string; fits: boolean; turned: PaymentStatus | null };

/** Written where it fits and is news, under the payment's lock; and the attempt that it answers is decided. */
const applied = prepared<Saying & { attempt: string | null; outcome: string | null }>()(
  (p) => sql<Applied>`
    with named as materialized (
      select y.id, y.order_id, ${fits(p)} as fits, ${isFinal(p)} as final,
        case when ${mayTurn(p)} then ${p.status}::payment_status end as turned
      from ${named(p)} for update of y
    ),
    written as (
      update payments set status = coalesce(named.turned, status), provider_ref = ${p.ref}, failure_code = ${p.failureCode}, failure_message = ${p.failureMessage},
        succeeded_at = case when named.turned = 'succeeded' then now() else succeeded_at end, updated_at = now()
      from named where payments.id = named.id and named.fits and not named.final
    ),
    ${attempts.deciding(p.attempt, p.outcome)}
    select id, order_id, fits, case when not final then turned end as turned from named`,
);

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
