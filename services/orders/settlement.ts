// Settlement: what captured money buys. The one decision between a ticket and a refund.
import { type Kysely, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB } from '../../db/tables.ts';
import { mayBeConfirmed } from '../external/rows.ts';
import * as places from '../inventory/places.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import * as attempts from '../payments/attempts.ts';
import { markSettled, settling, type Unsettled, unsettledOf } from '../payments/captured.ts';
import { allReturned, owe, type Requester } from '../payments/refunds.ts';
import { DomainError } from '../shared/errors.ts';
import type { TicketKeys } from '../tickets/keys.ts';
import * as tickets from '../tickets/tickets.ts';
import { undo } from './cancel.ts';
import { swap } from './equalPlaces.ts';
import { confirming, lock, move, TRANSITIONS } from './orders.ts';

/** `cancelled`: all its money went back, so the order did too. `unchanged`: everything was decided before. */
export type Settlement = 'confirmed' | 'refund-due' | 'cancelled' | 'unchanged';

type Locked = Awaited<ReturnType<typeof lock>>;

/**
 * Decides what captured money buys, in one transaction: the order is confirmed with its tickets if its places are its own or free
 * again (also after expiry), or with equal places if the buyer agreed to that; else the money is owed back. Never silence.
 * An order with nothing due is confirmed without any. A confirmed one of whose money nothing is kept is cancelled.
 * Of an external event nothing is decided before its provider has confirmed the places, or let them go; once the order is over its money goes back.
 * Safe to repeat: settled payments are left alone.
 */
export async function settle(db: Kysely<DB>, orderId: string, ticketKeys: TicketKeys): Promise<Settlement> {
  return db.transaction().execute(async (tx) => settleLocked(tx, await lock(tx, orderId), ticketKeys));
}

/** The same in a transaction that has locked the order. */
export async function settleLocked(tx: Transaction<DB>, order: Locked, ticketKeys: TicketKeys): Promise<Settlement> {
  const { id: orderId } = order;
  const found = await read(tx, order);
  const { paid } = found;
  // Its places are another's: no ticket before he has confirmed them, no refund while he may.
  if (paid.length && order.status === 'pending' && order.provider_undecided) return 'unchanged';
  if (isFree(order)) {
    await attempts.decideAll(tx, orderId, 'free');
    if (!paid.length) return (await confirm(tx, order, found, ticketKeys)) ? 'confirmed' : 'unchanged';
  }
  if (!paid.length) return (await letGo(tx, order)) ? 'cancelled' : 'unchanged';

  // Exactly one payment of exactly the order's amount buys it. Any other captured money goes back.
  const price = paid.find((p) => p.amount_minor === order.total_minor && p.currency === order.currency && p.left_minor > 0);
  const confirmed = (price || isFree(order)) && (await confirm(tx, order, found, ticketKeys));
  const back = paid.filter((p) => !confirmed || p.id !== price?.id).map((p) => p.id);
  const returned = await giveBack(tx, orderId, back, confirmed ? 'duplicate' : 'places_gone');
  if (!confirmed) await markSettled(tx, orderId);

  if (returned && (confirmed || order.status === 'confirmed')) await mails.enqueue(tx, 'paid-twice', orderId);
  if (confirmed) return 'confirmed';
  if (price && order.status === 'pending') {
    await move(tx, order, 'expired', 'places lost before the money came');
    await places.release(tx, orderId);
  }
  // Nothing returned here: whoever cancelled the order owes it already, and has told the buyer so.
  if (!returned) return 'unchanged';
  if (order.status !== 'confirmed') await mails.enqueue(tx, 'expired-payment', orderId);
  return 'refund-due';
}

/**
 * Confirms an order that has something in it and nothing to pay, in the request that asks for it: no engine is needed. Its tickets exist
 * when this returns, and the mail is on its way through the outbox. Confirming it twice changes nothing.
 * @throws DomainError order_not_found | order_expired | order_not_payable (there is something to pay, nothing in it, or it was cancelled)
 */
export async function confirmFree(db: Kysely<DB>, orderId: string, ticketKeys: TicketKeys): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const order = await lock(tx, orderId);
    if (order.status === 'confirmed') return;
    if (order.status === 'cancelled') throw new DomainError('order_not_payable', 'This order is cancelled.', { status: order.status });
    if (order.total_minor > 0) throw new DomainError('order_not_payable', 'This order has a price to be paid.', { status: order.status });
    const confirmed = isFree(order) && (await confirm(tx, order, await read(tx, order), ticketKeys));
    if (!confirmed && order.status === 'pending' && order.hold_ends_at > new Date())
      throw new DomainError('order_not_payable', 'There is nothing in this order to confirm, or its event is over.', {
        status: order.status,
      });
    if (!confirmed) throw new DomainError('order_expired', 'The hold of this order has ended.', { orderId });
    await attempts.decideAll(tx, orderId, 'free');
    await outbox.orderChanged(tx, orderId); // whoever delivers the mail
  });
}

/**
 * Confirms an order that has nothing to pay in the very transaction that placed it: nobody else has seen it pending, so its hold is asked
 * by no clock.
 * @throws DomainError event_cancelled: between the claim and this
 */
export async function confirmPlaced(tx: Transaction<DB>, orderId: string, ticketKeys: TicketKeys): Promise<void> {
  const order = await lock(tx, orderId);
  if (order.total_minor > 0 || !(await confirm(tx, order, await read(tx, order), ticketKeys)))
    throw new DomainError('event_cancelled', 'This event was cancelled this moment.', { eventId: order.event_id });
}

/**
 * Sends back a part of what was paid for an order, or all of it: the tickets of an order of whose money nothing is kept are void, and it is
 * cancelled; a part leaves it confirmed. The same holds for money that somebody returned at the provider.
 * @returns what is on its way back now, in minor units.
 * @throws DomainError order_not_found | invalid (fields.amount)
 */
export async function refund(
  db: Kysely<DB>,
  want: { orderId: string; amountMinor?: number; reason: string; requestedBy: Requester },
): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const order = await lock(tx, want.orderId);
    const amount = await owe(tx, want);
    if (amount && !(await letGo(tx, order))) await outbox.orderChanged(tx, order.id);
    return amount;
  });
}

/** A provider's word of captured money may be so long on its way. */
const WORD_SECONDS = 30;

/** Nothing is due for it, and it can still be confirmed. */
const isFree = (order: Locked): boolean => order.total_minor === 0 && order.status === 'pending' && order.hold_ends_at > new Date();

/** Cancels a confirmed order of whose money nothing is kept. False: something is, or it is not confirmed. */
export async function letGo(tx: Transaction<DB>, order: Locked): Promise<boolean> {
  if (order.status !== 'confirmed') return false;
  const { rows } = await sql`select from orders o where o.id = ${order.id}::uuid and ${allReturned}`.execute(tx);
  if (!rows.length) return false;
  await undo(tx, order, { reason: 'all of its money went back', refund: 'cancelled', requestedBy: 'system' });
  await mails.enqueue(tx, 'cancelled', order.id);
  return true;
}

/** Owes these payments back; false if all of it was on its way before. */
async function giveBack(tx: Transaction<DB>, orderId: string, payments: string[], reason: string): Promise<boolean> {
  if (!payments.length) return false;
  return (await owe(tx, { orderId, payments, reason, requestedBy: 'system' })) > 0;
}

/**
 * What a settlement decides from. `open`: its event and its time let it be confirmed; `items` and their `places`, which are locked: of an order
 * whose state does too; `paid`: its captured money that nothing was decided about.
 */
type Found = tickets.Issued & { open: boolean; items: string[]; places: places.Secured[]; paid: Unsettled[] };

const mayConfirm = (order: Locked): boolean => TRANSITIONS[order.status].includes('confirmed');

/** Reads it. The caller has locked the order: nobody else decides about it meanwhile. */
const read = async (tx: Transaction<DB>, order: Locked): Promise<Found> =>
  (await found(tx, { orderId: order.id, may: mayConfirm(order) }))[0]!;

// Nobody buys what is not sold any more: the money came while the hold ran, or while it was on sale.
const found = prepared<{ orderId: string; may: boolean }>()(
  (p) => sql<Found>`
    with secured as materialized (select * from (${places.securing(p.orderId)}) s where ${p.may}::boolean)
    select o.event_id as "eventId", e.slug::text as event, o.participant_ref as participant, now() as at,
      e.status = 'published' and e.ends_at > now() and ${mayBeConfirmed}
        and (o.total_minor = 0 or coalesce((select min(y.succeeded_at) from payments y where y.order_id = o.id and y.status = 'succeeded' and y.settled_at is null), now())
          <= greatest(${attempts.holdEnd}, ${places.allSellUntil(sql`o.id`)}) + make_interval(secs => ${sql.lit(WORD_SECONDS)})) as open,
      array(select item::text from secured) as items, (select coalesce(json_agg(secured), '[]') from secured) as places,
      (select coalesce(json_agg(y), '[]') from (${unsettledOf(p.orderId)}) y) as paid
    from orders o join events e on e.id = o.event_id where o.id = ${p.orderId}::uuid`,
);

/** Confirms the order with its tickets and its mail, if it can have its places. An order of nothing is nothing to confirm. */
async function confirm(tx: Transaction<DB>, order: Locked, found: Found, ticketKeys: TicketKeys): Promise<boolean> {
  if (!mayConfirm(order) || !found.open || !found.items.length) return false;
  let lost = await places.lostOf(tx, order.id, found.places);
  if (lost.length && order.accepts_equal_place && (await swap(tx, order.id, lost))) lost = await places.secure(tx, order.id);
  if (lost.length) return false;
  await written(tx, { orderId: order.id, ...tickets.sign(found, found.items, ticketKeys) });
  return true;
}

/** All that confirming writes. */
const written = prepared<{ orderId: string } & tickets.Signed>()(
  (p) => sql`with ${places.selling(p.orderId)}, ${confirming(p.orderId)}, ${tickets.issuing(p.orderId, p)}, ${settling(p.orderId)}
    ${mails.enqueueing('tickets', p.orderId)}`,
);
