// Tokens sent by mail. The database has only their digests; a mail's row has a seed, of which whoever holds the secret makes the token again.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';

/** So long a token is good: as long as its mail may wait for a mail server (mails.MAIL_LIFE). */
export const TOKEN_DAYS = 3;

/** The token of a seed, 43 signs of base64url. Every try to send a mail carries the same one, and a copy of the database carries none. */
export const tokenOf = (secret: string, seed: string): string =>
  createHmac('sha256', secret).update(`token by mail/${seed}`).digest('base64url');

export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** A new token: the seed of 256 random bits for its mail, and the digest to keep. */
export function makeToken(secret: string): { seed: string; digest: Buffer } {
  const seed = randomBytes(32).toString('base64url');
  return { seed, digest: digestOf(tokenOf(secret, seed)) };
}

/** Deletes tokens that expired more than a day ago: until then a second use is told apart from a token nobody knows. Returns how many. */
export async function prune(db: Kysely<DB>): Promise<number> {
  const gone = await sql`delete from account_tokens where expires_at < now() - interval '1 day'`.execute(db);
  return Number(gone.numAffectedRows ?? 0);
}
