// The Idempotency-Key header around a route: run once, keep the answer, give it again.
import type { Context } from 'koa';
import type { Kysely } from 'kysely';
import type { DB } from '../../../db/tables.ts';
import * as idempotency from '../../../services/shared/idempotency.ts';
import { Malformed } from './validate.ts';

/** What may be kept for 24 hours: an answer that would be the same. "Come back later" (401, 429, 5xx, a key's own refusals) is not. */
const keepable = (status: number) => status < 500 && ![401, 425, 429].includes(status);

/** What a key looks like. */
export const KEY = /^[\x21-\x7e]{1,255}$/;

/** The request's key; undefined when it has none. Throws Malformed for one that is no key. */
export function readKey(ctx: Context): string | undefined {
  const key = ctx.req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !KEY.test(key))
    throw new Malformed('Idempotency-Key must be 1 to 255 visible ASCII characters.', { field: 'Idempotency-Key' });
  return key;
}

/**
 * Runs `work` under the key, or answers from what is kept. `work` must have written ctx.status and ctx.body when it resolves,
 * for refusals too; if this process dies meanwhile, the next request with the key runs again with the same attempt id.
 */
export async function once(
  db: Kysely<DB>,
  ctx: Context,
  request: { accountId: string; key: string; body: unknown },
  work: (attempt: { id: string; again: boolean }) => Promise<void>,
): Promise<void> {
  const { accountId, key } = request;
  const begun = await idempotency.begin(db, accountId, key, idempotency.digest(ctx.method, ctx.path, request.body));
  if ('replay' in begun) {
    ctx.status = begun.replay.status;
    ctx.type = 'application/json';
    ctx.set('Idempotent-Replayed', 'true');
    ctx.body = begun.replay.body;
    return;
  }
  await work(begun.run);
  if (keepable(ctx.status) && typeof ctx.body === 'string')
    await idempotency.keep(db, accountId, key, { status: ctx.status, body: ctx.body });
  else await idempotency.giveUp(db, accountId, key);
}
