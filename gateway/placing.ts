// Placing an order and beginning its payment: the use cases of every API that sells. What is asked for is the API's; what happens is the same for all.
// Here alone it is known that the places of some events are somebody else's: nothing is placed before their provider has agreed.
import { accountOf } from '../services/accounts/actor.ts';
import { wantSubmit } from '../services/external/rows.ts';
import { drop, withdraw } from '../services/orders/cancel.ts';
import type { ClaimRequest } from '../services/orders/claim/claim.ts';
import { claim } from '../services/orders/claim/claim.ts';
import { asksFor } from '../services/orders/claim/request.ts';
import * as orders from '../services/orders/orders.ts';
import type { PlacedOrder } from '../services/orders/placed.ts';
import { settle } from '../services/orders/settlement.ts';
import * as payments from '../services/payments/opening.ts';
import { orderCode } from '../services/shared/codes.ts';
import { DomainError, isRefusal } from '../services/shared/errors.ts';
import type { Gateway } from './deps.ts';

/** Of a request: its idempotency attempt, if it has one, and its line in the log. */
export type PlacingCall = { attempt: { id: string; again: boolean } | undefined; note(orderId: string): void };

/**
 * Claims what is wanted for a new order. A request whose first run died after its claim finds the order that run made.
 * The order's workflow is announced with the claim itself. Of an external event it returns once the provider has given the places.
 * @throws DomainError: the claim's; of an external event also places_unavailable where the provider has given one to somebody else (nothing of
 *   the request is held then), and unavailable where it does not answer
 */
export async function place(
  gateway: Pick<Gateway, 'db' | 'metrics' | 'mostAtOnce' | 'turns' | 'inStep'>,
  call: PlacingCall,
  request: ClaimRequest,
): Promise<PlacedOrder> {
  const { db, metrics, mostAtOnce, turns } = gateway;
  const made = call.attempt?.again ? await orders.find(db, call.attempt.id) : undefined;
  if (made) {
    call.note(made.id);
    return made.event.external && made.status === 'pending' ? agreed(gateway, made, request) : made;
  }

  let order: PlacedOrder;
  try {
    const wanted = { ...request, terms: { mostAtOnce, ...request.terms }, orderId: call.attempt?.id };
    order = await turns(request.eventId, () => claim(db, wanted), asksFor(wanted));
  } catch (error) {
    metrics.claim(error instanceof DomainError ? error.code : 'error');
    throw error;
  }
  metrics.claim('claimed');
  call.note(order.id);
  return order.event.external && order.places.length ? agreed(gateway, order, request) : order;
}

/** The order once the provider has agreed to the places that were claimed now: to all of them, or none is kept. */
async function agreed({ db, inStep }: Pick<Gateway, 'db' | 'inStep'>, order: PlacedOrder, request: ClaimRequest): Promise<PlacedOrder> {
  const claimed = order.places.map((place) => place.id);
  const system = { kind: 'system', why: 'its provider did not give all places' } as const;
  const letGo = async (left: string[]) => {
    if (!request.into) await withdraw(db, order.id, system.why);
    else if (left.length) await drop(db, order.id, left, system);
  };

  try {
    await inStep(startOf(order, accountOf(request.actor)!));
  } catch (error) {
    // A booking keeps nothing that its buyer was told he has not got. A new one stays: asked again with its key, it is waited for again.
    if (request.into && isRefusal(error, 'unavailable')) await letGo(claimed).catch(() => {});
    throw error;
  }
  const has = new Set((await orders.find(db, order.id))?.places.map((place) => place.id));
  const left = claimed.filter((id) => has.has(id));
  if (left.length === claimed.length) return order;

  await letGo(left);
  const gone = order.places.filter((place) => !has.has(place.id));
  throw new DomainError('places_unavailable', 'Some of these places are no longer available.', {
    wanted: claimed.length,
    places: gone.map(({ id, section, row_label: row, seat_label: seat }) => ({ id, section, row, seat })),
  });
}

const startOf = (order: PlacedOrder, owner: string) => ({ orderId: order.id, code: orderCode(order), event: order.event.slug, owner });

/**
 * Opens the order's payment, as payments.begin. Of an external event the provider has the order submitted first.
 * @throws DomainError: those of payments.begin; order_not_payable also where the provider has given a place to somebody else meanwhile
 */
export async function beginPayment(
  gateway: Pick<Gateway, 'db' | 'providers' | 'inStep'>,
  opening: payments.Opening,
): Promise<payments.OpenPayment> {
  const { db, providers } = gateway;
  try {
    return await payments.begin(db, providers, opening);
  } catch (error) {
    if (!isRefusal(error, 'unavailable') || !error.details.unsubmitted) throw error;
  }
  await submitted(gateway, opening.orderId);
  return payments.begin(db, providers, opening);
}

async function submitted({ db, inStep }: Pick<Gateway, 'db' | 'inStep'>, orderId: string): Promise<void> {
  const before = (await orders.find(db, orderId))!;
  if (!before.places.length)
    throw new DomainError('order_not_payable', 'There is nothing in this order to pay for.', { status: before.status });
  await wantSubmit(db, orderId);
  await inStep(startOf(before, before.account_id));
  const after = (await orders.find(db, orderId))!;
  if (after.places.length < before.places.length)
    throw new DomainError('order_not_payable', 'Some of these places went to somebody else: the order is smaller now, and costs less.', {
      status: after.status,
    });
}

/** An order as it is once its captured money is settled: of an external event the provider's word is waited for. */
export async function settled(
  { db, inStep, ticketKeys }: Pick<Gateway, 'db' | 'inStep' | 'ticketKeys'>,
  order: orders.OrderView,
): Promise<orders.OrderView> {
  if (!order.event.external || order.status !== 'pending' || order.payment?.status !== 'succeeded') return order;
  try {
    await inStep(startOf(order, order.account_id));
  } catch (error) {
    if (isRefusal(error, 'unavailable')) return order;
    throw error;
  }
  await settle(db, order.id, ticketKeys);
  return (await orders.find(db, order.id)) ?? order;
}
