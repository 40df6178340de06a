// Placing an order: the one use case of every API that sells. What it asks for is the API's; what happens is the same for all.
import type { ClaimRequest } from '../services/orders/claim/claim.ts';
import { claim } from '../services/orders/claim/claim.ts';
import * as orders from '../services/orders/orders.ts';
import type { PlacedOrder } from '../services/orders/placed.ts';
import { DomainError } from '../services/shared/errors.ts';
import type { Gateway } from './deps.ts';

/** Of a request: its idempotency attempt, if it has one, and its line in the log. */
export type PlacingCall = { attempt: { id: string; again: boolean } | undefined; note(orderId: string): void };

/**
 * Claims what is wanted for a new order. A request whose first run died after its claim finds the order that run made.
 * The order's workflow is announced with the claim itself.
 * @throws DomainError: the claim's
 */
export async function place(
  { db, metrics, mostAtOnce }: Pick<Gateway, 'db' | 'metrics' | 'mostAtOnce'>,
  call: PlacingCall,
  request: ClaimRequest,
): Promise<PlacedOrder> {
  const made = call.attempt?.again ? await orders.find(db, call.attempt.id) : undefined;
  if (made) {
    call.note(made.id);
    return made;
  }

  let order: PlacedOrder;
  try {
    order = await claim(db, { ...request, terms: { mostAtOnce, ...request.terms }, orderId: call.attempt?.id });
  } catch (error) {
    metrics.claim(error instanceof DomainError ? error.code : 'error');
    throw error;
  }
  metrics.claim('claimed');
  call.note(order.id);
  return order;
}
