// CORS: which sites' pages may read an API's answers. A few lines of our own, because each API has its own list and our paths know the methods.
import type { Context } from 'koa';
import type { Api } from '../api.ts';

/** Headers of ours that a page may read beside the few it always may. */
const EXPOSED = [
  'ETag',
  'Location',
  'Content-Disposition',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
  'X-Seats-Seq',
].join(', ');
const ALLOWED = 'Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id';
/** Browsers keep a preflight's answer so long; two hours is the most that Chromium takes. */
const KEPT_SECONDS = 7200;

/** Whether this is a browser's question before a call, and not a call. */
export const isPreflight = ({ method, req }: Context): boolean =>
  method === 'OPTIONS' && req.headers.origin !== undefined && req.headers['access-control-request-method'] !== undefined;

/**
 * Lets the page that called read the answer, if its site is on the API's list; refusals too, or nobody could tell what is wrong. `*` is every
 * site, without credentials that browsers send by themselves. Another site's page gets no header, which is how a browser is told no.
 */
export function share(ctx: Context, { origins = [], authenticate }: Api): void {
  const { origin } = ctx.req.headers;
  const anybody = origins.includes('*');
  if (!anybody && origins.length) ctx.vary('Origin');
  const named = origin !== undefined && origins.includes(origin);
  if (origin === undefined || !(anybody || named)) return;
  ctx.set('Access-Control-Allow-Origin', named ? origin : '*');
  if (named && authenticate?.ambient) ctx.set('Access-Control-Allow-Credentials', 'true');
  ctx.set('Access-Control-Expose-Headers', EXPOSED);
}

/** Answers a preflight: 204, without sign-in, and not counted by any limit. */
export function answerPreflight(ctx: Context, api: Api, methods: string[]): void {
  share(ctx, api);
  ctx.vary('Access-Control-Request-Method');
  ctx.remove('Access-Control-Expose-Headers');
  if (ctx.response.get('Access-Control-Allow-Origin')) {
    ctx.set('Access-Control-Allow-Methods', methods.join(', '));
    ctx.set('Access-Control-Allow-Headers', ALLOWED);
    ctx.set('Access-Control-Max-Age', String(KEPT_SECONDS));
  }
  ctx.status = 204;
}
