// Money: each captured payment ends in exactly one of ticket or refund. What the provider says of it is compared in ledger.ts.
import { type RawBuilder, sql } from 'kysely';
import { returned } from '../../payments/refunds.ts';
import { decimal } from '../../shared/money.ts';
import { rowCheck } from './check.ts';

type Sum = { order: string; currency: string; amount: number };
const money = (minor: number, currency: string) => `${decimal(minor, currency)} ${currency}`;

/** Captured payments (`y`) with their orders (`o`), by the words that follow. */
const captured = (columns: RawBuilder<unknown>, where: RawBuilder<unknown>) => sql<any>`
  select y.id as subject, array[y.id, o.id, o.event_id] as about, o.id as "order", y.currency, y.amount_minor as amount, ${columns}
  from payments y join orders o on o.id = y.order_id where y.status = 'succeeded' and ${where}`;

const unsettled = rowCheck<Sum & { succeeded_at: Date }>({
  name: 'money/unsettled',
  of: 'payments',
  rows: (before) => captured(sql`y.succeeded_at`, sql`y.settled_at is null and coalesce(y.succeeded_at < ${before}, true)`),
  says: ({ subject, order, amount, currency, succeeded_at }) =>
    `payment ${subject} of order ${order}: ${money(amount, currency)} rests since ${succeeded_at?.toISOString() ?? 'an unknown time'}`,
});

const unreturned = rowCheck<Sum & { status: string; back: number }>({
  name: 'money/neither-ticket-nor-refund',
  of: 'payments',
  rows: () =>
    captured(
      sql`o.status, ${returned} as back`,
      sql`y.settled_at is not null and o.status <> 'confirmed' and ${returned} < y.amount_minor`,
    ),
  says: ({ subject, order, status, amount, back, currency }) =>
    `payment ${subject}: of ${money(amount, currency)} only ${money(back, currency)} goes back, but its order ${order} is ${status}`,
});

const overReturned = rowCheck<Sum & { back: number }>({
  name: 'money/refunded-too-much',
  of: 'refunds',
  rows: () => captured(sql`${returned} as back`, sql`${returned} > y.amount_minor`),
  says: ({ subject, order, amount, back, currency }) =>
    `payment ${subject} of order ${order}: ${money(back, currency)} of ${money(amount, currency)} goes back`,
});

/**
 * An order that has its tickets keeps something of the one payment that bought it; a part may have gone back. None: tickets and money went
 * to the buyer, and the order is about to be cancelled (settlement.letGo). Two: two payments for one order.
 */
const kept = rowCheck<{ total: number; payments: number; paid: number; currency: string }>({
  name: 'money/not-the-price',
  of: 'orders',
  rows: (before) => sql`
    select o.id as subject, array[o.id, o.event_id] as about, o.total_minor as total, k.payments, k.paid, o.currency
    from orders o cross join lateral (
      select count(*)::int as payments, coalesce(sum(y.amount_minor), 0)::bigint as paid from payments y
      where y.order_id = o.id and y.status = 'succeeded' and y.settled_at is not null and y.currency = o.currency and y.amount_minor > ${returned}) k
    where o.status = 'confirmed' and (k.paid <> o.total_minor or k.payments > 1)
      and not (k.payments = 0 and exists (select from refunds r where r.order_id = o.id and r.created_at > ${before}))`,
  says: ({ subject, total, payments, paid, currency }) =>
    `order ${subject} has tickets for ${money(total, currency)}, but ${payments} payment(s) of ${money(paid, currency)} are kept for it`,
});

/** One price everywhere: what its items cost, the fee upon them, less what was taken off. */
const total = rowCheck<{ total: number; sum: number; currency: string }>({
  name: 'money/wrong-total',
  of: 'orders',
  rows: () => sql`
    select o.id as subject, array[o.id, o.event_id] as about, o.total_minor as total, s.sum, o.currency
    from orders o cross join lateral (
      select coalesce(sum(i.price_minor), 0)::bigint + o.fee_minor - o.discount_minor as sum from order_items i where i.order_id = o.id) s
    where o.total_minor <> s.sum`,
  says: ({ subject, total, sum, currency }) =>
    `order ${subject} costs ${money(total, currency)}, but its items with fee and discount ${money(sum, currency)}`,
});

/** An attempt that never reached its workflow is taken back after minutes (attempts.prune). A begun one is a duty of the workflow. */
const undecided = rowCheck<{ order: string; received_at: Date }>({
  name: 'money/undecided-attempt',
  of: 'payment_attempts',
  rows: () => sql`
    select a.id as subject, array[a.id, o.id, o.event_id] as about, o.id as "order", a.received_at
    from payment_attempts a join orders o on o.id = a.order_id
    where a.decided_at is null and a.begun_at is null and a.received_at < now() - interval '15 minutes'`,
  says: ({ subject, order, received_at }) =>
    `attempt ${subject} to pay order ${order}, received ${received_at.toISOString()}, is neither begun nor taken back`,
});

export const moneyChecks = [unsettled, unreturned, overReturned, kept, total, undecided];
