// Refunds that somebody asks for: who may, how much, and what is left of the order then.
import type { Kysely, Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Actor } from '../accounts/actor.ts';
import * as outbox from '../outbox/outbox.ts';
import { oweParts, written } from '../payments/refunds.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { decimal, minor } from '../shared/money.ts';
import { requester } from './cancel.ts';
import { findFor, lock } from './orders.ts';
import { letGo } from './settlement.ts';

/** `ids` are the refunds that were written, `currency` theirs. */
export type Refunding = { ids: string[]; amountMinor: number; currency: string };

/**
 * Owes a part of what was paid for a confirmed order, or all that is left of it; the order's workflow, told through the outbox, pays it out.
 * With nothing kept the tickets are void and the order is cancelled; a part leaves it confirmed, so that another can follow. Two at once
 * wait for each other here: together they never return more than was paid.
 * `amount` is in the currency's own units ("50.00", 50). With an `id`, asking again for the refund of this id changes nothing: it is told as it is.
 * @throws DomainError order_not_found | forbidden | order_not_refundable | invalid (fields.amount)
 */
export async function refundFor(
  db: Kysely<DB>,
  orderId: string,
  actor: Actor,
  want: { id?: string; amount?: number | string; reason: string },
): Promise<Refunding> {
  const work = async (tx: Transaction<DB>) => {
    const row = await lock(tx, orderId);
    const made = want.id && (await written(tx, orderId, want.id));
    if (made) return made;
    const order = await findFor(tx, orderId, actor, 'refund');
    const amountMinor = want.amount === undefined ? undefined : inMinor(want.amount, order.currency);
    const owed = await oweParts(tx, { id: want.id, orderId, amountMinor, reason: want.reason, requestedBy: requester(actor) });
    if (!owed.amountMinor) throw new DomainError('order_not_refundable', 'Nothing was paid for this order.', { status: order.status });
    if (!(await letGo(tx, row))) await outbox.orderChanged(tx, orderId);
    return { ...owed, currency: order.currency };
  };
  return despiteDeadlocks(() => db.transaction().execute(work));
}

function inMinor(amount: number | string, currency: string): number {
  try {
    return minor(amount, currency);
  } catch {
    throw invalidField('amount', `This is no amount of ${currency}: its steps are ${decimal(1, currency)}.`);
  }
}
