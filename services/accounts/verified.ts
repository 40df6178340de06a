// What a process knows of credentials without looking them up: those it has verified, by keyed digest, and those that were ended.
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Scope } from './apiKeys.ts';
import type { Caller } from './sessions.ts';

/** Who calls with a key of an account, and what the key is for. */
export type KeyCaller = Caller & { keyId: string; scopes: readonly Scope[] };

/** Who calls with an address and a password. `changedAt`: of the credentials that were verified (ms since the epoch, 0: as they were made). */
export type PasswordCaller = Caller & { changedAt: number };

/** What was verified, and until when that may be taken for granted (ms since the epoch). */
export type Verified<C> = Map<string, C & { until: number }>;

export type TokenKeys = {
  key: KeyObject;
  /** Access tokens already verified, by keyed digest (never the token itself), until they expire. */
  seen: Verified<Caller>;
  /** API keys likewise, apart from the tokens: neither may ever pass for the other. */
  seenKeys: Verified<KeyCaller>;
  /** Addresses with their passwords, by keyed digest of both (credentials.ts). */
  seenPasswords: Verified<PasswordCaller>;
  /** Accounts whose password or role changed lately, and when: what was verified before that is looked up again. */
  changed: Map<string, number>;
  digestKey: Buffer;
  /** Sign-ins and API keys that were ended, and when that was heard: they are refused although they were verified. */
  ended: Map<string, number>;
};

/** An access token lives a day at most (config.ts), so longer than that nobody needs to know. */
const ENDED_KEPT_MS = 86_400_000;
const MAX_SEEN = 20_000;

/** The key of this process, with its memory of verified credentials. */
export function tokenKeys(auth: { jwtSecret: string }): TokenKeys {
  return {
    key: createSecretKey(auth.jwtSecret, 'utf8'),
    seen: new Map(),
    seenKeys: new Map(),
    seenPasswords: new Map(),
    changed: new Map(),
    digestKey: randomBytes(32),
    ended: new Map(),
  };
}

/** By what a credential is remembered. */
export const digestOf = (keys: TokenKeys, credential: string): string =>
  createHmac('sha256', keys.digestKey).update(credential).digest('base64');

/** Remembers a verified credential; past 20,000 the oldest is forgotten. */
export function remember<C>(seen: Verified<C>, digest: string, verified: C & { until: number }): void {
  if (seen.size >= MAX_SEEN && !seen.has(digest)) seen.delete(seen.keys().next().value!); // a Map keeps the order of insertion
  seen.set(digest, verified);
}

/** Refuses these sign-ins and API keys from now on, in this process. */
export function refuseFrom(keys: TokenKeys, ids: string[]): void {
  for (const id of ids) if (!keys.ended.has(id)) keys.ended.set(id, Date.now());
}

/** Takes nothing that was verified of this account's password for granted any more, in this process. */
export function forgetAccount(keys: TokenKeys, accountId: string): void {
  for (const [digest, { accountId: of }] of keys.seenPasswords) if (of === accountId) keys.seenPasswords.delete(digest);
}

/**
 * Hears which sign-ins, API keys and passwords were ended anywhere, or have run out, while a gateway may still take them for good: keys are
 * looked up again after a minute, passwords after ten. Gateways do so every second.
 */
export async function hearEnded(db: Kysely<DB>, keys: TokenKeys): Promise<void> {
  await hearChanged(db, keys);
  const { rows } = await sql<{ id: string }>`
    select distinct family_id as id from refresh_tokens
    where revoked_at > now() - interval '1 day' and revoked_at > now() - make_interval(secs => access_seconds)
    union all select id from api_keys where revoked_at > now() - interval '5 minutes'
    union all select id from api_keys where expires_at between now() - interval '5 minutes' and now()`.execute(db);
  refuseFrom(
    keys,
    rows.map((row) => row.id),
  );
  const over = Date.now() - ENDED_KEPT_MS;
  for (const [id, at] of keys.ended) if (at < over) keys.ended.delete(id);
}

async function hearChanged(db: Kysely<DB>, { changed }: TokenKeys): Promise<void> {
  const { rows } = await sql<{ id: string; at: Date }>`
    select id, credentials_changed_at as at from accounts where credentials_changed_at > now() - interval '15 minutes'`.execute(db);
  changed.clear();
  for (const { id, at } of rows) changed.set(id, at.getTime());
}
