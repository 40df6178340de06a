// EasyTicket's sign-in: tokens in the body for programs, and in cookies that no script can read for pages.
import type { Context } from 'koa';
import { z } from 'zod';
import * as accounts from '../../services/accounts/accounts.ts';
import * as sessions from '../../services/accounts/sessions.ts';
import { invalidField } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { readCookie, setCookie } from '../http/steps/cookies.ts';
import * as present from './accountPresenter.ts';
import { LIMITS } from './limits.ts';
import { Message } from './shapes.ts';

/** Where a browser sends each: the refresh token to these routes alone. */
export const COOKIES = { access: { name: 'access_token', path: '/' }, refresh: { name: 'refresh_token', path: '/api/auth/' } } as const;

const token = z.string().meta({ example: 'eyJ0eXAiOiJKV1QiLCJhbGc...' });
const Tokens = z.object({ refresh: token, access: token }).meta({ id: 'EasyTokens' });
const RefreshBody = z.object({ refresh: z.string().max(4096).nullish().meta({ description: 'Left out: the cookie refresh_token.' }) });
// No rules of form here: an ill-formed address simply opens no account.
const LoginBody = z.object({
  email: z.string().min(1).max(254).meta({ example: 'user@example.com' }),
  password: z.string().min(1).max(1024).meta({ example: 'SecurePass123!' }),
});

const cookiesSet = {
  'Set-Cookie': z
    .string()
    .meta({ description: '`access_token` and `refresh_token`, each in a header of its own; HttpOnly, SameSite=Lax.' }),
};

/** The routes that sign in, sign out, and go on with a refresh token. */
export function authRoutes({ config, db, passwords, tokens }: Gateway): Route[] {
  const lifetimes = config.apis.easyticket;
  const https = config.http.publicUrl.startsWith('https:');
  const shared = { method: 'post', tag: 'Authentication' } as const;

  const cookie = (which: keyof typeof COOKIES, value: string, seconds: number) =>
    setCookie(COOKIES[which].name, value, { path: COOKIES[which].path, seconds, https });
  const keep = (pair: sessions.TokenPair) => ({
    'Set-Cookie': [cookie('access', pair.accessToken, pair.expiresIn), cookie('refresh', pair.refreshToken, pair.refreshExpiresIn)],
  });
  const forget = { 'Set-Cookie': [cookie('access', '', 0), cookie('refresh', '', 0)] };
  const wire = (pair: sessions.TokenPair) => ({ refresh: pair.refreshToken, access: pair.accessToken });

  return [
    route({
      ...shared,
      path: '/api/auth/login/',
      access: 'public',
      limit: LIMITS.login,
      operationId: 'logIn',
      summary: 'Log in',
      description: 'The address must be verified. The tokens come in the body and as cookies.',
      body: LoginBody,
      responses: {
        200: {
          description: 'Signed in.',
          schema: z.object({ message: z.string(), tokens: Tokens, user: present.User }),
          headers: cookiesSet,
        },
      },
      refusals: ['invalid_credentials', 'email_not_verified'],
      async handle({ body }) {
        const account = await accounts.login(db, passwords, body);
        const pair = await sessions.open(db, tokens, account, lifetimes);
        return {
          status: 200,
          headers: keep(pair),
          body: { message: 'Login successful', tokens: wire(pair), user: present.user(account) },
        };
      },
    }),
    route({
      ...shared,
      path: '/api/auth/logout/',
      access: 'user',
      limit: LIMITS.authenticated,
      operationId: 'logOut',
      summary: 'Log out',
      description:
        'Ends the sign-in of the access token, and that of the refresh token: none of their tokens is good any more. Both cookies are taken away. Other sign-ins go on.',
      body: RefreshBody,
      responses: { 200: { description: 'Signed out.', schema: Message, headers: cookiesSet } },
      refusals: ['invalid'],
      async handle({ body, caller, ctx }) {
        await sessions.signOut(db, tokens, caller, given(ctx, body));
        return { status: 200, headers: forget, body: { message: 'Logout successful' } };
      },
    }),
    route({
      ...shared,
      path: '/api/auth/token/refresh/',
      access: 'public',
      limit: LIMITS.refresh,
      operationId: 'renewTokens',
      summary: 'Refresh tokens',
      description: 'Spends the refresh token for a fresh pair, in the body and as cookies. A token spent before ends the whole sign-in.',
      body: RefreshBody,
      responses: { 200: { description: 'A fresh pair.', schema: Tokens, headers: cookiesSet } },
      refusals: ['invalid', 'token_invalid', 'token_expired'],
      async handle({ body, ctx }) {
        const refresh = given(ctx, body);
        if (!refresh) throw invalidField('refreshToken', 'Send the refresh token: in the body, or as the cookie refresh_token.');
        const pair = await sessions.refresh(db, tokens, refresh);
        return { status: 200, headers: keep(pair), body: wire(pair) };
      },
    }),
  ];
}

/** The refresh token that a call brings: the body's goes before the cookie's. */
const given = ({ req }: Context, body: z.output<typeof RefreshBody>): string | undefined =>
  body.refresh || readCookie(req.headers.cookie, COOKIES.refresh.name) || undefined;
