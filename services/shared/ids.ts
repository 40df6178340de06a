// Ids from outside: what cannot be a UUID names nothing, and never reaches Postgres where it would be a syntax error.
import { type RawBuilder, sql } from 'kysely';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for anything Postgres reads as a uuid in its usual form, whatever its version. */
export const isUuid = (text: string): boolean => UUID.test(text);

/**
 * A few ids as an SQL array, element by element. Of an array that is one parameter Postgres guesses ten elements, finds a plan made for
 * the real ones cheaper than its kept one, and so plans the statement anew at every call: for a claim four times the cost of running it.
 * Only for short lists: each length is a prepared statement of its own.
 */
export const uuids = (ids: string[]): RawBuilder<string[]> => sql`array[${sql.join(ids)}]::uuid[]`;
