// Idempotency keys: the same key and the same request get the same answer for 24 hours, whichever gateway is asked.
import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError } from './errors.ts';

/** If the first request of a key has no answer after this time, its process died, and the next request takes the key over. */
const LOCK_SECONDS = 60;
const KEPT = '24 hours';

export type Begun =
  | { run: { id: string; again: boolean } } // go ahead; `again`: an earlier run of this very request died before its answer was kept
  | { replay: Kept };

/** An answer as it was given; a body of null is none at all. */
export type Kept = { status: number; body: string | null; headers: Record<string, string | string[]> };

/** What makes two requests the same: method, path and body. */
export function digest(method: string, path: string, body: unknown): Buffer {
  return createHash('sha256')
    .update(`${method} ${path}\n${JSON.stringify(body ?? null)}`)
    .digest();
}

/**
 * Takes the key for this request, in one statement. Of several requests at once one gets it.
 * @throws DomainError key_reused (another request has this key) | key_in_use (the first is still being answered)
 */
export async function begin(db: Kysely<DB>, accountId: string, key: string, request: Buffer): Promise<Begun> {
  const { rows } = await sql<{ id: string; again: boolean }>`
    insert into idempotency_keys as k (account_id, key, request_digest, locked_until)
    values (${accountId}::uuid, ${key}, ${request}, now() + make_interval(secs => ${LOCK_SECONDS}))
    on conflict (account_id, key) do update set
      locked_until = excluded.locked_until,
      attempt_id = case when k.created_at < now() - ${KEPT}::interval then gen_random_uuid() else k.attempt_id end,
      request_digest = excluded.request_digest, response_status = null, response_body = null, response_headers = null,
      created_at = case when k.created_at < now() - ${KEPT}::interval then now() else k.created_at end
    where k.created_at < now() - ${KEPT}::interval
      or (k.response_status is null and k.locked_until < now() and k.request_digest = excluded.request_digest)
    returning k.attempt_id as id, (xmax <> 0 and created_at < now()) as again`.execute(db);
  if (rows[0]) return { run: rows[0] };

  const kept = await db
    .selectFrom('idempotency_keys')
    .select(['request_digest', 'response_status', 'response_body', 'response_headers'])
    .where('account_id', '=', accountId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (kept && !kept.request_digest.equals(request))
    throw new DomainError('key_reused', 'This Idempotency-Key was used for another request: send a new key.');
  if (kept?.response_status)
    return {
      replay: { status: kept.response_status, body: kept.response_body, headers: (kept.response_headers ?? {}) as Kept['headers'] },
    };
  throw new DomainError('key_in_use', 'The first request with this Idempotency-Key is still being answered: ask again in a moment.');
}

/** Stores the answer, which later requests with this key get. */
export async function keep(db: Kysely<DB>, accountId: string, key: string, answer: Kept): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ response_status: answer.status, response_body: answer.body, response_headers: JSON.stringify(answer.headers) })
    .where('account_id', '=', accountId)
    .where('key', '=', key)
    .execute();
}

/**
 * Frees the key after a failure that may pass, so that the request can be tried again with it. The attempt's id stays the same, because the
 * failure may have come after the commit (a lost connection): the next run then finds what this one has written.
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
