// Reads a ticket's code and verifies its signature, without asking anybody. services/tickets/codes.ts writes them.
import { verifyAsync } from './noble-ed25519.js';

/**
 * A genuine code: of one ticket, or of an order whose tickets it admits. `event` is the beginning of the event's id, 12 hex digits.
 * @typedef {{ kind: 'ticket' | 'order', id: string, event: string }} Coded
 * @typedef {{ kid: string, x: string }} Key
 */

const KINDS = /** @type {const} */ ([
  { prefix: 'BT2.', what: 'ticket:', kind: 'ticket' },
  { prefix: 'BO2.', what: 'order:', kind: 'order' },
]);
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
export const looksLikeCode = (text) => KINDS.some(({ prefix }) => trimmed(text).startsWith(prefix));

/**
 * What the scanned text stands for; undefined if none of the keys signed it.
 * @param {Key[]} keys
 * @param {string} scanned
 * @returns {Promise<Coded | undefined>}
 */
export async function readCode(keys, scanned) {
  const code = trimmed(scanned);
  const kind = KINDS.find(({ prefix }) => code.startsWith(prefix));
  const bytes = kind && fromBase64Url(code.slice(kind.prefix.length));
  if (!kind || bytes?.length !== CODE_BYTES) return undefined;

  const said = bytes.subarray(0, SIGNED_BYTES);
  const key = keys.find(({ kid }) => kid === hex(said.subarray(0, KEY_BYTES)));
  const publicKey = key && fromBase64Url(key.x);
  if (!publicKey) return undefined;
  const message = new Uint8Array([...new TextEncoder().encode(kind.what), ...said]);
  const genuine = await verifyAsync(bytes.subarray(SIGNED_BYTES), message, publicKey).catch(() => false);
  if (!genuine) return undefined;

  const id = hex(said.subarray(KEY_BYTES + EVENT_BYTES)).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { kind: kind.kind, id, event: hex(said.subarray(KEY_BYTES, KEY_BYTES + EVENT_BYTES)) };
}
