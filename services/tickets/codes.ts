// Codes that a scanner reads: each kind has a shape and a signature, so that a forged one is refused without a look-up.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isUuid, uuidBytes, uuidOf } from '../shared/ids.ts';
import { KEY_ID_BYTES, type TicketKeys } from './keys.ts';
import { readParticipantCode } from './participantCodes.ts';

/** What a genuine code stands for: a ticket, or an order whose tickets it admits together. */
export type Coded = { ticketId: string; orderId?: never } | { orderId: string; ticketId?: never };

/*
 * Prefix + base64url(key id, event tag, id, signature). A door without a network reads from the code alone that it is ours and of which
 * event: the tag is the beginning of the event's id, 48 random bits. 122 characters are the most that a QR of 45 modules holds.
 */
const EVENT_BYTES = 6;
const ID_BYTES = 16;
const SIGNED_BYTES = KEY_ID_BYTES + EVENT_BYTES + ID_BYTES;
const CODE_BYTES = SIGNED_BYTES + 64;
/** The longest are participants' with the name of their event in them. */
const MAX_LENGTH = 1_000;

type Kind = { prefix: string; what: string; coded(id: string): Coded };
const TICKET: Kind = { prefix: 'BT2.', what: 'ticket:', coded: (ticketId) => ({ ticketId }) };
const ORDER: Kind = { prefix: 'BO2.', what: 'order:', coded: (orderId) => ({ orderId }) };
const KINDS = [TICKET, ORDER];

function sign({ current }: TicketKeys, { prefix, what }: Kind, eventId: string, id: string): string {
  const said = Buffer.concat([current.id, uuidBytes(eventId).subarray(0, EVENT_BYTES), uuidBytes(id)]);
  return prefix + Buffer.concat([said, current.sign(Buffer.concat([Buffer.from(what), said]))]).toString('base64url');
}

/** The code of one ticket, as its QR says it. */
export const signCode = (keys: TicketKeys, ticket: { eventId: string; ticketId: string }): string =>
  sign(keys, TICKET, ticket.eventId, ticket.ticketId);

/** The code of all tickets of an order. */
export const signOrderCode = (keys: TicketKeys, order: { eventId: string; orderId: string }): string =>
  sign(keys, ORDER, order.eventId, order.orderId);

/** A code as a scanner hands it over, without what it adds: blanks and line ends around it, a byte order mark. Nothing else is forgiven. */
export const trimmed = (scanned: string): string => scanned.replace(/^[\s\uFEFF]+|[\s\uFEFF]+$/g, '');

/** What the scanned text stands for, if it is a genuine code, signed by any of the keys. */
export function readCode(keys: TicketKeys, scanned: string): Coded | undefined {
  const code = trimmed(scanned);
  if (code.length > MAX_LENGTH) return undefined;
  const kind = KINDS.find(({ prefix }) => code.startsWith(prefix));
  if (!kind) {
    const participants = readParticipantCode(keys, code);
    return participants && { ticketId: participants.ticketId };
  }

  const bytes = Buffer.from(code.slice(kind.prefix.length), 'base64url');
  // base64url may be written in ways that mean the same bytes, and only one of them is the code.
  if (bytes.length !== CODE_BYTES || code !== kind.prefix + bytes.toString('base64url')) return undefined;
  const said = bytes.subarray(0, SIGNED_BYTES);
  const key = keys.all.find(({ id }) => id.equals(said.subarray(0, KEY_ID_BYTES)));
  if (!key?.verifies(Buffer.concat([Buffer.from(kind.what), said]), bytes.subarray(SIGNED_BYTES))) return undefined;
  return kind.coded(uuidOf(said.subarray(KEY_ID_BYTES + EVENT_BYTES)));
}

const pictureMac = (secret: string, id: string) =>
  createHmac('sha256', secret).update('picture:').update(uuidBytes(id)).digest().subarray(0, 18).toString('base64url');

/** What makes the address of the picture of a ticket's or an order's code unguessable: pages and mails show it to whoever has the address, without a sign-in. */
export const pictureKey = ({ secrets }: TicketKeys, id: string): string => pictureMac(secrets[0], id);

/** Whether that is the key of that picture, made with any of the secrets, compared in constant time. */
export function isPictureKey({ secrets }: TicketKeys, id: string, key: string): boolean {
  // The key is made of the id's bytes: with its dashes elsewhere it would fit, and Postgres does not read such an id.
  if (!isUuid(id)) return false;

  const given = Buffer.from(key);
  return secrets.some((secret) => {
    const own = Buffer.from(pictureMac(secret, id));
    return given.length === own.length && timingSafeEqual(given, own);
  });
}
