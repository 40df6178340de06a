// Opening a payment: the order's one open payment, made at the provider that serves its event.
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { DB, PaymentStatus, Payments } from '../../db/tables.ts';
import { mayBePaid } from '../external/rows.ts';
import { buyersCode } from '../shared/codes.ts';
import { DomainError } from '../shared/errors.ts';
import * as attempts from './attempts.ts';
import { unsettled } from './captured.ts';
import { type NextStep, type Providers, providerFor, providerOf } from './provider.ts';
import { isOpen } from './states.ts';

export type OpenPayment = {
  paymentId: string;
  /** The name of the provider that has it, and the provider's own reference. */
  provider: string;
  providerRef: string;
  /** What the buyer does next. */
  next: NextStep;
  amountMinor: number;
  currency: string;
  status: PaymentStatus;
  /** The token or payment method of the attempt it was opened for. */
  method: string | undefined;
};

/**
 * Opening a payment. The provider that serves the event makes a new one; one that is open already stays with its own. `attempt` (attempts.ts): its deciding begins
 * here, and one that was withdrawn pays nothing. `price` prices the order (orders/pricing.ts) in the transaction that opens the payment.
 */
export type Opening = { orderId: string; attempt?: string; price?: (tx: Transaction<DB>) => Promise<unknown> };

/**
 * The order's one open payment, made at the provider if there is none yet. Repeating it gives the same payment.
 * @throws DomainError order_not_found | order_expired | order_not_payable | payment_unavailable | payment_failed
 *   | unavailable (of an external event: its provider does not have the order submitted)
 */
export async function begin(db: Kysely<DB>, providers: Providers, want: Opening): Promise<OpenPayment> {
  const { order, payment, method } = await db.transaction().execute((tx) => open(tx, providers, want));
  // Thrown after the commit: a price that comes to nothing stays, so that the order can be confirmed without money.
  if (!payment) throw new DomainError('order_not_payable', 'There is nothing to pay for this order.', { status: order.status, free: true });
  const known = nextOf(payment);
  if (payment.provider_ref && known) return toOpen(payment, payment.provider_ref, known, method);

  const provider = providerOf(providers, payment.provider);
  const made = await provider.create({
    key: `payment/${payment.id}`,
    amountMinor: payment.amount_minor,
    currency: payment.currency,
    orderId: want.orderId,
    orderNumber: order.number,
    paymentId: payment.id,
    description: `Order ${buyersCode(order, '')}`,
  });
  const { next } = made;
  const kept = await db
    .updateTable('payments')
    .set({ provider_ref: made.ref, ...(next.kind === 'card' ? { client_secret: next.secret } : { page_url: next.url }) })
    .where('id', '=', payment.id)
    .where('status', '<>', 'cancelled')
    .where((eb) => eb.or([eb('provider_ref', 'is', null), eb('provider_ref', '=', made.ref)]))
    .executeTakeFirst();
  if (kept.numUpdatedRows === 0n) {
    // Closed while it was being made (the hold ended, or the order was cancelled), or somebody pressed twice and the other was faster, at a
    // provider without keys: nobody would ever close it there.
    await provider.cancel(made.ref);
    const now = await db.selectFrom('payments').selectAll().where('id', '=', payment.id).executeTakeFirstOrThrow();
    const theirs = now.status !== 'cancelled' && nextOf(now);
    if (theirs) return toOpen(now, now.provider_ref!, theirs, method);
    throw new DomainError('order_not_payable', 'This order was closed in this very moment.', { orderId: want.orderId });
  }
  return toOpen(payment, made.ref, next, method);
}

/** The open payment in the rows; none where there is nothing to pay. The order's lock makes it the only one. */
async function open(tx: Transaction<DB>, providers: Providers, want: Opening) {
  const { orderId } = want;
  const order = await tx
    .selectFrom('orders as o')
    .innerJoin('events as e', 'e.id', 'o.event_id')
    .select([
      'o.id',
      'o.number',
      'o.created_at',
      'o.code_prefix',
      'o.status',
      'o.total_minor',
      'e.number as event_number',
      attempts.holdIsOver.as('over'),
      attempts.takesPlace.as('takes_place'),
      mayBePaid.as('may_be_paid'),
    ])
    .where('o.id', '=', orderId)
    .forUpdate('o')
    .executeTakeFirst();
  if (!order) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  if (order.status === 'expired' || (order.status === 'pending' && order.over))
    throw new DomainError('order_expired', 'The hold of this order has ended.', { orderId });
  if (order.status !== 'pending')
    throw new DomainError('order_not_payable', `This order is already ${order.status}.`, { status: order.status });
  if (!order.takes_place)
    throw new DomainError('order_not_payable', 'The event of this order is cancelled: there is nothing to pay for.', {
      status: order.status,
    });
  if (!order.may_be_paid)
    throw new DomainError('unavailable', 'The places of this order are not submitted to their provider yet.', { unsubmitted: true });
  const method = want.attempt && (await attempts.begin(tx, want.attempt));
  if (want.attempt && method === undefined)
    throw new DomainError('order_not_payable', 'This attempt to pay was withdrawn.', { status: order.status });

  const { rows } = await sql<Selectable<Payments>>`select * from payments y where y.order_id = ${orderId}::uuid and ${isOpen}`.execute(tx);
  const by = rows[0]?.provider ?? providerFor(providers, order.event_number);
  // Opened for a card that is of no use there, it would only stand in the way of what the buyer still wants to change.
  if (want.attempt && order.total_minor > 0 && !providerOf(providers, by).pay)
    throw new DomainError('order_not_payable', 'This order is paid on the page of its payment provider.', { status: order.status });
  if (rows[0]) return { order, payment: rows[0], method };
  if ((await unsettled(tx, orderId)).length)
    throw new DomainError('order_not_payable', 'The money for this order is already here.', { status: order.status });

  await want.price?.(tx);
  const { rows: made } = await sql<Selectable<Payments>>`insert into payments (order_id, provider, amount_minor, currency)
    select id, ${by}, total_minor, currency from orders where id = ${orderId}::uuid and total_minor > 0 returning *`.execute(tx);
  return { order, payment: made[0], method };
}

const nextOf = (p: { client_secret: string | null; page_url: string | null }): NextStep | undefined =>
  p.page_url ? { kind: 'page', url: p.page_url } : p.client_secret ? { kind: 'card', secret: p.client_secret } : undefined;

const toOpen = (p: Selectable<Payments>, providerRef: string, next: NextStep, method: string | undefined): OpenPayment => ({
  paymentId: p.id,
  provider: p.provider,
  providerRef,
  next,
  amountMinor: p.amount_minor,
  currency: p.currency,
  status: p.status,
  method,
});
