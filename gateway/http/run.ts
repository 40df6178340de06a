// Runs one route: authenticate, limit, validate, handle, answer. Everything that can be decided once is decided at start.
import type { Context } from 'koa';
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Caller } from '../../services/accounts/sessions.ts';
import type { Limiter } from '../../services/shared/limits.ts';
import type { Api } from './api.ts';
import type { Log } from './operate/log.ts';
import type { Reply, RequestState, Route } from './route.ts';
import { authorize, isSigned } from './steps/auth.ts';
import { rawBody } from './steps/body.ts';
import { refuse } from './steps/errors.ts';
import { once, readKey } from './steps/idempotency.ts';
import { countCall } from './steps/limits.ts';
import { validate } from './steps/validate.ts';

export type Runtime = { log: Log; limiter: Limiter | undefined; readJson: (ctx: Context) => Promise<unknown>; db: Kysely<DB> };

/** The route as Koa middleware. It always answers: what is thrown is answered by the API's error table. */
export function runner(api: Api, route: Route, { log, limiter, readJson, db }: Runtime): (ctx: Context) => Promise<void> {
  const { access, limit, body, query, params } = route;
  const signed = isSigned(access);

  async function identify(ctx: Context): Promise<Caller | undefined> {
    if (signed) return api.authenticate(ctx);
    if (access === 'link' && ctx.req.headers.authorization) return api.authenticate(ctx);
    return undefined;
  }

  return async (ctx) => {
    const state = ctx.state as RequestState;
    state.route = route.path;
    state.api = api.name;
    try {
      let caller: Caller | undefined;
      try {
        caller = await identify(ctx);
      } finally {
        if (limiter) countCall(ctx, limiter, limit, caller);
      }
      if (caller) {
        state.accountId = caller.accountId;
        if (signed) authorize(caller, access);
      }
      const input = body ? validate(body, (await readJson(ctx)) ?? {}, 'body') : route.rawBody ? await rawBody(ctx) : undefined;
      const work = async (attempt?: { id: string; again: boolean }) =>
        send(
          ctx,
          await route.handle({
            body: input,
            query: query && validate(query, ctx.query, 'query'),
            params: params ? validate(params, ctx.params, 'params') : ctx.params,
            caller,
            ctx,
            attempt,
            waitedMs: () => performance.now() - state.begun,
            note(orderId) {
              state.orderId = orderId;
            },
          }),
        );
      const key = route.idempotent && caller ? readKey(ctx) : undefined;
      if (key === undefined) return await work();
      await once(db, ctx, { accountId: caller!.accountId, key, body: input }, (attempt) =>
        work(attempt).catch((thrown) => refuse(ctx, api, thrown, log)),
      );
    } catch (thrown) {
      refuse(ctx, api, thrown, log);
    }
  };
}

function send(ctx: Context, reply: Reply): void {
  ctx.status = reply.status;
  if (reply.headers) ctx.set(reply.headers);
  const plain = reply.type === undefined;
  ctx.type = reply.type ?? 'application/json';
  ctx.body = plain ? JSON.stringify(reply.body) : reply.body;
}
