// Runs one route: authenticate, limit, validate, handle, answer. Everything that can be decided once is decided at start.
import type { Context } from 'koa';
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Limiter } from '../../services/shared/limits.ts';
import type { Api } from './api.ts';
import type { Log } from './operate/log.ts';
import type { Reply, RequestState, Route } from './route.ts';
import { authorize, type Caller, isSigned, unauthenticated } from './steps/auth.ts';
import { rawBody } from './steps/body.ts';
import { refuse } from './steps/errors.ts';
import { isForm, readForm } from './steps/form.ts';
import { once, readKey } from './steps/idempotency.ts';
import { countCall, refuseGuesser } from './steps/limits.ts';
import { refuseForged } from './steps/origin.ts';
import { queryReader } from './steps/query.ts';
import { validate } from './steps/validate.ts';

export type Runtime = {
  log: Log;
  limiter: Limiter | undefined;
  readJson: (ctx: Context) => Promise<unknown>;
  db: Kysely<DB>;
  /** The sites whose pages may call with credentials that a browser sends by itself. */
  origins: ReadonlySet<string>;
};

/** Answers a request; `params` are the parts of its address that the route's path names. */
export type Runner = (ctx: Context, params: Record<string, string>) => Promise<void>;

/** What runs the route. It always answers: what is thrown is answered by the API's error table. */
export function runner(api: Api, route: Route, { log, limiter, readJson, db, origins }: Runtime): Runner {
  const { access, scope, limit, body, params } = route;
  const readQuery = queryReader(api, route);
  const signed = isSigned(access);
  const { unknown = limit === 'none' ? undefined : limit, known } = api;
  const scheme = access === 'key' ? api.keys : api.authenticate;
  if (signed && !(scheme && api.unknown))
    throw new Error(`${api.name} states no scheme, or no limit for guesses, but ${route.path} is for signed-in callers`);

  async function identify(ctx: Context): Promise<Caller | undefined> {
    if (!scheme || access === 'signature') return undefined;
    const credentials = access === 'public' ? undefined : scheme.of(ctx);
    if (signed && !credentials) throw unauthenticated(scheme);
    refuseForged(ctx, scheme, credentials, origins);
    if (limiter && unknown && credentials?.dear?.()) refuseGuesser(ctx, limiter, { name: api.name, unknown });
    return credentials?.verify();
  }

  /** Who calls a public route, where that decides what it answers or how it is counted; credentials that prove nothing are nobody's here. */
  async function recognize(ctx: Context): Promise<Caller | undefined> {
    if (access !== 'public' || !(route.recognizes || (limit === unknown && known))) return undefined;
    return scheme
      ?.of(ctx)
      ?.verify()
      .catch(() => undefined);
  }

  return async (ctx, found) => {
    const state = ctx.state as RequestState;
    state.route = route.path;
    state.api = api.name;
    try {
      let caller: Caller | undefined;
      try {
        caller = await identify(ctx);
      } finally {
        if (limiter && limit !== 'none')
          countCall(ctx, limiter, { name: api.name, unknown: unknown!, known }, limit, caller ?? (await recognize(ctx)));
      }
      if (route.recognizes) caller ??= await recognize(ctx);
      if (caller) {
        state.accountId = caller.accountId;
        state.keyId = caller.keyId;
        if (signed) authorize(caller, { access, scope, wrongRole: route.wrongRole });
      }
      const asked = readQuery(ctx);
      const form = route.form && isForm(ctx) ? await readForm(ctx, route.form) : undefined;
      const given = async () => form?.body ?? (await readJson(ctx)) ?? {};
      const input = body ? validate(body, await given(), 'body') : route.rawBody ? await rawBody(ctx) : undefined;
      const work = async (attempt?: { id: string; again: boolean }): Promise<Reply> => {
        const reply = await route.handle({
          body: input,
          query: asked,
          params: params ? validate(params, found, 'params') : found,
          caller,
          files: form?.files ?? {},
          ctx,
          attempt,
          waitedMs: () => performance.now() - state.begun,
          note(orderId) {
            state.orderId = orderId;
          },
        });
        send(ctx, reply);
        return reply;
      };
      const key = route.idempotent && caller ? readKey(ctx) : undefined;
      if (key === undefined) {
        await work();
        return;
      }
      await once(db, ctx, { accountId: caller!.accountId, key, body: input }, (attempt) =>
        work(attempt).catch((thrown) => {
          refuse(ctx, api, thrown, log);
          return undefined;
        }),
      );
    } catch (thrown) {
      refuse(ctx, api, thrown, log);
    }
  };
}

function send(ctx: Context, reply: Reply): void {
  ctx.status = reply.status;
  if (reply.headers) ctx.set(reply.headers);
  if (reply.body === undefined) {
    ctx.body = null; // makes a 204 of any status that could have a body
    ctx.status = reply.status;
    return;
  }
  const plain = reply.type === undefined;
  ctx.type = reply.type ?? 'application/json';
  ctx.body = plain ? JSON.stringify(reply.body) : reply.body;
}
