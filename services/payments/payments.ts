// Payments: what is asked of the provider for an order, from its opening to its end. What goes back is in refunds.ts.
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB, PaymentStatus, Payments } from '../../db/tables.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError, isRefusal } from '../shared/errors.ts';
import * as attempts from './attempts.ts';
import { begin, type OpenPayment } from './opening.ts';
import { type PaymentProvider, type ProviderPayment, type Providers, providerOf } from './provider.ts';
import { learn } from './refunds.ts';
import { applyProviderState, statusOf } from './states.ts';

export { begin };

export type ChargeOutcome =
  | { outcome: 'succeeded' | 'processing' | 'expired' | 'not-payable' }
  | { outcome: 'free' } // the order costs nothing: confirming it is all there is to do
  | { outcome: 'declined'; declineCode: string; message: string };

/** One attempt to pay an order, by the id of its receipt (attempts.ts), which says what it pays with. The same when it is repeated. */
export type Charge = { orderId: string; attempt: string };

/** What became of an attempt, and what its provider said of the payment, where it was asked. Nothing of it is on record yet. */
export type Asked = { outcome: ChargeOutcome; provider?: string; told?: ProviderPayment };

/**
 * Decides an attempt: pays the order with what its receipt names, captures what the bank only set aside, and records the answer. The
 * attempt's id makes the provider's idempotency key; the provider's payment takes money once whatever the key.
 * @throws DomainError payment_unavailable while the outcome is unknown: repeat it.
 */
export async function charge(db: Kysely<DB>, providers: Providers, request: Charge): Promise<ChargeOutcome> {
  const asked = await ask(db, providers, request);
  // A callback of the same payment may be settled beside it.
  await despiteDeadlocks(() => db.transaction().execute((tx) => record(tx, request, asked)));
  return asked.outcome;
}

/** The first half of a charge: the provider decides. Repeating it takes nothing twice. @throws as charge */
export async function ask(db: Kysely<DB>, providers: Providers, request: Charge): Promise<Asked> {
  const begun = await beginCharge(db, providers, request);
  if ('outcome' in begun) return { outcome: begun };

  const provider = providerOf(providers, begun.provider);
  const told = await payWith(provider, begun, request).catch(refusal);
  if (!told) return { outcome: { outcome: 'not-payable' } };
  if ('outcome' in told) return { outcome: told };
  return { outcome: outcomeOf(told), provider: provider.name, told };
}

/**
 * The second half: its answer goes on record. The caller is the order's workflow and goes on by itself: announcing this to it would only
 * start it once more. `settles`: see applyProviderState.
 */
export async function record(
  tx: Transaction<DB>,
  { attempt }: Charge,
  { outcome: { outcome }, provider, told }: Asked,
  { settles = false } = {},
): Promise<void> {
  if (told) await applyProviderState(tx, provider!, told, { announce: false, settles, decides: { attempt, outcome } });
  // A free order is decided by settling it; its hold goes on until then.
  else if (outcome !== 'free') await attempts.decide(tx, attempt, outcome);
}

/** The payment to be paid, or why there is none. */
async function beginCharge(db: Kysely<DB>, providers: Providers, request: Charge): Promise<OpenPayment | ChargeOutcome> {
  try {
    return await begin(db, providers, { orderId: request.orderId, attempt: request.attempt });
  } catch (error) {
    if (isRefusal(error, 'order_expired')) return { outcome: 'expired' };
    if (isRefusal(error, 'order_not_payable')) return { outcome: error.details.free ? 'free' : 'not-payable' };
    return refusal(error);
  }
}

/** What the provider never takes is an answer to the buyer. */
function refusal(error: unknown): ChargeOutcome {
  if (!isRefusal(error, 'payment_failed')) throw error;
  return { outcome: 'declined', declineCode: error.details.declineCode ?? 'refused', message: error.message };
}

/** The provider's answer; undefined where the order is being paid on a page, which takes no token. */
async function payWith(provider: PaymentProvider, payment: OpenPayment, request: Charge): Promise<ProviderPayment | undefined> {
  const { paymentId, providerRef: ref, method } = payment;
  const told = await provider.pay?.({ key: `pay/${request.attempt}/${paymentId}`, ref, method: method! });
  return told?.status === 'authorized' ? capture(provider, { ...payment, id: paymentId, ref }) : told;
}

/** Takes money that was set aside. Repeating it takes it once. */
async function capture(
  provider: PaymentProvider,
  p: { id: string; ref: string; amountMinor: number; currency: string },
): Promise<ProviderPayment> {
  const told = await provider.capture?.({ key: `capture/${p.id}`, ref: p.ref, amountMinor: p.amountMinor, currency: p.currency });
  if (!told || told.status === 'authorized')
    throw new DomainError('payment_unavailable', 'The payment provider has not captured the money yet.', { provider: provider.name });
  return told;
}

/**
 * Takes the money of a payment that was set aside, where its order waits for it. Its answer is not on record yet. Undefined: there is nothing
 * to take; whatever else is to be asked about it, `reconcile` does.
 * @throws DomainError payment_unavailable while the outcome is unknown: repeat it.
 */
export async function takeSetAside(
  db: Kysely<DB>,
  providers: Providers,
  paymentId: string,
): Promise<{ provider: string; told: ProviderPayment } | undefined> {
  const [payment] = await setAside(db, { paymentId });
  if (!payment) return undefined;
  const provider = providerOf(providers, payment.provider);
  return { provider: provider.name, told: await capture(provider, payment) };
}

/** An order (alias `o`) that waits for its money. */
const isAwaited = sql<boolean>`(o.status = 'pending' and not ${attempts.holdIsOver})`;

type SetAside = { id: string; provider: string; ref: string; amountMinor: number; currency: string };

const setAside = prepared<{ paymentId: string }>()(
  (p) => sql<SetAside>`select y.id, y.provider, y.provider_ref as ref, y.amount_minor as "amountMinor", y.currency
    from payments y join orders o on o.id = y.order_id
    where y.id = ${p.paymentId}::uuid and y.status = 'authorized' and y.contradicted_at is null and y.provider_ref is not null
      and ${isAwaited}`,
);

function outcomeOf(told: ProviderPayment): ChargeOutcome {
  if (told.status === 'succeeded' || told.status === 'processing') return { outcome: told.status };
  if (told.status === 'cancelled') return { outcome: 'not-payable' };
  return { outcome: 'declined', declineCode: told.failureCode ?? 'declined', message: told.failureMessage ?? 'The payment was declined.' };
}

/**
 * Asks the provider what became of a payment and records it. Money that was set aside is captured while its order waits for it, and let go
 * otherwise. With `close`, the payment is cancelled if it still can be.
 * Money that was captured unnoticed (a lost callback) is found here. A captured amount that is not ours to keep is recorded as it is,
 * and settling refunds it. Of captured money it asks for refunds that were made at the provider.
 * `announce` where it is not the order's workflow that asks: it is woken by money found so.
 * @returns the payment's status then.
 */
export async function reconcile(
  db: Kysely<DB>,
  providers: Providers,
  paymentId: string,
  close: boolean,
  announce = false,
): Promise<PaymentStatus> {
  const payment = await db.selectFrom('payments').selectAll().where('id', '=', paymentId).executeTakeFirstOrThrow();
  const over = payment.status === 'succeeded' || payment.status === 'cancelled';
  if (over && !payment.contradicted_at) return payment.status;
  if (!payment.provider_ref) {
    // Nobody ever got its secret, so nobody can pay it.
    if (close)
      await db.updateTable('payments').set({ status: 'cancelled' }).where('id', '=', paymentId).where('provider_ref', 'is', null).execute();
    return close ? 'cancelled' : payment.status;
  }

  const provider = providerOf(providers, payment.provider);
  const ref = payment.provider_ref;
  if (payment.status === 'succeeded') {
    await learn(db, provider, ref);
    await db.updateTable('payments').set({ contradicted_at: null }).where('id', '=', paymentId).execute();
    return payment.status;
  }
  const told = await askAbout(db, provider, { ...payment, ref }, close && !over);
  await db.transaction().execute((tx) => applyAnswer(tx, provider, paymentId, told, announce));
  if (told.returnedMinor) await learn(db, provider, ref);
  return statusOf(told);
}

async function askAbout(
  db: Kysely<DB>,
  provider: PaymentProvider,
  payment: Selectable<Payments> & { ref: string },
  close: boolean,
): Promise<ProviderPayment> {
  if (close) return closeAt(db, provider, payment);
  if (payment.status !== 'authorized') return provider.read(payment.ref);
  // Late, or cancelled meanwhile: what was only set aside is let go rather than taken and returned.
  if (!(await stillWaits(db, payment.order_id))) return provider.cancel(payment.ref);
  return capture(provider, { id: payment.id, ref: payment.ref, amountMinor: payment.amount_minor, currency: payment.currency });
}

/** Closes it, unless its buyer has paid while the order waited and the word of that was lost: then the money is taken. */
async function closeAt(
  db: Kysely<DB>,
  provider: PaymentProvider,
  payment: Selectable<Payments> & { ref: string },
): Promise<ProviderPayment> {
  if (!provider.capture || payment.status === 'authorized' || !(await isPending(db, payment.order_id))) return provider.cancel(payment.ref);
  const told = await provider.read(payment.ref);
  if (told.status !== 'authorized') return told.status === 'open' ? provider.cancel(payment.ref) : told;
  return capture(provider, { id: payment.id, ref: payment.ref, amountMinor: payment.amount_minor, currency: payment.currency });
}

/** Whether nobody has ended the order yet, its hold's end or not. */
async function isPending(db: Kysely<DB>, orderId: string): Promise<boolean> {
  const { rows } = await sql`select from orders o where o.id = ${orderId}::uuid and o.status = 'pending'`.execute(db);
  return rows.length === 1;
}

/** Whether the order still waits for its money. */
async function stillWaits(db: Kysely<DB>, orderId: string): Promise<boolean> {
  const { rows } = await sql`select from orders o where o.id = ${orderId}::uuid and ${isAwaited}`.execute(db);
  return rows.length === 1;
}

/** The provider's answer is the truth, also where it contradicts us. */
async function applyAnswer(
  tx: Transaction<DB>,
  provider: PaymentProvider,
  paymentId: string,
  told: ProviderPayment,
  announce: boolean,
): Promise<void> {
  const fits = (await applyProviderState(tx, provider.name, told, { announce })) !== 'mismatch';
  await tx.updateTable('payments').set({ contradicted_at: null }).where('id', '=', paymentId).execute();
  if (fits) return;
  await tx
    .updateTable('payments')
    .set({
      status: statusOf(told),
      ...(told.status === 'succeeded' && { succeeded_at: sql<Date>`now()`, amount_minor: told.receivedMinor, currency: told.currency }),
    })
    .where('id', '=', paymentId)
    .where('status', '<>', 'succeeded')
    .execute();
}
