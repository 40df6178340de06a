// The scheme of access tokens in a cookie, and how such cookies are set. Browsers send them by themselves.
import type { Caller, Scheme } from './auth.ts';

/** The cookie `name` holds the token; `verify` tells whose it is, or throws. `called`: what documents call the scheme. */
export const cookie = (name: string, verify: (token: string) => Promise<Caller>, called = 'cookie'): Scheme => ({
  challenges: [],
  security: { [called]: { type: 'apiKey', in: 'cookie', name, description: 'The access token, as a browser sends it by itself.' } },
  hint: `the cookie ${name}`,
  ambient: true,
  of({ req }) {
    const token = readCookie(req.headers.cookie, name);
    return token ? { ambient: true, verify: () => verify(token) } : undefined;
  },
});

/** The cookie's value in a Cookie header; the first of that name, which is the one with the longest path. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/**
 * A Set-Cookie value that scripts cannot read and other sites' forms do not send. `seconds: 0` takes the cookie away.
 * The value must be of the characters that tokens are made of; it is not escaped.
 */
export function setCookie(name: string, value: string, of: { path: string; seconds: number; https: boolean }): string {
  const secure = of.https ? '; Secure' : '';
  return `${name}=${value}; Path=${of.path}; Max-Age=${of.seconds}; HttpOnly; SameSite=Lax${secure}`;
}
