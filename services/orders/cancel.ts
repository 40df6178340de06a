// Cancelling an order, and letting one place of it go: what its owner, an operator, a provider or the house itself may end.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, OrderStatus, RefundStatus } from '../../db/tables.ts';
import type { Actor } from '../accounts/actor.ts';
import * as places from '../inventory/places.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import { owe, type Requester } from '../payments/refunds.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { invalidField } from '../shared/errors.ts';
import * as tickets from '../tickets/tickets.ts';
import { find, findFor, lock, move, type OrderView, TRANSITIONS } from './orders.ts';
import { tell } from './participants.ts';
import type { Act } from './policy.ts';

export type Cancelling = {
  /** For whoever looks at the order later. */
  reason: string;
  act?: Extract<Act, 'cancel' | 'decline'>;
  /** An event's notice that tells the buyer, in place of the usual letter. */
  notice?: { id: string; data: Record<string, unknown> };
};

export type Cancelled = { order: OrderView; refundMinor: number; refundStatus: RefundStatus | null };

/**
 * Cancels an order at once: its places are free for the next buyer when this returns. Money that was paid is owed back from the same
 * moment (a pending refund); the workflow, told through the outbox, sees to it. Cancelling twice gives the same answer.
 * @throws DomainError order_not_found | forbidden | order_expired | order_not_cancellable: the policy's
 */
export async function cancel(db: Kysely<DB>, orderId: string, actor: Actor, how: Cancelling): Promise<Cancelled> {
  const work = async (tx: Transaction<DB>) => {
    const row = await lock(tx, orderId);
    await findFor(tx, orderId, actor, how.act ?? 'cancel');
    if (TRANSITIONS[row.status].includes('cancelled')) {
      const refund = how.notice ? 'event_cancelled' : 'requested_by_customer';
      await undo(tx, row, { reason: how.reason, refund, requestedBy: requester(actor) });
      if (how.notice) await mails.enqueue(tx, 'event-cancelled', row.id, how.notice.data, how.notice.id);
      else await mails.enqueue(tx, 'cancelled', row.id);
    }
    const order = (await find(tx, row.id))!;
    return { order, refundMinor: order.refund?.amount_minor ?? 0, refundStatus: order.refund?.status ?? null };
  };
  // Its places may be in the hands of a changed seat plan, which takes them in another order.
  return despiteDeadlocks(() => db.transaction().execute(work));
}

/** What every cancelling does: the tickets admit nobody, the places are free, captured money is owed, the workflow pays it out. */
export async function undo(
  tx: Transaction<DB>,
  order: { id: string; status: OrderStatus; participant_ref: string | null },
  why: { reason: string; refund: string; requestedBy: Requester },
): Promise<void> {
  await move(tx, order, 'cancelled', why.reason);
  await tickets.voidAll(tx, order.id);
  await places.giveBack(tx, order.id);
  // Nothing was paid for a participant and no mail is owed: no workflow has anything to do. Who hears of it are the organizer's programs.
  if (order.participant_ref !== null) return tell(tx, 'registration.cancelled', [order.id]);
  await owe(tx, { orderId: order.id, reason: why.refund, requestedBy: why.requestedBy });
  await outbox.orderChanged(tx, order.id);
}

/**
 * Cancels a pending order whose buyer was refused in the same moment: he has heard of it, so that no letter tells him. Whatever else it has
 * become stays.
 */
export async function withdraw(db: Kysely<DB>, orderId: string, reason: string): Promise<void> {
  const work = async (tx: Transaction<DB>) => {
    const order = await lock(tx, orderId);
    if (order.status === 'pending') await undo(tx, order, { reason, refund: 'cancelled', requestedBy: 'system' });
  };
  await despiteDeadlocks(() => db.transaction().execute(work));
}

/** Who wants the money back, as refunds keep it. */
export function requester(actor: Actor): Requester {
  if (actor.kind === 'account' || actor.kind === 'key') return `${actor.kind}/${actor.id}`;
  return actor.kind;
}

/**
 * Lets places of a pending order go: they are free for the next buyer when this returns, and the order costs so much less.
 * @throws DomainError order_not_found | forbidden | order_expired | order_not_payable, and invalid for a place that is not the order's
 */
export async function drop(db: Kysely<DB>, orderId: string, placeIds: string[], actor: Actor): Promise<OrderView> {
  const work = async (tx: Transaction<DB>) => {
    const row = await lock(tx, orderId);
    await findFor(tx, orderId, actor, 'drop');
    await places.release(tx, orderId, placeIds);
    const { rows } = await sql<{ price_minor: number }>`
      delete from order_items where order_id = ${orderId}::uuid and place_id = any(${placeIds}::uuid[]) returning price_minor`.execute(tx);
    if (rows.length !== new Set(placeIds).size) throw invalidField('places', 'This place is not part of the order.');

    const minor = rows.reduce((sum, row) => sum + row.price_minor, 0);
    await sql`update orders set total_minor = total_minor - ${minor} where id = ${orderId}::uuid`.execute(tx);
    // The provider of an external event has them still.
    if (row.provider_undecided) await outbox.orderChanged(tx, orderId);
    return (await find(tx, orderId))!;
  };
  return despiteDeadlocks(() => db.transaction().execute(work));
}
