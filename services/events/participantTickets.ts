// Tickets of an organizer's participants: looked up by their registration, and used at the door by the organizer's own program.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';

import * as participants from '../orders/participants.ts';
import { DomainError, isRefusal } from '../shared/errors.ts';
import { type Admission, admit } from '../tickets/checkIns.ts';
import type { TicketKeys } from '../tickets/keys.ts';
import type { Organizer } from './enrolling.ts';
import * as rooms from './room.ts';

/** A registration with its ticket. */
export type WithTicket = participants.ParticipantView & { ticket: NonNullable<participants.ParticipantView['ticket']> };

/**
 * The registration of this number, with its ticket. A ticket is issued when its registration is confirmed, so this makes none, and whoever asks
 * again gets the same.
 * @throws DomainError order_not_found | order_unconfirmed (it waits) | order_cancelled
 */
export async function find(db: Kysely<DB>, accountId: string, number: number | undefined): Promise<WithTicket> {
  const found = await participants.findByNumber(db, accountId, number);
  const { ticket, status } = found;
  if (ticket) return { ...found, ticket };
  throw status === 'waiting' || status === 'pending'
    ? new DomainError('order_unconfirmed', 'This registration is waitlisted: it has a ticket once it is confirmed.')
    : new DomainError('order_cancelled', 'This registration is cancelled.');
}

export type Validation = {
  /** By id or slug: only tickets of this event are let in. */
  event: string;
  code: string;
  /** Names this scan: again with the same code it gets the same answer. */
  nonce?: string;
};

/** Somebody is in. `participant` is undefined where the ticket was sold, and not a registration's. */
export type Validated = { event: rooms.Room; admission: Admission; participant: participants.ParticipantView | undefined };

/**
 * Checks a ticket in, once. Of a code for somebody else's event nothing is told, not even that it is one.
 * @throws DomainError event_not_found | ticket_unknown | ticket_elsewhere | ticket_used | ticket_void | order_unconfirmed | event_over |
 *   event_cancelled | key_reused (the nonce named another code)
 */
export async function validate(db: Kysely<DB>, by: Organizer, { event, code, nonce }: Validation, keys: TicketKeys): Promise<Validated> {
  const room = await rooms.find(db, by.id, event);
  const admission = await admit(db, keys, { accountId: by.id, admin: false }, { code, nonce }, { eventId: room.id }).catch((error) => {
    if (isRefusal(error, 'forbidden')) throw unknown();
    throw error;
  });
  if (admission.outcome !== 'admitted') throw refusal(admission, room);
  return { event: room, admission, participant: await participants.find(db, admission.orderId!) };
}

const unknown = () => new DomainError('ticket_unknown', 'This is not the code of a ticket for an event of yours.');

function refusal({ outcome, usedAt: at, usedGate: gate }: Admission, { id: eventId }: rooms.Room): DomainError {
  switch (outcome) {
    case 'already_used':
      return new DomainError('ticket_used', 'Somebody was checked in with this ticket before.', { at, gate });
    case 'void':
      return new DomainError('ticket_void', 'This ticket is void: its registration was cancelled, or it was paid back.');
    case 'not_paid':
      return new DomainError('order_unconfirmed', 'What this code is of is not confirmed.');
    case 'other_event':
      return new DomainError('ticket_elsewhere', 'This ticket is for another event.');
    case 'event_over':
      return new DomainError('event_over', 'This event is over.', { eventId });
    case 'event_cancelled':
      return new DomainError('event_cancelled', 'This event is cancelled.', { eventId });
    default:
      return unknown();
  }
}
