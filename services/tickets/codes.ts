// Codes that a scanner reads: each kind has a prefix and a signature, so that a forged one is refused without a look-up.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isUuid } from '../shared/ids.ts';

/** What a genuine code stands for: a ticket, or an order whose tickets it admits together. */
export type Coded = { ticketId: string; orderId?: never } | { orderId: string; ticketId?: never };

type Codec = { prefix: string; read(secret: string, code: string): Coded | undefined };

const mac = (secret: string, what: string, id: Buffer) => createHmac('sha256', secret).update(what).update(id).digest();
const bytesOf = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex');
const uuidOf = (bytes: Buffer) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Prefix + base64url(id, 16 bytes; MAC, 12 bytes). 96 bits of HMAC-SHA-256 leave nothing to guess at a door. */
function sign(secret: string, prefix: string, what: string, id: string): string {
  const bytes = bytesOf(id);
  return prefix + Buffer.concat([bytes, mac(secret, what, bytes).subarray(0, 12)]).toString('base64url');
}

/** The id in such a code, if it is genuine. */
function read(secret: string, prefix: string, what: string, code: string): string | undefined {
  const bytes = Buffer.from(code.slice(prefix.length), 'base64url');
  const id = bytes.subarray(0, 16);
  if (bytes.length !== 28 || !timingSafeEqual(bytes.subarray(16), mac(secret, what, id).subarray(0, 12))) return undefined;
  // base64url may be written in ways that mean the same bytes, and only one of them is the code.
  return code === sign(secret, prefix, what, uuidOf(id)) ? uuidOf(id) : undefined;
}

const TICKET = { prefix: 'BT1.', what: 'ticket:' };
const ORDER = { prefix: 'BO1.', what: 'order:' };

/** The code of one ticket, as its QR says it. */
export const signCode = (secret: string, ticketId: string): string => sign(secret, TICKET.prefix, TICKET.what, ticketId);

/** The code of all tickets of an order. */
export const signOrderCode = (secret: string, orderId: string): string => sign(secret, ORDER.prefix, ORDER.what, orderId);

const codec = ({ prefix, what }: typeof TICKET, coded: (id: string) => Coded): Codec => ({
  prefix,
  read(secret, code) {
    const id = read(secret, prefix, what, code);
    return id === undefined ? undefined : coded(id);
  },
});

const CODECS: Codec[] = [codec(TICKET, (ticketId) => ({ ticketId })), codec(ORDER, (orderId) => ({ orderId }))];
const MAX_LENGTH = 256;

/** A code as a scanner hands it over, without what it adds: blanks and line ends around it, a byte order mark. Nothing else is forgiven. */
export const trimmed = (scanned: string): string => scanned.replace(/^[\s\uFEFF]+|[\s\uFEFF]+$/g, '');

/** What the scanned text stands for, if it is a genuine code. Signatures are compared in constant time. */
export function readCode(secret: string, scanned: string): Coded | undefined {
  const code = trimmed(scanned);
  if (code.length > MAX_LENGTH) return undefined;
  return CODECS.find(({ prefix }) => code.startsWith(prefix))?.read(secret, code);
}

/** What makes the address of the picture of a ticket's or an order's code unguessable: pages and mails show it to whoever has the address, without a sign-in. */
export const pictureKey = (secret: string, id: string): string =>
  mac(secret, 'picture:', bytesOf(id)).subarray(0, 18).toString('base64url');

/** Whether that is the key of that picture, compared in constant time. */
export function isPictureKey(secret: string, id: string, key: string): boolean {
  // The key is made of the id's bytes: with its dashes elsewhere it would fit, and Postgres does not read such an id.
  if (!isUuid(id)) return false;

  const [given, own] = [Buffer.from(key), Buffer.from(pictureKey(secret, id))];
  return given.length === own.length && timingSafeEqual(given, own);
}
