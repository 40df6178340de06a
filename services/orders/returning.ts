// What a buyer's return from a payment page brings about. The return proves nothing: the provider is asked, and its answer is acted upon at once.
import type { Kysely } from 'kysely';
import type { DB, PaymentStatus } from '../../db/tables.ts';
import { reconcile } from '../payments/payments.ts';
import type { Providers } from '../payments/provider.ts';
import { DomainError, isRefusal } from '../shared/errors.ts';
import type { TicketKeys } from '../tickets/keys.ts';
import { cancel } from './cancel.ts';
import { find, type OrderView } from './orders.ts';
import { settle } from './settlement.ts';

type Parts = { db: Kysely<DB>; providers: Providers; ticketKeys: TicketKeys };

/**
 * Asks the provider about the order's payment, takes what the bank has set aside, and settles what was captured: the order is what it ought
 * to be when this returns. Its workflow, woken through the outbox, sends the mail. In any order and any number with notifications.
 * @throws DomainError order_not_found | payment_unavailable
 */
export async function catchUp({ db, providers, ticketKeys }: Parts, orderId: string): Promise<OrderView> {
  const before = await found(db, orderId);
  const { payment } = before;
  if (!payment || payment.status === 'cancelled') return before;

  let status: PaymentStatus = payment.status;
  // First the provider says that the money was set aside; asked once more, it is taken.
  for (let asked = 0; asked < 2 && status !== 'succeeded' && status !== 'cancelled'; asked++)
    status = await reconcile(db, providers, payment.id, false, true);
  if (status === 'succeeded') await settle(db, orderId, ticketKeys);
  return found(db, orderId);
}

/**
 * The same for a buyer who comes back without having paid: an order whose payment the provider says has failed, was cancelled or has
 * expired is cancelled, and its places are free. One that can still be paid stays, whoever says that it failed.
 */
export async function giveUp(parts: Parts, orderId: string): Promise<OrderView> {
  const order = await catchUp(parts, orderId);
  if (order.status !== 'pending' || order.payment?.status !== 'cancelled') return order;
  const actor = { kind: 'provider', name: order.payment.provider } as const;
  try {
    return (await cancel(parts.db, orderId, actor, { act: 'decline', reason: 'its payment failed' })).order;
  } catch (error) {
    // Paid or ended in this very moment: then that is what is true.
    if (!isRefusal(error, 'order_expired', 'order_not_cancellable')) throw error;
    return found(parts.db, orderId);
  }
}

async function found(db: Kysely<DB>, orderId: string): Promise<OrderView> {
  const order = await find(db, orderId);
  if (!order) throw new DomainError('order_not_found', 'There is no such order.', { orderId });
  return order;
}
