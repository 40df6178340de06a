// Signing in at the door: tokens in cookies that no script can read, and that no other part of the house is sent.
import { z } from 'zod';
import * as accounts from '../../services/accounts/accounts.ts';
import * as sessions from '../../services/accounts/sessions.ts';
import { DomainError, invalidField } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { readCookie, setCookie } from '../http/steps/cookies.ts';
import { LIMITS } from './limits.ts';

export const COOKIES = {
  access: { name: 'door_access', path: '/door/api/' },
  refresh: { name: 'door_refresh', path: '/door/api/session' },
} as const;

/** A gate without a network signs in again only after a week. */
const LIFETIMES = { accessSeconds: 900, refreshSeconds: 7 * 86_400 };

// No rules of form here: an ill-formed address simply opens no account.
const Credentials = z.object({ email: z.string().min(1).max(254), password: z.string().min(1).max(1024) });
const Person = z.object({ name: z.string(), role: z.enum(['organizer', 'admin']) }).meta({ id: 'DoorPerson' });

/** The routes that sign a gate in and out. */
export function sessionRoutes({ config, db, passwords, tokens }: Gateway): Route[] {
  const https = config.http.publicUrl.startsWith('https:');
  const cookie = (which: keyof typeof COOKIES, value: string, seconds: number) =>
    setCookie(COOKIES[which].name, value, { path: COOKIES[which].path, seconds, https });
  const keep = (pair: sessions.TokenPair) => ({
    'Set-Cookie': [cookie('access', pair.accessToken, pair.expiresIn), cookie('refresh', pair.refreshToken, pair.refreshExpiresIn)],
  });
  const forget = { 'Set-Cookie': [cookie('access', '', 0), cookie('refresh', '', 0)] };
  const shown = ({ full_name, role }: accounts.Account) => {
    if (role === 'user') throw new DomainError('forbidden', 'Only organizers can scan tickets.');
    return { name: full_name, role };
  };
  const responses = { 200: { description: 'Signed in.', schema: Person, headers: { 'Set-Cookie': z.string() } } };

  return [
    route({
      method: 'post',
      path: '/door/api/session',
      access: 'public',
      limit: LIMITS.signIn,
      tag: 'Session',
      operationId: 'openDoorSession',
      summary: 'Sign in',
      body: Credentials,
      responses,
      refusals: ['invalid_credentials', 'email_not_verified', 'forbidden'],
      async handle({ body }) {
        const account = await accounts.login(db, passwords, body);
        const person = shown(account);
        return { status: 200, headers: keep(await sessions.open(db, tokens, account, LIFETIMES)), body: person };
      },
    }),
    route({
      method: 'post',
      path: '/door/api/session/renew',
      access: 'public',
      limit: LIMITS.public,
      tag: 'Session',
      operationId: 'renewDoorSession',
      summary: 'Go on with the refresh cookie',
      responses,
      refusals: ['invalid', 'token_invalid', 'token_expired', 'forbidden'],
      async handle({ ctx }) {
        const spent = readCookie(ctx.req.headers.cookie, COOKIES.refresh.name);
        if (!spent) throw invalidField('refreshToken', 'There is no sign-in to go on with.');
        const pair = await sessions.refresh(db, tokens, spent);
        const { accountId } = await sessions.verifyAccess(tokens, pair.accessToken);
        const account = await accounts.find(db, accountId);
        if (!account) throw new DomainError('account_not_found', 'This account does not exist any more.');
        return { status: 200, headers: keep(pair), body: shown(account) };
      },
    }),
    route({
      method: 'delete',
      path: '/door/api/session',
      access: 'user',
      limit: LIMITS.reading,
      tag: 'Session',
      operationId: 'closeDoorSession',
      summary: 'Sign out',
      responses: { 204: { description: 'Signed out.' } },
      async handle({ caller }) {
        await sessions.signOut(db, tokens, caller);
        return { status: 204, headers: forget, body: undefined };
      },
    }),
  ];
}
