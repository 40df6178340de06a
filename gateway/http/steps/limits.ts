// Rate limits on the wire: which bucket a call falls into, and the headers that say what is left of it.
import type { Context } from 'koa';
import type { Caller } from '../../../services/accounts/sessions.ts';
import { DomainError } from '../../../services/shared/errors.ts';
import type { Limiter, Verdict } from '../../../services/shared/limits.ts';
import type { LimitClass } from '../route.ts';

/** Calls per minute, as Evently's seed gives them. */
export const PER_MINUTE: Record<Exclude<LimitClass, 'none'>, number> = { public: 100, authenticated: 200, booking: 10, admin: 1000 };

/**
 * Counts the call and sets X-RateLimit-*. Public calls count per address, the others per account; a call that has
 * no account where one is needed counts as public, so that guessing tokens is limited too.
 * @throws DomainError rate_limited
 */
export function countCall(ctx: Context, limiter: Limiter, limit: LimitClass, caller: Caller | undefined): void {
  if (limit === 'none') return;
  const bucket = caller && limit !== 'public' ? limit : 'public';
  const subject = bucket === 'public' ? network(ctx.ip) : caller!.accountId;
  const verdict = limiter.take(`${bucket}:${subject}`, PER_MINUTE[bucket], 60);
  setHeaders(ctx, verdict);
  if (verdict.allowed) return;
  const seconds = Math.max(1, Math.ceil((verdict.resetsAt - Date.now()) / 1000));
  ctx.set('Retry-After', String(seconds));
  throw new DomainError('rate_limited', `Too many requests: try again in ${seconds} seconds.`, {
    limit: verdict.limit,
    retrySeconds: seconds,
  });
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
