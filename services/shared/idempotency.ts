// Idempotency keys: the same key and the same request get the same answer for 24 hours, whichever gateway is asked.
import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError } from './errors.ts';

/** A key whose first request has not been answered after this long belongs to a process that died: the next request takes it over. */
const LOCK_SECONDS = 60;
const KEPT = '24 hours';

export type Begun =
  | { run: { id: string; again: boolean } } // go ahead; `again`: an earlier run of this very request died before its answer was kept
  | { replay: { status: number; body: string } };

/** What makes two requests the same: method, path and body. */
export function digest(method: string, path: string, body: unknown): Buffer {
  return createHash('sha256')
    .update(`${method} ${path}\n${JSON.stringify(body ?? null)}`)
    .digest();
}

/**
 * Takes the key for this request, in one statement; of several at once one runs.
 * @throws DomainError key_reused (another request has this key) | key_in_use (the first is still being answered)
 */
export async function begin(db: Kysely<DB>, accountId: string, key: string, request: Buffer): Promise<Begun> {
  const { rows } = await sql<{ id: string; again: boolean }>`
    insert into idempotency_keys as k (account_id, key, request_digest, locked_until)
    values (${accountId}::uuid, ${key}, ${request}, now() + make_interval(secs => ${LOCK_SECONDS}))
    on conflict (account_id, key) do update set
      locked_until = excluded.locked_until,
      attempt_id = case when k.created_at < now() - ${KEPT}::interval then gen_random_uuid() else k.attempt_id end,
      request_digest = excluded.request_digest, response_status = null, response_body = null,
      created_at = case when k.created_at < now() - ${KEPT}::interval then now() else k.created_at end
    where k.created_at < now() - ${KEPT}::interval
      or (k.response_status is null and k.locked_until < now() and k.request_digest = excluded.request_digest)
    returning k.attempt_id as id, (xmax <> 0 and created_at < now()) as again`.execute(db);
  if (rows[0]) return { run: rows[0] };

  const kept = await db
    .selectFrom('idempotency_keys')
    .select(['request_digest', 'response_status', 'response_body'])
    .where('account_id', '=', accountId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (kept && !kept.request_digest.equals(request))
    throw new DomainError('key_reused', 'This Idempotency-Key was used for another request: send a new key.');
  if (kept?.response_status) return { replay: { status: kept.response_status, body: kept.response_body ?? '' } };
  throw new DomainError('key_in_use', 'The first request with this Idempotency-Key is still being answered: ask again in a moment.');
}

/** Keeps the answer, to be given again to whoever comes with this key. */
export async function keep(db: Kysely<DB>, accountId: string, key: string, answer: { status: number; body: string }): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ response_status: answer.status, response_body: answer.body })
    .where('account_id', '=', accountId)
    .where('key', '=', key)
    .execute();
}

/**
 * Gives the key back: the request failed in a way that may pass, so it may be tried again with the same key. The attempt stays the same:
 * what failed may have been the answer alone (a connection lost after the commit), and the next run finds what this one has written.
 */
export async function giveUp(db: Kysely<DB>, accountId: string, key: string): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ locked_until: sql<Date>`now()` })
    .where('account_id', '=', accountId)
    .where('key', '=', key)
    .where('response_status', 'is', null)
    .execute();
}

/** Deletes keys past their time. Returns how many. */
export async function prune(db: Kysely<DB>): Promise<number> {
  const { numAffectedRows } = await sql`delete from idempotency_keys where created_at < now() - ${KEPT}::interval`.execute(db);
  return Number(numAffectedRows ?? 0);
}
