// Sessions: short access tokens that need no look-up, and refresh tokens that can be spent once.
import { createHmac, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError, invalidField, isRefusal } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
import type { Role } from './accounts.ts';
import { digestOf, refuseFrom, remember, type TokenKeys } from './verified.ts';

/** `sessionId`: the sign-in, which is the family of its refresh tokens. */
export type Caller = { accountId: string; role: Role; sessionId?: string };
/** `expiresIn` and `refreshExpiresIn`: how long each lives, in seconds. */
export type TokenPair = { accessToken: string; refreshToken: string; expiresIn: number; refreshExpiresIn: number };

/** How long tokens live, in seconds. Each API has its own. */
export type Lifetimes = { accessSeconds: number; refreshSeconds: number };

const ISSUER = 'billetter';
const ALGORITHM = 'HS256';
// The kind stands in the header and is checked, so a refresh token never passes for an access token or the other way round.
const KIND = { access: 'at+jwt', refresh: 'rt+jwt' } as const;
const ROLES: readonly unknown[] = ['user', 'organizer', 'admin'] satisfies Role[];
/** A used refresh token is accepted again within this time, because the answer with its successor may have been lost. */
const RETRY_SECONDS = 10;
const MAX_TOKEN_LENGTH = 2_048;

/** Signs the account in: a new family of refresh tokens, all of which have these lifetimes. */
export async function open(
  db: Kysely<DB> | Transaction<DB>,
  keys: TokenKeys,
  account: { id: string; role: Role },
  lifetimes: Lifetimes,
): Promise<TokenPair> {
  return issue(db, keys, account, { id: randomUUID(), family: randomUUID() }, lifetimes);
}

async function issue(
  db: Kysely<DB> | Transaction<DB>,
  keys: TokenKeys,
  account: { id: string; role: Role },
  { id, family }: { id: string; family: string },
  { accessSeconds, refreshSeconds }: Lifetimes,
): Promise<TokenPair> {
  await db
    .insertInto('refresh_tokens')
    .values({
      id,
      family_id: family,
      account_id: account.id,
      expires_at: sql<Date>`now() + make_interval(secs => ${refreshSeconds})`,
      access_seconds: accessSeconds,
      refresh_seconds: refreshSeconds,
    })
    .onConflict((c) => c.column('id').doNothing()) // a retry: its answer was lost
    .execute();
  const [accessToken, refreshToken] = await Promise.all([
    sign(keys, KIND.access, account.id, accessSeconds, randomUUID(), { role: account.role, sid: family }),
    sign(keys, KIND.refresh, account.id, refreshSeconds, id, {}),
  ]);
  return { accessToken, refreshToken, expiresIn: accessSeconds, refreshExpiresIn: refreshSeconds };
}

function sign(
  keys: TokenKeys,
  typ: string,
  subject: string,
  seconds: number,
  id: string,
  claims: Record<string, unknown>,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ })
    .setSubject(subject)
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setJti(id)
    .setIssuedAt(now)
    .setExpirationTime(now + seconds)
    .sign(keys.key);
}

async function read(keys: TokenKeys, token: string, typ: string) {
  if (token.length > MAX_TOKEN_LENGTH) throw new DomainError('token_invalid', 'The token is not valid.');
  try {
    const { payload } = await jwtVerify(token, keys.key, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: ISSUER,
      typ,
      requiredClaims: ['sub', 'exp', 'jti'],
    });
    return { subject: payload.sub!, exp: payload.exp!, id: payload.jti!, role: payload.role, session: payload.sid };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new DomainError('token_expired', 'The token has expired.');
    throw new DomainError('token_invalid', 'The token is not valid.');
  }
}

/**
 * The caller of an access token. A process checks each token's signature once; after that it finds the token by a keyed digest.
 * @throws DomainError token_expired | token_invalid
 */
export async function verifyAccess(keys: TokenKeys, token: string): Promise<Caller> {
  const digest = digestOf(keys, token);
  const known = keys.seen.get(digest);
  if (known) {
    refuseEnded(keys, known);
    if (known.until > Date.now()) return known;
    keys.seen.delete(digest);
    throw new DomainError('token_expired', 'The token has expired.');
  }
  const { subject, exp, role, session } = await read(keys, token, KIND.access);
  if (!isUuid(subject) || !ROLES.includes(role)) throw new DomainError('token_invalid', 'The token is not valid.');
  const sessionId = typeof session === 'string' ? session : undefined;
  const caller = { accountId: subject, role: role as Role, sessionId, until: exp * 1000 };
  refuseEnded(keys, caller);
  remember(keys.seen, digest, caller);
  return caller;
}

function refuseEnded(keys: TokenKeys, { sessionId }: Caller): void {
  if (sessionId && keys.ended.has(sessionId)) throw new DomainError('token_invalid', 'This sign-in has ended: sign in again.');
}

/**
 * Ends sign-ins of an account: one, or all but one. Their refresh tokens are spent. Returns which; once that is committed `refuseFrom` refuses
 * their access tokens too.
 */
export async function end(
  db: Kysely<DB> | Transaction<DB>,
  accountId: string,
  which: { only: string } | { allBut: string | undefined },
): Promise<string[]> {
  const chosen =
    'only' in which
      ? sql<boolean>`family_id = ${which.only}::uuid`
      : sql<boolean>`family_id is distinct from ${which.allBut ?? null}::uuid`;
  const rows = await db
    .updateTable('refresh_tokens')
    .set({ revoked_at: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .where(chosen)
    .returning('family_id')
    .execute();
  return rows.map((row) => row.family_id);
}

/**
 * Signs the caller out: ends the sign-in of its access token and, if it sends one, that of its refresh token. One of somebody else's ends nothing.
 * @throws DomainError invalid (refreshToken)
 */
export async function signOut(db: Kysely<DB>, keys: TokenKeys, caller: Caller, refreshToken?: string): Promise<void> {
  const named = refreshToken === undefined ? undefined : await familyOf(db, keys, caller.accountId, refreshToken);
  const families = new Set([caller.sessionId, named].filter((id) => id !== undefined));
  for (const family of families) refuseFrom(keys, await end(db, caller.accountId, { only: family }));
}

/** The sign-in of an account's refresh token, also of a spent one; undefined if it is too old to be known. */
async function familyOf(db: Kysely<DB>, keys: TokenKeys, accountId: string, token: string): Promise<string | undefined> {
  const known = await read(keys, token, KIND.refresh).catch((error) => {
    if (isRefusal(error, 'token_expired')) return undefined;
    throw isRefusal(error, 'token_invalid') ? notYours() : error;
  });
  if (!known) return undefined;
  if (known.subject !== accountId) throw notYours();
  return (await db.selectFrom('refresh_tokens').select('family_id').where('id', '=', known.id).executeTakeFirst())?.family_id;
}

const notYours = () => invalidField('refreshToken', 'This is not a refresh token of yours.');

/** The successor of a token is derived from it, so a retry gets the same one that its lost answer carried. */
function successorOf(keys: TokenKeys, id: string): string {
  const hex = createHmac('sha256', keys.key).update(`successor/${id}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Exchanges a refresh token for a new pair with the lifetimes of its family. A token that was used before ends its whole family,
 * because a thief or the owner has the successor. Only a retry right after the first use is answered again, as long as the successor has not been used.
 * @throws DomainError token_expired | token_invalid
 */
export async function refresh(db: Kysely<DB>, keys: TokenKeys, token: string): Promise<TokenPair> {
  const { id } = await read(keys, token, KIND.refresh);
  // The verdict on a replay must be committed, so it is returned from the transaction and thrown after it.
  const pair = await db.transaction().execute(async (tx) => {
    // One exchange of a family at a time: otherwise a successor that is just being written would survive the end of its family.
    await sql`select pg_advisory_xact_lock(hashtextextended(family_id::text, 0)) from refresh_tokens where id = ${id}::uuid`.execute(tx);
    const row = await tx
      .selectFrom('refresh_tokens as t')
      .innerJoin('accounts as a', 'a.id', 't.account_id')
      .select(['t.family_id', 't.used_at', 't.revoked_at', 't.access_seconds', 't.refresh_seconds', 'a.id', 'a.role'])
      .select(sql<boolean>`t.expires_at > now()`.as('alive'))
      .select(sql<boolean>`coalesce(t.used_at > now() - make_interval(secs => ${RETRY_SECONDS}), true)`.as('fresh'))
      .where('t.id', '=', id)
      .forUpdate('t')
      .executeTakeFirst();
    if (!row || row.revoked_at || !row.alive) return undefined;
    const successor = successorOf(keys, id);
    if (!row.fresh || (row.used_at && (await isSpent(tx, successor)))) {
      await tx
        .updateTable('refresh_tokens')
        .set({ revoked_at: sql<Date>`now()` })
        .where('family_id', '=', row.family_id)
        .where('revoked_at', 'is', null)
        .execute();
      return undefined;
    }
    if (!row.used_at) await tx.updateTable('refresh_tokens').set({ used_at: sql<Date>`now()` }).where('id', '=', id).execute();
    const lifetimes = { accessSeconds: row.access_seconds, refreshSeconds: row.refresh_seconds };
    return issue(tx, keys, { id: row.id, role: row.role }, { id: successor, family: row.family_id }, lifetimes);
  });
  if (!pair) throw new DomainError('token_invalid', 'This refresh token is no longer valid: sign in again.');
  return pair;
}

async function isSpent(tx: Transaction<DB>, id: string): Promise<boolean> {
  return !!(await tx.selectFrom('refresh_tokens').select('used_at').where('id', '=', id).executeTakeFirst())?.used_at;
}

/** Deletes refresh tokens that expired more than a day ago. Returns how many. */
export async function prune(db: Kysely<DB>): Promise<number> {
  const gone = await sql`delete from refresh_tokens where expires_at < now() - interval '1 day'`.execute(db);
  return Number(gone.numAffectedRows ?? 0);
}
