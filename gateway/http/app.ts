// Assembles the Koa app: the routes of every API, one boundary around all of them.
import { randomUUID } from 'node:crypto';
import Koa, { type Context } from 'koa';
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Limiter } from '../../services/shared/limits.ts';
import type { Api } from './api.ts';
import { type Log, logRequest } from './operate/log.ts';
import type { HttpMetrics } from './operate/metrics.ts';
import { createPaths } from './paths.ts';
import type { RequestState } from './route.ts';
import { runner } from './run.ts';
import { jsonReader } from './steps/body.ts';
import { answerPreflight, isPreflight, share } from './steps/cors.ts';
import { say } from './steps/errors.ts';
import { securityHeaders } from './steps/headers.ts';

export type AppParts = {
  apis: Api[];
  /** Where idempotency keys are kept. */
  db: Kysely<DB>;
  log: Log;
  metrics: HttpMetrics;
  /** undefined: no rate limits at all. */
  limiter: Limiter | undefined;
  trustProxy: boolean;
  /** The sites whose pages may call with credentials that a browser sends by itself. */
  origins: ReadonlySet<string>;
  https: boolean;
  /** True while the process drains: connections are not kept alive then. */
  isDraining: () => boolean;
};

// An event with 5,000 named rows of seats in its configuration stays well below this; a claim of 50 seats is 2 KB.
const BODY_LIMIT = '1mb';

/** Builds the app. The last API answers for addresses that belong to none. */
export function createApp(parts: AppParts): Koa {
  // One proxy is trusted, so the last X-Forwarded-For entry is the one it wrote itself.
  const app = new Koa({ proxy: parts.trustProxy, maxIpsCount: 1 });
  const secure = securityHeaders(parts.https);
  const dispatch = dispatcher(parts);

  app.use(async (ctx) => {
    const begun = performance.now();
    const given = ctx.req.headers['x-request-id'];
    const requestId = typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
    Object.assign(ctx.state, { requestId, begun } satisfies RequestState);
    ctx.res.setHeader('X-Request-Id', requestId);
    secure(ctx);
    if (parts.isDraining()) ctx.res.setHeader('Connection', 'close');
    await dispatch(ctx);
    const ms = Math.round((performance.now() - begun) * 100) / 100;
    parts.metrics.observe(ctx.method, (ctx.state as RequestState).route ?? 'unknown', ctx.status, ms);
    logRequest(parts.log, ctx, ms);
  });
  // Only what happens after a handler is done comes here: a client that left, a stream that broke.
  app.on('error', (err: Error & { code?: string }, ctx?: Context) => {
    if (err.code !== 'EPIPE' && err.code !== 'ECONNRESET' && err.code !== 'ERR_STREAM_PREMATURE_CLOSE')
      parts.log.error({ err, requestId: ctx?.state.requestId }, 'response failed');
  });
  return app;
}

function dispatcher(parts: AppParts): (ctx: Context) => Promise<void> {
  const runtime = { log: parts.log, limiter: parts.limiter, readJson: jsonReader(BODY_LIMIT), db: parts.db, origins: parts.origins };
  const paths = createPaths(parts.apis, (api, route) => runner(api, route, runtime));

  return async (ctx) => {
    const found = paths.find(ctx.method, ctx.path);
    if (ctx.url.includes('%00')) refuseUnrouted(ctx, found.api, 'malformed', 'The address contains a NUL character.');
    else if (isPreflight(ctx) && 'allow' in found) return answerPreflight(ctx, found.api, found.allow);
    else if ('run' in found) await found.run(ctx, found.params);
    else if ('allow' in found) {
      ctx.set('Allow', found.allow.join(', '));
      refuseUnrouted(ctx, found.api, 'method_not_allowed', `${ctx.method} is not possible here.`);
    } else refuseUnrouted(ctx, found.api, 'route_not_found', `There is nothing at ${ctx.path}.`);
    share(ctx, found.api);
  };
}

/** Refuses in the words of the API the address would belong to. */
function refuseUnrouted(ctx: Context, api: Api, code: 'malformed' | 'route_not_found' | 'method_not_allowed', message: string): void {
  (ctx.state as RequestState).api = api.name;
  (ctx.state as RequestState).error = code;
  say(ctx, api, { code, message, details: {} });
}
