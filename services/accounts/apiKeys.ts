// API keys: how an account's programs prove whose they are. A key is shown once and kept as a digest.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
import type { Role } from './accounts.ts';
import { digestOf, type KeyCaller, remember, type TokenKeys } from './verified.ts';

/** What a key may be for. */
export const SCOPES = ['registrations:read', 'registrations:write', 'tickets', 'events', 'webhooks'] as const;
export type Scope = (typeof SCOPES)[number];

/** `prefix`: the beginning of the key, by which people and the look-up know it. */
export type ApiKey = {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
  rotated_from: string | null;
};

/** A key just made, with the only copy of its secret. */
export type MadeKey = ApiKey & { token: string };

type Wish = { name: string; scopes: readonly Scope[]; expiresAt?: Date | null; rotatedFrom?: string };

const COLUMNS = ['id', 'name', 'prefix', 'created_at', 'expires_at', 'last_used_at', 'revoked_at', 'rotated_from'] as const;
const scopesOf = sql<Scope[]>`scopes`.as('scopes');

/** `bk_live_` and 32 random bytes. Keys of the local stack's seed say `bk_test_`. */
const TOKEN = /^bk_(live|test)_[\w-]{8,120}$/;
const PREFIX_LENGTH = 16;
/** So many keys of an account may work at once; each is counted by itself, so without a bound there would be no rate limit. */
export const MAX_KEYS = 50;
/** Most of an account's keys that a list shows. */
const MAX_LISTED = 200;
/** The key before may go on for a week at most after a rotation. */
export const MAX_OVERLAP_SECONDS = 604_800;
/** So long a gateway takes a key for good without looking. What was ended is refused sooner: `hearEnded`. */
const REMEMBERED_MS = 60_000;

const works = sql<boolean>`(revoked_at is null and (expires_at is null or expires_at > now()))`;

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/** What is kept of a key's secret. */
export const stored = (token: string) => ({ prefix: token.slice(0, PREFIX_LENGTH), digest: digest(token) });

/** Whether a text is meant as an API key, sound or not. */
export const looksLikeKey = (text: string): boolean => text.startsWith('bk_');

/**
 * Makes a key of the account. With no `expiresAt` it works until it is revoked.
 * @throws DomainError invalid (expiresAt) | limit_exceeded (50 work already) | account_not_found
 */
export async function make(db: Kysely<DB>, accountId: string, wish: Wish): Promise<MadeKey> {
  return db.transaction().execute(async (tx) => {
    await lockOwner(tx, accountId);
    return insert(tx, accountId, wish);
  });
}

/** One change of an account's keys at a time, so that they can be counted. */
async function lockOwner(tx: Transaction<DB>, accountId: string): Promise<void> {
  const owner = await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().executeTakeFirst();
  if (!owner) throw new DomainError('account_not_found', 'This account does not exist any more.');
}

async function insert(tx: Transaction<DB>, accountId: string, { name, scopes, expiresAt, rotatedFrom }: Wish): Promise<MadeKey> {
  const { rows } = await sql<{ keys: number; over: boolean }>`
    select count(*)::int as keys, coalesce(${expiresAt ?? null}::timestamptz <= now(), false) as over
    from api_keys where account_id = ${accountId}::uuid and ${works}`.execute(tx);
  const { keys, over } = rows[0]!;
  if (over) throw invalidField('expiresAt', 'A key must end in the future.');
  if (keys >= MAX_KEYS)
    throw new DomainError('limit_exceeded', `An account has ${MAX_KEYS} keys at most: revoke one that is not needed.`, { max: MAX_KEYS });

  const token = `bk_live_${randomBytes(32).toString('base64url')}`;
  const key = await tx
    .insertInto('api_keys')
    .values({
      account_id: accountId,
      name,
      ...stored(token),
      scopes: [...scopes],
      expires_at: expiresAt ?? null,
      rotated_from: rotatedFrom ?? null,
    })
    .returning([...COLUMNS, scopesOf])
    .executeTakeFirstOrThrow();
  return { ...key, token };
}

/** Keys of the account: those that work first, newest first, 200 at most. */
export async function list(db: Kysely<DB>, accountId: string): Promise<ApiKey[]> {
  return db
    .selectFrom('api_keys')
    .select([...COLUMNS, scopesOf])
    .where('account_id', '=', accountId)
    .orderBy(works, 'desc')
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(MAX_LISTED)
    .execute();
}

/**
 * Replaces a key by a new one with the same name, scopes and end. The old one ends now, or after `overlapSeconds`. `ended` is what
 * `refuseFrom` refuses once this is committed.
 * @throws DomainError not_found: the account has no such key that works
 */
export async function rotate(
  db: Kysely<DB>,
  accountId: string,
  id: string,
  overlapSeconds: number,
): Promise<{ made: MadeKey; ended: string[] }> {
  return db.transaction().execute(async (tx) => {
    await lockOwner(tx, accountId);
    const old = isUuid(id) && (await working(tx, accountId, id));
    if (!old) throw noKey();
    const ends =
      overlapSeconds > 0
        ? { expires_at: sql<Date>`least(expires_at, now() + make_interval(secs => ${overlapSeconds}))` }
        : { revoked_at: sql<Date>`now()` };
    await tx.updateTable('api_keys').set(ends).where('id', '=', id).execute();
    const { name, scopes, expires_at: expiresAt } = old;
    const made = await insert(tx, accountId, { name, scopes, expiresAt, rotatedFrom: old.id });
    return { made, ended: overlapSeconds > 0 ? [] : [old.id] };
  });
}

const working = (tx: Transaction<DB>, accountId: string, id: string) =>
  tx
    .selectFrom('api_keys')
    .select(['id', 'name', 'expires_at', scopesOf])
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where(works)
    .executeTakeFirst();

/**
 * Ends a key of the account for good; one that has ended stays as it is. Returns its id, which `refuseFrom` refuses here; the other gateways
 * hear of it.
 * @throws DomainError not_found
 */
export async function revoke(db: Kysely<DB>, accountId: string, id: string): Promise<string> {
  const row = isUuid(id)
    ? await db
        .updateTable('api_keys')
        .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
        .where('id', '=', id)
        .where('account_id', '=', accountId)
        .returning('id')
        .executeTakeFirst()
    : undefined;
  if (!row) throw noKey();
  return row.id;
}

const noKey = () => new DomainError('not_found', 'There is no such key.', { what: 'key' });

/**
 * Whose key this is. A process looks it up at most once a minute, and finds it by a keyed digest meanwhile. A minute later it also hears
 * of a change of its owner's role. `liveOnly`: keys of the local stack's seed, which everybody knows, are nobody's.
 * @throws DomainError token_expired | token_invalid
 */
export async function verify(db: Kysely<DB>, keys: TokenKeys, token: string, { liveOnly = false } = {}): Promise<KeyCaller> {
  const kind = TOKEN.exec(token)?.[1];
  if (!kind || (liveOnly && kind === 'test')) throw unknownKey();
  const remembered = digestOf(keys, token);
  const known = keys.seenKeys.get(remembered);
  if (known && known.until > Date.now()) {
    if (keys.ended.has(known.keyId)) throw ended();
    return known;
  }
  keys.seenKeys.delete(remembered);

  const row = await lookUp(db, token);
  // Compared in any case, so that the time tells nobody that the prefix is somebody's.
  const fits = timingSafeEqual(row?.digest ?? Buffer.alloc(32), digest(token));
  if (!row || !fits) throw unknownKey();
  if (!row.works || keys.ended.has(row.id)) throw ended();
  await noteUse(db, row.id);
  const caller = { accountId: row.account_id, role: row.role, keyId: row.id, scopes: row.scopes };
  remember(keys.seenKeys, remembered, { ...caller, until: Date.now() + REMEMBERED_MS });
  return caller;
}

const unknownKey = () => new DomainError('token_invalid', 'The API key is not valid.');
const ended = () => new DomainError('token_expired', 'This API key has ended: it was revoked, or its time is over.');

const lookUp = (db: Kysely<DB>, token: string) =>
  db
    .selectFrom('api_keys as k')
    .innerJoin('accounts as a', 'a.id', 'k.account_id')
    .select(['k.id', 'k.account_id', 'k.digest', 'a.role', sql<Scope[]>`k.scopes`.as('scopes'), works.as('works')])
    .where('k.prefix', '=', token.slice(0, PREFIX_LENGTH))
    .executeTakeFirst() as Promise<
    { id: string; account_id: string; digest: Buffer; role: Role; scopes: Scope[]; works: boolean } | undefined
  >;

/** Notes when the key was last used, to the minute. A database that takes no writes right now still lets keys read. */
async function noteUse(db: Kysely<DB>, id: string): Promise<void> {
  await sql`update api_keys set last_used_at = now()
    where id = ${id}::uuid and (last_used_at is null or last_used_at < now() - interval '1 minute')`
    .execute(db)
    .catch(() => undefined);
}
