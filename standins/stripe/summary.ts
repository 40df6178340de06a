// What a test asks the stand-in afterwards: how much money was taken and given back, per order.
import type { Store } from './store.ts';

export interface Sums {
  currency: string | null;
  captured: number;
  /** Pending refunds count as given back, failed ones do not. */
  refunded: number;
  net: number;
  intents: { id: string; status: string; amount: number }[];
}

export function summarise(store: Store): object {
  const intents: Record<string, number> = {};
  const totals: Record<string, { captured: number; refunded: number; net: number }> = {};
  const orders: Record<string, Sums> = {};
  const withoutOrder = empty();
  const captured = new Map<string, { amount: number; refunded: number }>();
  for (const charge of store.charges.values()) {
    if (charge.status !== 'succeeded') continue;
    const sum = captured.get(charge.payment_intent) ?? { amount: 0, refunded: 0 };
    captured.set(charge.payment_intent, { amount: sum.amount + charge.amount_captured, refunded: sum.refunded + charge.amount_refunded });
  }
  for (const intent of store.intents.values()) {
    intents[intent.status] = (intents[intent.status] ?? 0) + 1;
    const order = intent.metadata.order_id;
    const sums = order === undefined ? withoutOrder : (orders[order] ?? empty());
    if (order !== undefined) orders[order] = sums;
    const total = totals[intent.currency] ?? { captured: 0, refunded: 0, net: 0 };
    totals[intent.currency] = total;
    const { amount, refunded } = captured.get(intent.id) ?? { amount: 0, refunded: 0 };
    for (const one of [sums, total]) {
      one.captured += amount;
      one.refunded += refunded;
      one.net += amount - refunded;
    }
    sums.currency ??= intent.currency;
    sums.intents.push({ id: intent.id, status: intent.status, amount: intent.amount });
  }
  const charges = { succeeded: 0, pending: 0, failed: 0 };
  for (const charge of store.charges.values()) charges[charge.status as keyof typeof charges] += 1;
  const refunds: Record<string, number> = {};
  for (const refund of store.refunds.values()) refunds[refund.status ?? ''] = (refunds[refund.status ?? ''] ?? 0) + 1;
  const webhooks = { pending: 0, delivered: 0, dropped: 0 };
  for (const delivery of store.deliveries.values()) webhooks[delivery.status] += 1;
  return { intents, charges, refunds, totals, orders, withoutOrder, webhooks, stillToSettle: store.duties.size };
}

const empty = (): Sums => ({ currency: null, captured: 0, refunded: 0, net: 0, intents: [] });
