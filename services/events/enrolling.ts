// Enrolling: an organizer's program registers participants for the organizer's own events, changes what they are registered for, and cancels.
//
// This takes no money: what a participant owes the organizer settles in his own house. So such an order is complimentary, whatever its
// offer's price, and confirmed by the call that makes it. Who finds no place waits, where the event has a waitlist, and has the next one
// that comes back at once, under the same number.
import type { Kysely, Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Actor } from '../accounts/actor.ts';
import { cancel } from '../orders/cancel.ts';
import { claim } from '../orders/claim/claim.ts';
import { alreadyRegistered } from '../orders/claim/refusals.ts';
import { exchange } from '../orders/exchange.ts';
import { lock } from '../orders/orders.ts';
import * as participants from '../orders/participants.ts';
import { confirmPlaced } from '../orders/settlement.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError, isRefusal } from '../shared/errors.ts';
import type { TicketKeys } from '../tickets/keys.ts';
import * as line from '../waitlist/participantLine.ts';
import { checkDetails, checkOpen, offerNamed } from './enrolmentRules.ts';
import * as rooms from './room.ts';

/** The organizer's program: its account, by the key. */
export type Organizer = Extract<Actor, { kind: 'key' }>;

export type Enrolment = {
  /** By id or slug. */
  event: string;
  participant: string;
  /** By its name. */
  offer: string;
  details: participants.Details;
  /** False: who finds no place is refused, although the event has a waitlist. */
  mayWait: boolean;
  /** The order's id, where a repeated request must find what its first run made; `again`: there was one. */
  attempt?: { id: string; again: boolean };
};

/** From the claim to the confirmation only; the same transaction ends both. */
const HOLD_SECONDS = 60;

/**
 * Registers a participant: confirmed, or waiting.
 * @throws DomainError event_not_found | invalid (ticketType, metadata) | already_registered | event_not_on_sale | event_over | event_cancelled |
 *   places_unavailable (`capacity`): it is full, and there is no waitlist
 */
export async function enrol(db: Kysely<DB>, by: Organizer, want: Enrolment, keys: TicketKeys): Promise<participants.ParticipantView> {
  const made = want.attempt?.again ? await participants.find(db, want.attempt.id) : undefined;
  const room = await rooms.find(db, by.id, want.event);
  const order = made ?? (await participants.find(db, await enter(db, by, room, want, keys)))!;
  if (order.status === 'confirmed') await rooms.tellIfFull(db, room.id);
  return order;
}

async function enter(db: Kysely<DB>, by: Organizer, room: rooms.Room, want: Enrolment, keys: TicketKeys): Promise<string> {
  const offer = offerNamed(room, want.offer);
  const participant = { ref: want.participant, details: checkDetails(want.details, offer.name) };
  checkOpen(room);
  const work: Work = { db, by, room, offer, participant, orderId: want.attempt?.id };
  try {
    return await place(work, keys);
  } catch (error) {
    if (!isRefusal(error, 'sold_out', 'places_unavailable')) throw error;
    if (room.waitlist && want.mayWait) return wait(work);
    const { of, ...capacity } = await rooms.capacityOf(db, room, offer.id);
    const message = of === 'offer' ? `"${offer.name}" has reached its maximum capacity` : 'Event has reached maximum capacity';
    throw new DomainError('places_unavailable', message, { wanted: 1, capacity });
  }
}

type Work = {
  db: Kysely<DB>;
  by: Organizer;
  room: rooms.Room;
  offer: rooms.Room['offers'][number];
  participant: { ref: string; details: string };
  orderId: string | undefined;
};

/** Claims a place and confirms it, in one transaction. */
const place = ({ db, by, room, offer, participant, orderId }: Work, keys: TicketKeys): Promise<string> =>
  whole(db, participant.ref, async (tx) => {
    const order = await claim(tx, {
      actor: by,
      eventId: room.id,
      want: { offers: [{ offerId: offer.id, quantity: 1 }] },
      orderId,
      terms: { holdSeconds: HOLD_SECONDS, maxPlaces: 1, complimentary: true, participant },
    });
    await confirmPlaced(tx, order.id, keys);
    await participants.tell(tx, 'registration.created', [order.id]);
    return order.id;
  });

/** Goes to the end of the line. The line is woken by that, so a place that has become free meanwhile is not missed. */
const wait = ({ db, by, room, offer, participant, orderId }: Work): Promise<string> =>
  whole(db, participant.ref, async (tx) => {
    const id = await line.join(tx, { eventId: room.id, accountId: by.id, id: orderId, participant, offerId: offer.id });
    await participants.tell(tx, 'waitlist.added', [id]);
    return id;
  });

/** A transaction that makes an order of the participant: of two at once the unique index lets one. */
async function whole<T>(db: Kysely<DB>, participant: string, work: (tx: Transaction<DB>) => Promise<T>): Promise<T> {
  const run = () => despiteDeadlocks(() => db.transaction().execute(work));
  return run().catch((error: { constraint?: string }) => {
    if (error.constraint === 'orders_participant') throw alreadyRegistered(participant);
    // The event's currency was changed in this very moment: with the new one it is another statement.
    if (error.constraint === 'orders_event_currency') return run();
    throw error;
  });
}

/** What is left out stays as it is. Of the details, what is given replaces what is there, key by key; null takes a key away. */
export type Revision = { offer?: string; details?: participants.Details };

/**
 * Changes what a participant is registered for, and what is kept about them; all of it or nothing. Who waits keeps the place in the line.
 * @throws DomainError order_not_found | invalid (ticketType, metadata) | order_not_payable (cancelled, or used) | event_not_on_sale |
 *   places_unavailable (`capacity`): the other offer is full, and the registration is as it was
 */
export async function revise(
  db: Kysely<DB>,
  by: Organizer,
  number: number | undefined,
  revision: Revision,
): Promise<participants.ParticipantView> {
  const found = await participants.findByNumber(db, by.id, number);
  const room = await rooms.find(db, by.id, found.event.id);
  const offer = revision.offer === undefined ? undefined : offerNamed(room, revision.offer);
  try {
    await despiteDeadlocks(() => db.transaction().execute((tx) => change(tx, found.id, offer, revision.details ?? {})));
  } catch (error) {
    if (!offer || !isRefusal(error, 'places_unavailable')) throw error;
    const { of: _, ...capacity } = await rooms.capacityOf(db, room, offer.id);
    throw new DomainError('places_unavailable', error.message, { ...error.details, capacity });
  }
  return (await participants.find(db, found.id))!;
}

async function change(
  tx: Transaction<DB>,
  orderId: string,
  offer: rooms.Room['offers'][number] | undefined,
  changes: participants.Details,
): Promise<void> {
  await line.lock(tx, orderId);
  const { status } = await lock(tx, orderId);
  if (status !== 'confirmed' && status !== 'waiting')
    throw new DomainError('order_not_payable', `This registration is ${status === 'pending' ? 'not confirmed yet' : 'cancelled'}.`, {
      status,
    });

  const now = (await participants.find(tx, orderId))!;
  const details = Object.fromEntries(Object.entries({ ...now.details, ...changes }).filter(([key]) => changes[key] !== null));
  checkDetails(details, (offer ?? now.offer)?.name ?? participants.ANY_TYPE);
  await participants.describe(tx, orderId, details);
  if (!offer || offer.id === now.offer?.id) return;
  if (status === 'confirmed') await exchange(tx, orderId, offer.id);
  else if (!(await line.wishFor(tx, orderId, offer.id))) throw new DomainError('event_not_on_sale', 'This is not on sale now.');
}

/**
 * Cancels a participant's registration: the place is the next one's when this returns. Cancelling twice is cancelling once.
 * @throws DomainError order_not_found | order_not_cancellable (the event has begun, or the ticket was used)
 */
export async function withdraw(db: Kysely<DB>, by: Organizer, number: number | undefined): Promise<participants.ParticipantView> {
  const found = await participants.findByNumber(db, by.id, number);
  if (found.status === 'cancelled' || found.status === 'expired') return found;
  if (found.status !== 'waiting' || !(await leave(db, found.id))) await cancelPlaced(db, by, found.id);
  return (await participants.find(db, found.id))!;
}

/** Out of the line. False: it has a place by now, or was cancelled this moment. */
const leave = (db: Kysely<DB>, orderId: string): Promise<boolean> =>
  db.transaction().execute(async (tx) => {
    if (!(await line.leave(tx, orderId))) return false;
    await participants.tell(tx, 'registration.cancelled', [orderId]);
    return true;
  });

async function cancelPlaced(db: Kysely<DB>, by: Organizer, orderId: string): Promise<void> {
  await cancel(db, orderId, by, { reason: 'cancelled by the organizer' }).catch((error) => {
    // One that left the line this moment was never placed: for orders it is not there.
    if (!isRefusal(error, 'order_not_found')) throw error;
  });
}
