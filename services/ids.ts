// Ids from outside: what cannot be a UUID names nothing, and never reaches Postgres where it would be a syntax error.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for anything Postgres reads as a uuid in its usual form, whatever its version. */
export const isUuid = (text: string): boolean => UUID.test(text);
