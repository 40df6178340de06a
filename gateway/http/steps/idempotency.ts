// The Idempotency-Key header around a route: run once, keep the answer, give it again.
import type { Context } from 'koa';
import type { Kysely } from 'kysely';
import type { DB } from '../../../db/tables.ts';
import * as idempotency from '../../../services/shared/idempotency.ts';
import type { Reply, ReplyHeaders } from '../route.ts';
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

/** Of the route's own headers all are given again but cookies: tokens are not kept at rest. */
function lasting(ctx: Context, reply: Reply | undefined): ReplyHeaders {
  const kept = Object.entries(reply?.headers ?? {}).filter(([name]) => name.toLowerCase() !== 'set-cookie');
  const type = ctx.response.get('Content-Type');
  return { ...Object.fromEntries(kept), ...(type && { 'Content-Type': type }) };
}

/**
 * Runs `work` under the key, or answers from what is kept. `work` must have written the answer when it resolves, which is its reply or
 * a refusal (undefined); if this process dies meanwhile, the next request with the key runs again with the same attempt id.
 */
export async function once(
  db: Kysely<DB>,
  ctx: Context,
  request: { accountId: string; key: string; body: unknown },
  work: (attempt: { id: string; again: boolean }) => Promise<Reply | undefined>,
): Promise<void> {
  const { accountId, key } = request;
  const begun = await idempotency.begin(db, accountId, key, idempotency.digest(ctx.method, ctx.path, request.body));
  if ('replay' in begun) {
    const { status, body, headers } = begun.replay;
    ctx.set({ ...headers, 'Idempotent-Replayed': 'true' });
    ctx.body = body;
    ctx.status = status;
    return;
  }
  const reply = await work(begun.run);
  const body = ctx.body ?? null;
  if (keepable(ctx.status) && (body === null || typeof body === 'string'))
    await idempotency.keep(db, accountId, key, { status: ctx.status, body, headers: lasting(ctx, reply) });
  else await idempotency.giveUp(db, accountId, key);
}
