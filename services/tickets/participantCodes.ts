// Codes of participants' tickets, `{event}:{participant}:{timestamp}:{checksum}`: whose they are is read with the house's secret alone.
//
// The participant's part is the ticket's id and the participant's own, encrypted. The checksum is a signature over all that stands before it:
// whoever has the public key can tell, without us and without a network, that we issued the code, for which event and when.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { uuidBytes, uuidOf } from '../shared/ids.ts';
import { KEY_ID_BYTES, type TicketKeys } from './keys.ts';

/** What such a code is made of. `issuedAt` counts to the second. */
export type ParticipantTicket = { ticketId: string; event: string; participant: string; issuedAt: Date };

/**
 * Event: its slug, letters outside of ASCII percent-encoded, because scanners disagree about them. Participant: base64url(tag, ciphertext).
 * Timestamp: unix seconds. Checksum: base64url(key id, Ed25519 signature over "participant:", key id and the text before the last colon).
 */
const SHAPE = /^([^:\s]{1,900}):([\w-]{43,200}):(\d{1,11}):([\w-]{88})$/;
const ID_BYTES = 16;
const TAG_BYTES = 16;
/** Of a longer id the beginning: a code names its ticket anyway, and a QR code that says more is hard to scan. */
const PARTICIPANT_BYTES = 64;

/** The code of a participant's ticket: of the same ticket and key always the same. */
export function signParticipantCode(keys: TicketKeys, ticket: ParticipantTicket): string {
  const event = encodeURIComponent(ticket.event);
  const timestamp = Math.floor(ticket.issuedAt.getTime() / 1000);
  const said = Buffer.concat([uuidBytes(ticket.ticketId), beginning(ticket.participant)]);
  const text = `${event}:${encrypt(keys.secrets[0], `${event}:${timestamp}`, said)}:${timestamp}`;
  const { id, sign } = keys.current;
  return `${text}:${Buffer.concat([id, sign(signed(id, text))]).toString('base64url')}`;
}

/** What the code says, if it is genuine; its text without anything around it. */
export function readParticipantCode(keys: TicketKeys, code: string): ParticipantTicket | undefined {
  const [, event, hidden, timestamp, checksum] = SHAPE.exec(code) ?? [];
  if (!event || !hidden || !timestamp || !checksum) return undefined;
  const bytes = Buffer.from(checksum, 'base64url');
  const at = keys.all.findIndex(({ id }) => id.equals(bytes.subarray(0, KEY_ID_BYTES)));
  const text = code.slice(0, -checksum.length - 1);
  // Only the canonical writing of the checksum is one. All that stands before it is signed as it is written.
  if (at < 0 || bytes.toString('base64url') !== checksum) return undefined;
  if (!keys.all[at]!.verifies(signed(keys.all[at]!.id, text), bytes.subarray(KEY_ID_BYTES))) return undefined;

  const said = decrypt(keys.secrets[at]!, `${event}:${timestamp}`, hidden);
  if (!said || said.length < ID_BYTES) return undefined;
  return {
    ticketId: uuidOf(said.subarray(0, ID_BYTES)),
    event: decodeURIComponent(event),
    participant: said.subarray(ID_BYTES).toString(),
    issuedAt: new Date(Number(timestamp) * 1000),
  };
}

const signed = (keyId: Buffer, text: string): Buffer => Buffer.concat([Buffer.from('participant:'), keyId, Buffer.from(text)]);

/** So much of it as fits, in whole characters. */
function beginning(participant: string): Buffer {
  const all = Buffer.from(participant);
  let end = Math.min(all.length, PARTICIPANT_BYTES);
  while (end < all.length && (all[end]! & 0xc0) === 0x80) end--;
  return all.subarray(0, end);
}

/*
 * Deterministic authenticated encryption as RFC 5297 composes it, a synthetic IV and a counter mode, with HMAC-SHA-256 for its PRF, because
 * node:crypto has no AES-SIV: the same ticket has the same code, and no nonce can come twice for two of them, as the ticket's id is in the text.
 */
const keyFor = (secret: string, what: string) =>
  Buffer.from(hkdfSync('sha256', secret, '', `billetter: participants in codes, ${what}`, 32));

const tagOf = (secret: string, beside: string, text: Buffer) =>
  createHmac('sha256', keyFor(secret, 'tag')).update(beside).update('\0').update(text).digest().subarray(0, TAG_BYTES);

function encrypt(secret: string, beside: string, text: Buffer): string {
  const tag = tagOf(secret, beside, text);
  const cipher = createCipheriv('aes-256-ctr', keyFor(secret, 'text'), tag);
  return Buffer.concat([tag, cipher.update(text), cipher.final()]).toString('base64url');
}

function decrypt(secret: string, beside: string, hidden: string): Buffer | undefined {
  const bytes = Buffer.from(hidden, 'base64url');
  const tag = bytes.subarray(0, TAG_BYTES);
  const cipher = createDecipheriv('aes-256-ctr', keyFor(secret, 'text'), tag);
  const text = Buffer.concat([cipher.update(bytes.subarray(TAG_BYTES)), cipher.final()]);
  return timingSafeEqual(tag, tagOf(secret, beside, text)) ? text : undefined;
}
