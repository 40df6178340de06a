// The keys that sign tickets' codes: whoever has the public half can tell a genuine code, without us and without a network.
import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from 'node:crypto';

/** One Ed25519 key. `id` stands in each code that it signed; `kid` is the same in hex; `x` the public half, 32 bytes in base64url. */
export type TicketKey = {
  id: Buffer;
  kid: string;
  x: string;
  sign(bytes: Buffer): Buffer;
  verifies(bytes: Buffer, signature: Buffer): boolean;
};

/** The keys of a house: the current one signs, all of them verify. */
export type TicketKeys = {
  current: TicketKey;
  all: readonly TicketKey[];
  /** What they are derived from, the current one first. */
  secrets: readonly [string, ...string[]];
};

/** A public key as JSON (RFC 8037). */
export type PublicKey = { kty: 'OKP'; crv: 'Ed25519'; kid: string; x: string; use: 'sig' };

/** Bytes of a key's id in a code. */
export const KEY_ID_BYTES = 2;

/** An Ed25519 private key of 32 bytes as PKCS #8 (RFC 8410): this, and the bytes. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** A public key of 32 bytes in DER is so long, and ends with them. */
const SPKI_BYTES = 44;

/**
 * The keys made of secrets (TICKET_SECRET, and the former ones that still verify): a secret is replaced by making it a former one.
 * Throws where two of them would have the same id, because a code names its key by that.
 */
export function ticketKeys({ secret, former }: { secret: string; former: readonly string[] }): TicketKeys {
  const secrets = [secret, ...former] as const;
  const all = secrets.map(keyOf);
  if (new Set(all.map(({ kid }) => kid)).size < all.length)
    throw new Error('two ticket secrets make keys of the same id: choose another secret');
  return { current: all[0]!, all, secrets };
}

/** The public halves, the current one first. */
export const publicKeys = ({ all }: TicketKeys): PublicKey[] =>
  all.map(({ kid, x }) => ({ kty: 'OKP', crv: 'Ed25519', kid, x, use: 'sig' }));

function keyOf(secret: string): TicketKey {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'billetter: signing of tickets', 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const raw = rawOf(publicKey);
  const id = createHash('sha256').update(raw).digest().subarray(0, KEY_ID_BYTES);
  return {
    id,
    kid: id.toString('hex'),
    x: raw.toString('base64url'),
    sign: (bytes) => sign(null, bytes, privateKey),
    verifies: (bytes, signature) => verify(null, bytes, publicKey, signature),
  };
}

function rawOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI_BYTES - 32);
}
