// Evently's sign-in: register, login, refresh.
import { z } from 'zod';
import * as accounts from '../../services/accounts/accounts.ts';
import * as sessions from '../../services/accounts/sessions.ts';
import { textable } from '../../services/outbox/texts.ts';
import type { Gateway } from '../deps.ts';
import { newEmail, newPassword } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { ok } from './envelope.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { envelope, id, instant, label, Nothing, PHONE, phone } from './shapes.ts';

const RegisterBody = z.object({
  email: newEmail,
  password: newPassword,
  full_name: label(200).meta({ example: 'John Doe' }),
  phone: phone.meta({ description: PHONE, example: '+1234567890' }),
});

// No rules of form here: an ill-formed address simply opens no account.
const LoginBody = z.object({
  email: z.string().min(1).max(254).meta({ example: 'user@example.com' }),
  password: z.string().min(1).max(1024).meta({ example: 'SecurePass123!' }),
});
const RefreshBody = z.object({ refresh_token: z.string().min(1).max(4096).meta({ example: 'eyJhbGciOiJIUzI1...' }) });
export const User = z
  .object({
    id,
    email: z.string().meta({ example: 'user@example.com' }),
    full_name: z.string().meta({ example: 'John Doe' }),
    role: z.enum(['user', 'organizer', 'admin']),
    created_at: instant,
  })
  .meta({ id: 'User' });
export const Tokens = z
  .object({
    access_token: z.string().meta({ example: 'eyJhbGciOiJIUzI1...' }),
    refresh_token: z.string().meta({ example: 'eyJhbGciOiJIUzI1...' }),
    token_type: z.literal('bearer'),
    expires_in: z.number().int().meta({ description: 'Seconds until the access token expires.', example: 1800 }),
  })
  .meta({ id: 'Tokens' });

const SignedUp = Tokens.extend({ user: User }).meta({ id: 'SignedUp' });

const tag = 'Authentication';

/** The routes under /api/v1/auth. */
export function auth({ config, db, passwords, tokens }: Gateway): Route[] {
  const lifetimes = config.apis.evently;
  return [
    route({
      method: 'post',
      path: '/api/v1/auth/register',
      access: 'public',
      limit: LIMITS.signIn,
      tag,
      operationId: 'register',
      summary: 'Register',
      body: RegisterBody,
      responses: { 201: { description: 'Registered and signed in.', schema: envelope(SignedUp) } },
      refusals: ['email_taken'],
      async handle({ body }) {
        // Evently has no verification step and signs the account in at once, so the address counts as verified; APIs that verify would otherwise lock it out.
        const person = { ...body, fullName: body.full_name, phone: textable(body.phone), verified: true };
        const account = await accounts.register(db, passwords, person);
        const pair = await sessions.open(db, tokens, account, lifetimes);
        return ok({ user: present.user(account), ...present.tokens(pair) }, 'Registration successful', 201);
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/auth/login',
      access: 'public',
      limit: LIMITS.signIn,
      tag,
      operationId: 'login',
      summary: 'Login',
      body: LoginBody,
      responses: { 200: { description: 'Signed in.', schema: envelope(Tokens) } },
      refusals: ['invalid_credentials', 'email_not_verified'],
      async handle({ body }) {
        const account = await accounts.login(db, passwords, body);
        return ok(present.tokens(await sessions.open(db, tokens, account, lifetimes)));
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/auth/refresh',
      access: 'public',
      limit: LIMITS.signIn,
      tag,
      operationId: 'refreshTokens',
      summary: 'Refresh token',
      description: 'Spends the refresh token for a fresh pair. A token spent before ends the whole sign-in.',
      body: RefreshBody,
      responses: { 200: { description: 'A fresh pair.', schema: envelope(Tokens) } },
      refusals: ['token_invalid', 'token_expired'],
      handle: async ({ body }) => ok(present.tokens(await sessions.refresh(db, tokens, body.refresh_token))),
    }),
    route({
      method: 'post',
      path: '/api/v1/auth/logout',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'logout',
      summary: 'Logout',
      description:
        'Addition to the seed. Ends this sign-in: its refresh token and its access token are refused from now on. Other sign-ins go on.',
      responses: { 200: { description: 'Signed out.', schema: envelope(Nothing) } },
      refusals: [],
      async handle({ caller }) {
        await sessions.signOut(db, tokens, caller);
        return ok({}, 'Signed out');
      },
    }),
  ];
}
