// Reads a ticket's code and verifies its signature, without asking anybody. services/tickets/codes.ts and participantCodes.ts write them.
import { verifyAsync } from './noble-ed25519.js';

/**
 * A genuine code: of one ticket, or of an order whose tickets it admits. `event` is the beginning of the event's id, 12 hex digits. A participant's
 * code says neither ticket nor event to whoever has no secret: its `id` is the digest by which the list of guests names it.
 * @typedef {{ kind: 'ticket' | 'order', id: string, event: string } | { kind: 'participant', id: string, event?: undefined }} Coded
 * @typedef {{ kid: string, x: string }} Key
 */

const KINDS = /** @type {const} */ ([
  { prefix: 'BT2.', what: 'ticket:', kind: 'ticket' },
  { prefix: 'BO2.', what: 'order:', kind: 'order' },
]);
/** Event, who, when, checksum. */
const PARTICIPANT = /^([^:\s]{1,900}:[\w-]{43,200}:\d{1,11}):([\w-]{88})$/;
const DIGEST_BYTES = 16;
const KEY_BYTES = 2;
const EVENT_BYTES = 6;
const SIGNED_BYTES = KEY_BYTES + EVENT_BYTES + 16;
const CODE_BYTES = SIGNED_BYTES + 64;

/** @param {Uint8Array} bytes */
const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');

/** @param {string} text base64url; undefined if it is not the one writing of its bytes. */
function fromBase64Url(text) {
  if (!/^[\w-]+$/.test(text)) return undefined;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const again = btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    return again === text ? Uint8Array.from(binary, (c) => c.charCodeAt(0)) : undefined;
  } catch {
    return undefined;
  }
}

/** How the code of an event's tickets names the event. @param {string} eventId */
export const eventTag = (eventId) => eventId.replaceAll('-', '').slice(0, 2 * EVENT_BYTES);

/** A scanned text without what scanners add around it. @param {string} scanned */
export const trimmed = (scanned) => scanned.replace(/^[\s\uFEFF]+|[\s\uFEFF]+$/g, '');

/** Whether the text has the form of a code, genuine or not. @param {string} text */
export const looksLikeCode = (text) => KINDS.some(({ prefix }) => trimmed(text).startsWith(prefix)) || PARTICIPANT.test(trimmed(text));

/**
 * What the scanned text stands for; undefined if none of the keys signed it.
 * @param {Key[]} keys
 * @param {string} scanned
 * @returns {Promise<Coded | undefined>}
 */
export async function readCode(keys, scanned) {
  const code = trimmed(scanned);
  const [, said, checksum] = PARTICIPANT.exec(code) ?? [];
  if (said && checksum) return readParticipantCode(keys, code, said, checksum);

  const kind = KINDS.find(({ prefix }) => code.startsWith(prefix));
  const bytes = kind && fromBase64Url(code.slice(kind.prefix.length));
  if (!kind || bytes?.length !== CODE_BYTES) return undefined;

  const signed = bytes.subarray(0, SIGNED_BYTES);
  if (!(await isGenuine(keys, signed.subarray(0, KEY_BYTES), kind.what, signed, bytes.subarray(SIGNED_BYTES)))) return undefined;
  const id = hex(signed.subarray(KEY_BYTES + EVENT_BYTES)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { kind: kind.kind, id, event: hex(signed.subarray(KEY_BYTES, KEY_BYTES + EVENT_BYTES)) };
}

/** @param {Key[]} keys @param {string} code @param {string} said @param {string} checksum @returns {Promise<Coded | undefined>} */
async function readParticipantCode(keys, code, said, checksum) {
  const bytes = fromBase64Url(checksum);
  if (!bytes) return undefined;
  const id = bytes.subarray(0, KEY_BYTES);
  const signed = new Uint8Array([...id, ...new TextEncoder().encode(said)]);
  if (!(await isGenuine(keys, id, 'participant:', signed, bytes.subarray(KEY_BYTES)))) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code)));
  return { kind: 'participant', id: hex(digest.subarray(0, DIGEST_BYTES)) };
}

/**
 * Whether the key of that id signed `what` and `signed`.
 * @param {Key[]} keys @param {Uint8Array} id @param {string} what @param {Uint8Array} signed @param {Uint8Array} signature
 */
async function isGenuine(keys, id, what, signed, signature) {
  const key = keys.find(({ kid }) => kid === hex(id));
  const publicKey = key && fromBase64Url(key.x);
  if (!publicKey) return false;
  const message = new Uint8Array([...new TextEncoder().encode(what), ...signed]);
  return verifyAsync(signature, message, publicKey).catch(() => false);
}
