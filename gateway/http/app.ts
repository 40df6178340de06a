// Assembles the Koa app: every API's routes under their own heads, one boundary around all of them.
import { randomUUID } from 'node:crypto';
import Router from '@koa/router';
import Koa, { type Context, type Middleware } from 'koa';
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Limiter } from '../../services/shared/limits.ts';
import type { Api } from './api.ts';
import { type Log, logRequest } from './operate/log.ts';
import type { HttpMetrics } from './operate/metrics.ts';
import type { RequestState } from './route.ts';
import { runner } from './run.ts';
import { jsonReader } from './steps/body.ts';
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
  https: boolean;
  /** True while the process drains: connections are not kept alive then. */
  isDraining: () => boolean;
};

// An event with 5,000 named rows of seats in its configuration stays well below this; a claim of 50 seats is 2 KB.
const BODY_LIMIT = '1mb';

/** Builds the app. Order of the APIs matters only for unknown paths: the first whose prefix fits answers in its format. */
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

/** How deep a head goes: /api/v1/bookings. A request is matched against the few routes of its own head, not against all. */
const HEAD_DEPTH = 3;

/** The static segments a path begins with, at most HEAD_DEPTH of them. */
function headOf(path: string): string {
  const segments = path.split('/').filter(Boolean);
  const dynamic = segments.findIndex((s) => s.startsWith(':'));
  return `/${segments.slice(0, Math.min(dynamic < 0 ? segments.length : dynamic, HEAD_DEPTH)).join('/')}`;
}

function parents(head: string): string[] {
  const segments = head.split('/').filter(Boolean);
  return segments.map((_, i) => `/${segments.slice(0, segments.length - 1 - i).join('/')}`);
}

function dispatcher(parts: AppParts): (ctx: Context) => Promise<void> {
  const readJson = jsonReader(BODY_LIMIT);
  const runtime = { log: parts.log, limiter: parts.limiter, readJson, db: parts.db };
  const routers = new Map<string, Router>();
  for (const api of parts.apis)
    for (const route of api.routes) {
      const head = headOf(route.path);
      const router = routers.get(head) ?? new Router({ strict: true, sensitive: true });
      routers.set(head, router);
      router[route.method](route.path, runner(api, route, runtime) as Middleware);
    }
  // Longest head first, then what is mounted above it: /api/events/:slug/ is found after /api/events/search/.
  const chains = new Map<string, Middleware[]>();
  for (const head of routers.keys()) {
    const above = [head, ...parents(head)].map((h) => routers.get(h)).filter((r) => r !== undefined);
    chains.set(
      head,
      above.map((router) => router.routes() as unknown as Middleware),
    );
  }

  return async (ctx) => {
    if (ctx.url.includes('%00')) {
      refuseUnrouted(ctx, parts.apis, 'malformed', 'The address contains a NUL character.');
      return;
    }
    const head = headOf(ctx.path);
    const chain = [head, ...parents(head)].map((h) => chains.get(h)).find((c) => c !== undefined) ?? [];
    const tryNext = async (i: number): Promise<void> => {
      const handler = chain[i];
      if (handler) await handler(ctx as never, () => tryNext(i + 1));
      else fallThrough(ctx, parts.apis);
    };
    await tryNext(0);
  };
}

/** No route took it: 405 with Allow where only the method is wrong, else 404. */
function fallThrough(ctx: Context, apis: Api[]): void {
  const matched = (ctx as { matched?: { path: string; methods: string[] }[] }).matched ?? [];
  // /waitlist/join is a path of its own, although /waitlist/:id would fit it too.
  const own = matched.filter((layer) => layer.path === ctx.path);
  const allowed = [...new Set((own.length ? own : matched).flatMap((layer) => layer.methods))];
  if (allowed.length === 0) {
    refuseUnrouted(ctx, apis, 'route_not_found', `There is nothing at ${ctx.path}.`);
    return;
  }
  ctx.set('Allow', allowed.join(', '));
  refuseUnrouted(ctx, apis, 'method_not_allowed', `${ctx.method} is not possible here.`);
}

/** Refuses in the format of the API the path would belong to. */
function refuseUnrouted(ctx: Context, apis: Api[], code: 'malformed' | 'route_not_found' | 'method_not_allowed', message: string): void {
  const api =
    apis.find((a) => ctx.path === a.prefix || ctx.path.startsWith(a.prefix.endsWith('/') ? a.prefix : `${a.prefix}/`)) ?? apis.at(-1)!;
  (ctx.state as RequestState).api = api.name;
  (ctx.state as RequestState).error = code;
  say(ctx, api, { code, message, details: {} });
}
