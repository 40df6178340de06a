// Ids from outside: a text that is no UUID names nothing, and must not reach Postgres, where it is a syntax error.
import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for anything Postgres reads as a uuid in its usual form, whatever its version. */
export const isUuid = (text: string): boolean => UUID.test(text);

/**
 * A few ids as an SQL array with a parameter for each. With the array as one parameter Postgres plans the statement anew at every call
 * (it guesses ten elements, so that a plan for the real number looks cheaper than the cached one), which costs four times what a claim
 * itself does. Only for short lists, because each length is a prepared statement of its own.
 */
export const uuids = (ids: (string | RawBuilder<string>)[]): RawBuilder<string[]> => sql`array[${sql.join(ids)}]::uuid[]`;

/** The id that is always this text's: of a thing that must be told once, however often it is noticed. (A UUID of version 8.) */
export function idOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return uuidOf(bytes);
}

/** The 16 bytes of a UUID, and the UUID of 16 bytes. */
export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');
export const uuidOf = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
