// Admission: the one place where a ticket lets somebody in, whichever API or door asks.
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';
import { DomainError } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
import { type AdmissionRow, type Asked, admissionStatement, answersStatement, type Outcome, type ScannedFacts } from './admission.ts';
import { readCode } from './codes.ts';
import type { TicketKeys } from './keys.ts';

export type { Outcome, ScannedFacts } from './admission.ts';

export type Scan = {
  /** As the scanner read it: the code of a ticket, or of an order, which admits all of its tickets that are not used. */
  code?: string;
  /** Or a ticket's id: its holder was found by name. */
  ticketId?: string;
  /** Names this scan, so that the same answer is given when it is asked again. */
  nonce?: string;
  /** When it was made, where that is not now: at most a week ago, and never later than now. */
  at?: Date;
  /** The gate had no network and decided alone: somebody went in, or was sent away. */
  letIn?: boolean;
};

/** Where scans are made: only tickets of this event admit there. */
export type Door = { eventId?: string; gate?: string };

/** `usedAt`, `usedBy`, `usedGate`: when, by whose scan and where somebody was let in by this ticket, now or before. `people`: how many it lets in now. */
export type Admission = {
  outcome: Outcome;
  ticketId?: string;
  orderId?: string;
  people?: number;
  usedAt?: Date;
  usedBy?: string;
  usedGate?: string;
  /** Somebody went in whom this refuses: the gate could not know. */
  conflict?: true;
  facts?: ScannedFacts;
};

/**
 * Admits by one scan, in one statement: of two scanners at one instant one admits, and the other hears when the first did. Each scan of a
 * genuine code is kept. A nonce that comes again gets the answer it got before.
 * @throws DomainError forbidden (the event is another organizer's; nothing of the ticket is told) | key_reused (the nonce named another code)
 */
export async function admit(db: Kysely<DB>, keys: TicketKeys, by: Manager, scan: Scan, door: Door = {}): Promise<Admission> {
  const [admission] = await decide(db, keys, by, [scan], door);
  if (admission === 'forbidden') throw new DomainError('forbidden', 'This ticket is for an event of another organizer.');
  if (admission === 'reused') throw new DomainError('key_reused', 'This nonce named another scan before.');
  return admission!;
}

/**
 * The same for many scans at a door of one event, in their order and in one statement. A ticket of somebody else's event is of another
 * event there, and a nonce that named another code before names no ticket.
 */
export async function admitAll(
  db: Kysely<DB>,
  keys: TicketKeys,
  by: Manager,
  scans: Scan[],
  door: Door & { eventId: string },
): Promise<Admission[]> {
  const all = await decide(db, keys, by, scans, door);
  return all.map((a) => (a === 'forbidden' ? { outcome: 'other_event' } : a === 'reused' ? { outcome: 'unknown_code' } : a));
}

type Decided = Admission | 'forbidden' | 'reused';

async function decide(db: Kysely<DB>, keys: TicketKeys, by: Manager, scans: Scan[], door: Door): Promise<Decided[]> {
  const unknown = (scan: Scan): Admission => ({ outcome: 'unknown_code', ...(scan.letIn && { conflict: true }) });
  const asked = scans.map((scan) => ask(keys, scan));
  const genuine = asked.filter((a) => a !== undefined);
  if (!genuine.length) return scans.map(unknown);

  const answers = new Map<Asked, Decided>();
  const where = { ...by, eventId: door.eventId ?? null, gate: door.gate ?? null };
  const { rows } = await admissionStatement(genuine, where).execute(db);
  for (const row of rows) if (row.noted || !row.may) answers.set(genuine[row.n - 1]!, row.may ? admission(row) : 'forbidden');

  // These nonces have been answered before, or are being answered this moment.
  const repeated = rows.filter((row) => row.may && !row.noted).map((row) => genuine[row.n - 1]!);
  if (repeated.length) await repeat(db, by, repeated, answers);
  return asked.map((a, i) => (a && answers.get(a)) ?? unknown(scans[i]!));
}

function ask(keys: TicketKeys, scan: Scan): Asked | undefined {
  const { ticketId = null, orderId = null } = scan.code !== undefined ? (readCode(keys, scan.code) ?? {}) : { ticketId: scan.ticketId };
  if (!orderId && !(ticketId && isUuid(ticketId))) return undefined;
  return { id: randomUUID(), ticketId, orderId, nonce: scan.nonce ?? null, at: scan.at ?? null, letIn: scan.letIn ?? null };
}

/** Puts the answers that these scans' nonces got before into `answers`. */
async function repeat(db: Kysely<DB>, by: Manager, asked: Asked[], answers: Map<Asked, Decided>): Promise<void> {
  const { rows } = await answersStatement(asked, by.accountId).execute(db);
  for (const a of asked) {
    const row = rows.find(({ nonce }) => nonce === a.nonce);
    if (row) answers.set(a, row.asked_ticket === a.ticketId && row.asked_order === a.orderId ? admission(row) : 'reused');
  }
}

const admission = (row: Omit<AdmissionRow, 'n' | 'may' | 'noted'>): Admission => ({
  outcome: row.outcome,
  orderId: row.order_id,
  facts: row.facts,
  ...(row.ticket_id && { ticketId: row.ticket_id }),
  ...(row.outcome === 'admitted' && { people: row.people }),
  ...(row.used_at && { usedAt: row.used_at, usedBy: row.used_by ?? undefined, usedGate: row.used_gate ?? undefined }),
  ...(row.let_in && row.outcome !== 'admitted' && { conflict: true as const }),
});
