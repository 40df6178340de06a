// Codes that a scanner reads: each kind has a prefix and a signature, so that a forged one is refused without a look-up.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isUuid } from '../shared/ids.ts';

/** What a genuine code stands for. */
export type Coded = { ticketId: string };

type Codec = { prefix: string; read(secret: string, code: string): Coded | undefined };

const mac = (secret: string, what: string, id: Buffer) => createHmac('sha256', secret).update(what).update(id).digest();
const bytesOf = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex');
const uuidOf = (bytes: Buffer) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** The code in the QR: `BT1.` + base64url(ticket id, 16 bytes; MAC, 12 bytes). 96 bits of HMAC-SHA-256 leave nothing to guess at a door. */
export function signCode(secret: string, ticketId: string): string {
  const id = bytesOf(ticketId);
  return `BT1.${Buffer.concat([id, mac(secret, 'ticket:', id).subarray(0, 12)]).toString('base64url')}`;
}

const TICKET: Codec = {
  prefix: 'BT1.',
  read(secret, code) {
    const bytes = Buffer.from(code.slice(4), 'base64url');
    const id = bytes.subarray(0, 16);
    // Compared as text too: base64url may be written in ways that mean the same bytes, and only one of them is the code.
    if (bytes.length !== 28 || !timingSafeEqual(bytes.subarray(16), mac(secret, 'ticket:', id).subarray(0, 12))) return undefined;
    return code === signCode(secret, uuidOf(id)) ? { ticketId: uuidOf(id) } : undefined;
  },
};

const CODECS: Codec[] = [TICKET];
const MAX_LENGTH = 256;

/** A code as a scanner hands it over, without what it adds: blanks and line ends around it, a byte order mark. Nothing else is forgiven. */
export const trimmed = (scanned: string): string => scanned.replace(/^[\s\uFEFF]+|[\s\uFEFF]+$/g, '');

/** What the scanned text stands for, if it is a genuine code. Signatures are compared in constant time. */
export function readCode(secret: string, scanned: string): Coded | undefined {
  const code = trimmed(scanned);
  if (code.length > MAX_LENGTH) return undefined;
  return CODECS.find(({ prefix }) => code.startsWith(prefix))?.read(secret, code);
}

/** What makes the address of a ticket's picture unguessable: pages and mails show it to whoever has the address, without a sign-in. */
export const pictureKey = (secret: string, ticketId: string): string =>
  mac(secret, 'picture:', bytesOf(ticketId)).subarray(0, 18).toString('base64url');

/** Whether that is the key of the ticket's picture, compared in constant time. */
export function isPictureKey(secret: string, ticketId: string, key: string): boolean {
  // The key is made of the id's bytes: with its dashes elsewhere it would fit, and Postgres does not read such an id.
  if (!isUuid(ticketId)) return false;

  const [given, own] = [Buffer.from(key), Buffer.from(pictureKey(secret, ticketId))];
  return given.length === own.length && timingSafeEqual(given, own);
}
