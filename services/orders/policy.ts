// Who may do what with an order. Every rule stands here; services ask, routes never do.
import { type Actor, accountOf } from '../accounts/actor.ts';
import { DomainError } from '../shared/errors.ts';
import type { OrderView } from './orders.ts';

/** `pay` is its owner's alone. `decline`: cancel what one believes is not paid. `drop`: let a place of it go. `refund`: send money back, or a part. */
export type Act = 'see' | 'pay' | 'cancel' | 'decline' | 'drop' | 'refund';

/** Why the actor may not do this with the order now; undefined: it may. */
export function refuse(actor: Actor, act: Act, order: OrderView): DomainError | undefined {
  return ofStranger(actor, act, order) ?? (act === 'see' || act === 'pay' ? undefined : ofState(actor, act, order));
}

const isAdmin = (actor: Actor): boolean => actor.kind === 'account' && actor.role === 'admin';

/** An order is its owner's, and an admin's. The house and a payment provider act on any: they come with the order's own id. */
function ofStranger(actor: Actor, act: Act, order: OrderView): DomainError | undefined {
  const account = accountOf(actor);
  if (account === undefined || account === order.account_id || (isAdmin(actor) && act !== 'pay')) return undefined;
  return new DomainError('forbidden', 'This order belongs to somebody else.');
}

function ofState(actor: Actor, act: Act, order: OrderView): DomainError | undefined {
  // What the house cancels is cancelled whatever its owner could still do: its event will not be.
  if (actor.kind === 'system') return undefined;
  if (act === 'refund') return ofRefund(actor, order);
  if (order.status === 'expired') return new DomainError('order_expired', 'The hold of this order has ended; there is nothing to cancel.');
  if (act === 'drop') return ofDrop(order);
  if (order.status === 'cancelled') return undefined; // cancelling twice is cancelling once
  if (order.status === 'confirmed') {
    if (act === 'decline' || actor.kind === 'provider')
      return new DomainError('order_not_cancellable', 'This order has been paid: it cannot be cancelled as an unpaid one, but refunded.');
    if (order.event.starts_at <= new Date())
      return new DomainError('order_not_cancellable', 'The event has begun; a paid order can no longer be cancelled.');
    if (order.event.refundable_until <= new Date())
      return new DomainError('order_not_cancellable', 'It is too close to the event: a paid order can no longer be cancelled.');
  }
  if (order.tickets.some((ticket) => ticket.checked_in_at))
    return new DomainError('order_not_cancellable', 'A ticket of this order has been used.');
  return undefined;
}

/** A buyer gets money back while nothing of the event has been had; an operator may always return what was paid. */
function ofRefund(actor: Actor, order: OrderView): DomainError | undefined {
  const refused = (message: string) => new DomainError('order_not_refundable', message, { status: order.status });
  if (order.status !== 'confirmed') return refused('Only confirmed orders can be refunded.');
  if (isAdmin(actor)) return undefined;
  if (order.event.starts_at <= new Date()) return refused('The event has begun: only an administrator can refund this order now.');
  if (order.event.refundable_until <= new Date())
    return refused('It is too close to the event: only an administrator can refund this order now.');
  if (order.tickets.some((ticket) => ticket.checked_in_at))
    return refused('A ticket of this order has been used: only an administrator can refund it now.');
  return undefined;
}

/** Of an order that is being paid no place can go: the money would be for another sum. */
function ofDrop(order: OrderView): DomainError | undefined {
  if (order.status !== 'pending')
    return new DomainError('order_not_payable', `This order is ${order.status}: no place of it can be let go.`);
  if (order.payment && order.payment.status !== 'cancelled')
    return new DomainError('order_not_payable', 'This order is being paid: no place of it can be let go.');
  return undefined;
}
