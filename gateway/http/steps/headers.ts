// Security headers, set by hand: seven constant strings need no package, and pages bring their own policy.
import type { Context } from 'koa';

const JSON_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Sets what every answer carries. A page replaces the policy by one that allows exactly its parts. */
export function securityHeaders(https: boolean): (ctx: Context) => void {
  return ({ res }) => {
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('X-Frame-Options', 'DENY');
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('Content-Security-Policy', JSON_POLICY);
    res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    res.setHeader('Cache-Control', 'no-store');
    if (https) res.setHeader('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');
  };
}
