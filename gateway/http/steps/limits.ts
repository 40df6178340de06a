// Rate limits on the wire: whom a call is counted against, and the headers that say what is left.
import type { Context } from 'koa';
import { DomainError } from '../../../services/shared/errors.ts';
import type { Limiter, Verdict } from '../../../services/shared/limits.ts';
import type { Caller } from './auth.ts';

/** At most `calls` in a window of `seconds`, which begins with the first call; `name` is unique within its API. */
export type Limit = { name: string; calls: number; seconds: number; per: 'address' | 'account' | 'key' };

/** What an API says of callers by and large: `unknown` counts those nobody knows, by address, and `known` takes its place for the others. */
type Counted = { name: string; unknown: Limit; known?: Limit };

/**
 * Counts the call and sets X-RateLimit-*. A call without a caller where one is needed is counted against its address by `unknown`,
 * so that guessing credentials is limited too.
 * @throws DomainError rate_limited
 */
export function countCall(ctx: Context, limiter: Limiter, api: Counted, stated: Limit, caller: Caller | undefined): void {
  const limit = caller ? (stated === api.unknown && api.known) || stated : stated.per === 'address' ? stated : api.unknown;
  const verdict = limiter.take(`${api.name}:${limit.name}:${subject(ctx, limit, caller)}`, limit.calls, limit.seconds);
  setHeaders(ctx, verdict);
  refuseOver(ctx, verdict);
}

/**
 * Refuses credentials that are dear to verify to an address that has failed too often already; each failure was counted by `unknown`.
 * @throws DomainError rate_limited
 */
export function refuseGuesser(ctx: Context, limiter: Limiter, { name, unknown }: Counted): void {
  refuseOver(ctx, limiter.look(`${name}:${unknown.name}:${network(ctx.ip)}`, unknown.calls, unknown.seconds));
}

function refuseOver(ctx: Context, verdict: Verdict): void {
  if (verdict.allowed) return;
  const seconds = Math.max(1, Math.ceil((verdict.resetsAt - Date.now()) / 1000));
  ctx.set('Retry-After', String(seconds));
  throw new DomainError('rate_limited', `Too many requests: try again in ${seconds} seconds.`, {
    limit: verdict.limit,
    retrySeconds: seconds,
  });
}

function subject(ctx: Context, { per }: Limit, caller: Caller | undefined): string {
  if (!caller || per === 'address') return network(ctx.ip);
  return per === 'key' ? (caller.keyId ?? caller.accountId) : caller.accountId;
}

function setHeaders(ctx: Context, verdict: Verdict): void {
  ctx.res.setHeader('X-RateLimit-Limit', verdict.limit);
  ctx.res.setHeader('X-RateLimit-Remaining', verdict.remaining);
  ctx.res.setHeader('X-RateLimit-Reset', Math.ceil(verdict.resetsAt / 1000));
}

/** One address of IPv4; of IPv6 the /64, which is what one household or server has. */
export function network(ip: string): string {
  const v4 = ip.startsWith('::ffff:') ? ip.slice(7) : ip;
  if (!v4.includes(':')) return v4;
  const [head = '', tail] = v4.split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}
