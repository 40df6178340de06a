// Opening a payment: the order's one open payment, made at the provider that serves its event.
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB, OrderStatus, PaymentStatus, Payments } from '../../db/tables.ts';
import { mayBePaid } from '../external/rows.ts';
import { buyersCode } from '../shared/codes.ts';
import { DomainError } from '../shared/errors.ts';
import * as attempts from './attempts.ts';
import { unsettledOf } from './captured.ts';
import { type NextStep, type Providers, providerOf, type Served, served } from './provider.ts';
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
  // Pricing and the payment are one; without a price each statement decides for itself, and is its own transaction.
  const { order, payment, method } = await (want.price
    ? db.transaction().execute((tx) => open(tx, providers, want))
    : open(db, providers, want));
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
  const [secret, url] = next.kind === 'card' ? [next.secret, null] : [null, next.url];
  const [kept] = await referred(db, { id: payment.id, ref: made.ref, secret, url });
  if (!kept) {
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

type Order = {
  id: string;
  number: number;
  created_at: Date;
  code_prefix: string | null;
  status: OrderStatus;
  total_minor: number;
  over: boolean;
  takes_place: boolean;
  may_be_paid: boolean;
};

/** An open payment, as an opening needs it. */
type Open = Pick<
  Selectable<Payments>,
  'id' | 'provider' | 'provider_ref' | 'client_secret' | 'page_url' | 'amount_minor' | 'currency' | 'status'
>;

/**
 * The order as it is to be paid, in the moment its attempt began. `by`: the provider that serves its event. `captured`: it has money that
 * nothing was decided about. `known`: its open payment; `made`: the one that was made by this look.
 */
type Look = Order & { by: string; method: string | null; captured: boolean; known: Open | null; made: Open | null };

/** Nothing where the order has an open payment by now. */
const unlessOpen = sql`on conflict (order_id) where status in ('created', 'authorized', 'processing') do nothing returning *`;

/**
 * Looks, and begins the attempt if the order can be paid. The order is locked for that moment, as whoever ends it locks it. `opens`: its one
 * open payment is made on the way if there is none, for an attempt where its provider takes tokens.
 */
const looked = prepared<{ orderId: string; attempt: string | null; opens: boolean } & Served>()(
  (p) => sql<Look>`
    with o as materialized (
      select o.id, o.number, o.created_at, o.code_prefix, o.status, o.total_minor, o.currency,
        coalesce(${p.special}::jsonb ->> e.number::text, ${p.usual}::text) as by,
        ${attempts.holdIsOver} as over, ${attempts.takesPlace} as takes_place, ${mayBePaid} as may_be_paid
      from orders o join events e on e.id = o.event_id where o.id = ${p.orderId}::uuid for update of o),
    payable as materialized (select from o where status = 'pending' and not over and takes_place and may_be_paid),
    ${attempts.beginning(p.attempt, sql`exists (select from payable)`)},
    known as materialized (select y.* from payments y where y.order_id = ${p.orderId}::uuid and ${isOpen}),
    captured as materialized (${unsettledOf(p.orderId)}),
    made as (
      insert into payments (order_id, provider, amount_minor, currency) select o.id, o.by, o.total_minor, o.currency from o
      where ${p.opens}::boolean and exists (select from payable) and o.total_minor > 0
        and not exists (select from known) and not exists (select from captured)
        and (${p.attempt}::uuid is null or (exists (select from begun) and o.by = any(${p.takingTokens}::text[])))
      ${unlessOpen}
    )
    select o.*, (select method from begun) as method, exists (select from captured) as captured,
      (select to_jsonb(known) from known) as known, (select to_jsonb(made) from made) as made from o`,
);

/** Makes the open payment of an order that was priced since the look. Nothing where the order, its money or its payments have become others. */
const inserted = prepared<{ orderId: string; by: string }>()(
  (p) => sql<Open>`insert into payments (order_id, provider, amount_minor, currency)
    select o.id, ${p.by}, o.total_minor, o.currency from orders o
    where o.id = ${p.orderId}::uuid and o.status = 'pending' and o.total_minor > 0 and not exists (${unsettledOf(p.orderId)}) for update of o
    ${unlessOpen}`,
);

/** Notes where the provider has it. Nothing, where it was closed meanwhile, or has another reference. */
const referred = prepared<{ id: string; ref: string; secret: string | null; url: string | null }>()(
  (
    p,
  ) => sql`update payments set provider_ref = ${p.ref}, client_secret = coalesce(${p.secret}, client_secret), page_url = coalesce(${p.url}, page_url)
    where id = ${p.id}::uuid and status <> 'cancelled' and (provider_ref is null or provider_ref = ${p.ref}) returning id`,
);

/** Somebody else changes the order or its payments between the look and the payment at most so often. */
const LOOKS = 5;

/** The open payment in the rows; none where there is nothing to pay. */
async function open(db: Kysely<DB> | Transaction<DB>, providers: Providers, { orderId, attempt, price }: Opening) {
  for (let look = 0; look < LOOKS; look++) {
    const [order] = await looked(db, { orderId, attempt: attempt ?? null, opens: !price, ...served(providers) });
    if (!order) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
    assertPayable(order);
    const { status, known, captured } = order;
    const method = order.method ?? undefined;
    if (attempt && method === undefined) throw new DomainError('order_not_payable', 'This attempt to pay was withdrawn.', { status });

    // Opened for a card that is of no use there, it would only stand in the way of what the buyer still wants to change.
    if (attempt && order.total_minor > 0 && !providerOf(providers, known?.provider ?? order.by).pay)
      throw new DomainError('order_not_payable', 'This order is paid on the page of its payment provider.', { status });
    if (known) return { order, payment: known, method };
    if (captured) throw new DomainError('order_not_payable', 'The money for this order is already here.', { status });

    if (price) {
      await price(db as Transaction<DB>);
      const [payment] = await inserted(db, { orderId, by: order.by });
      return { order, payment, method };
    }
    if (order.made || order.total_minor === 0) return { order, payment: order.made ?? undefined, method };
  }
  throw new DomainError('payment_unavailable', 'The order is being changed by somebody else.');
}

function assertPayable({ id: orderId, status, over, takes_place, may_be_paid }: Order): void {
  if (status === 'expired' || (status === 'pending' && over))
    throw new DomainError('order_expired', 'The hold of this order has ended.', { orderId });
  if (status !== 'pending') throw new DomainError('order_not_payable', `This order is already ${status}.`, { status });
  if (!takes_place)
    throw new DomainError('order_not_payable', 'The event of this order is cancelled: there is nothing to pay for.', { status });
  if (!may_be_paid)
    throw new DomainError('unavailable', 'The places of this order are not submitted to their provider yet.', { unsubmitted: true });
}

const nextOf = (p: { client_secret: string | null; page_url: string | null }): NextStep | undefined =>
  p.page_url ? { kind: 'page', url: p.page_url } : p.client_secret ? { kind: 'card', secret: p.client_secret } : undefined;

const toOpen = (p: Open, providerRef: string, next: NextStep, method: string | undefined): OpenPayment => ({
  paymentId: p.id,
  provider: p.provider,
  providerRef,
  next,
  amountMinor: p.amount_minor,
  currency: p.currency,
  status: p.status,
  method,
});
