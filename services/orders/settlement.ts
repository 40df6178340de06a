// Settlement: what captured money buys. The one decision between a ticket and a refund.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, OrderStatus } from '../../db/tables.ts';
import * as places from '../inventory/places.ts';
import * as mails from '../outbox/mails.ts';
import * as attempts from '../payments/attempts.ts';
import { markSettled, unsettled } from '../payments/payments.ts';
import { refundAllBut } from '../payments/refunds.ts';
import * as tickets from '../tickets/tickets.ts';
import { lock, move, TRANSITIONS } from './orders.ts';

export type Settlement = 'confirmed' | 'refund-due' | 'nothing-due';

/**
 * Decides what captured money buys, in one transaction: the order is confirmed with its tickets if its places are its own or free
 * again (also after expiry), or with equal places if the buyer agreed to that; else the money is owed back. Never silence.
 * Safe to repeat: settled payments are left alone.
 */
export async function settle(db: Kysely<DB>, orderId: string, ticketSecret: string): Promise<Settlement> {
  return db.transaction().execute(async (tx) => {
    const order = await lock(tx, orderId);
    const paid = await unsettled(tx, orderId);
    const free = order.total_minor === 0 && order.status === 'pending' && order.hold_ends_at > new Date();
    if (paid.length === 0 && !free) return 'nothing-due';

    // Exactly one payment of exactly the order's amount buys it. Any other captured money goes back.
    const price = paid.find((p) => p.amount_minor === order.total_minor && p.currency === order.currency);
    const confirmed = (price || free) && (await confirm(tx, order, ticketSecret));
    const keep = confirmed ? price?.id : undefined;
    const returned = paid.some((p) => p.id !== keep) && (await refundAllBut(tx, orderId, keep));
    if (paid.length) await markSettled(tx, orderId);
    if (free) await attempts.decideAll(tx, orderId, 'free');
    if (returned && (confirmed || order.status === 'confirmed')) await mails.promise(tx, 'paid-twice', orderId);
    if (confirmed) return 'confirmed';
    if (price && order.status === 'pending') {
      await move(tx, order, 'expired', 'places lost before the money came');
      await places.release(tx, orderId);
    }
    // Nothing returned here: whoever cancelled the order owes it already, and has told the buyer so.
    if (!returned) return 'nothing-due';
    if (order.status !== 'confirmed') await mails.promise(tx, 'expired-payment', orderId);
    return 'refund-due';
  });
}

async function confirm(
  tx: Transaction<DB>,
  order: { id: string; status: OrderStatus; accepts_equal_place: boolean },
  ticketSecret: string,
): Promise<boolean> {
  if (!TRANSITIONS[order.status].includes('confirmed')) return false;
  // An order of nothing is nothing to confirm.
  const { rows } = await sql<{ open: boolean; items: string[] }>`select e.status = 'published' and e.ends_at > now() as open,
      array(select i.id::text from order_items i where i.order_id = o.id) as items
    from orders o join events e on e.id = o.event_id where o.id = ${order.id}::uuid`.execute(tx);
  const items = rows[0]?.items ?? [];
  if (!rows[0]?.open || !items.length) return false;
  let lost = await places.take(tx, order.id);
  if (lost.length && order.accepts_equal_place && (await places.swap(tx, order.id, lost))) lost = await places.take(tx, order.id);
  if (lost.length) return false;
  await move(tx, order, 'confirmed');
  await tickets.issue(tx, items, ticketSecret);
  await mails.promise(tx, 'tickets', order.id);
  return true;
}
