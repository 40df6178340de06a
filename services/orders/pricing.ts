// What an order costs: its items, a fee and a discount, in integers of the currency's minor unit, rounded half up.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isOpen } from '../payments/states.ts';
import { DomainError } from '../shared/errors.ts';
import { payable } from '../shared/money.ts';
import { lock } from './orders.ts';

/** A fee of so many hundredths of a percent of the items, or of so much; and what is taken off. Amounts in minor units, nothing below 0. */
export type Terms = { discountMinor?: number } & (
  | { feeBasisPoints?: number; feeMinor?: never }
  | { feeMinor?: number; feeBasisPoints?: never }
);

/** `total = items + fee - discount`, always. */
export type Price = { itemsMinor: number; feeMinor: number; discountMinor: number; totalMinor: number };

/**
 * The price of items under these terms. The fee is rounded half up, to an amount that cards can move. A discount takes off what there is at
 * most, so that nothing is ever owed to a buyer.
 * @throws RangeError for terms that are no amounts.
 */
export function priceOf(itemsMinor: number, currency: string, terms: Terms): Price {
  for (const term of [terms.feeBasisPoints, terms.feeMinor, terms.discountMinor])
    if (term !== undefined && (!Number.isSafeInteger(term) || term < 0))
      throw new RangeError('fees and discounts are whole numbers from 0 on');

  // As big integers: a large sum of basis points would lose its last digits as a number.
  const share = terms.feeMinor ?? Number((BigInt(itemsMinor) * BigInt(terms.feeBasisPoints ?? 0) + 5000n) / 10_000n);
  const feeMinor = payable(share, currency);
  const before = itemsMinor + feeMinor;
  const discountMinor = Math.min(payable(terms.discountMinor ?? 0, currency), before);
  return { itemsMinor, feeMinor, discountMinor, totalMinor: before - discountMinor };
}

/**
 * Prices an order anew from its items, and writes fee, discount and total. Once a payment is open the price stands, for that payment is of
 * the old one: so this is called in the transaction that opens the payment (`price` of payments.begin), or before.
 * Repeating it gives the same price.
 * @throws DomainError order_not_found | order_not_payable (paid, over, or a payment is open)
 */
export async function price(tx: Transaction<DB>, orderId: string, terms: Terms): Promise<Price> {
  const order = await lock(tx, orderId);
  const { rows } = await sql<{ items: number; fixed: boolean }>`select
      (select coalesce(sum(price_minor), 0)::bigint from order_items where order_id = ${orderId}::uuid) as items,
      exists (select from payments y where y.order_id = ${orderId}::uuid and (${isOpen} or y.status = 'succeeded')) as fixed`.execute(tx);
  const { items, fixed } = rows[0]!;
  if (order.status !== 'pending' || fixed)
    throw new DomainError('order_not_payable', 'The price of this order stands: its payment has been opened.', { status: order.status });

  const priced = priceOf(items, order.currency, terms);
  await tx
    .updateTable('orders')
    .set({ fee_minor: priced.feeMinor, discount_minor: priced.discountMinor, total_minor: priced.totalMinor })
    .where('id', '=', orderId)
    .execute();
  return priced;
}
