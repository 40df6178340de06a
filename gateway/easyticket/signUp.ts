// EasyTicket's signing up: an account, and the proof of its address by a link in a mail. No answer tells who has an account.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { resendLink, signUp, verifyEmail } from '../../services/accounts/signup.ts';
import { textable } from '../../services/outbox/texts.ts';
import type { Gateway } from '../deps.ts';
import { id, label, newEmail, newPassword, phone } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { verifyPage } from '../pages/verifyPage.ts';
import { UserType } from './accountPresenter.ts';
import { LIMITS } from './limits.ts';
import { Message } from './shapes.ts';

/** Answers come no sooner than this: writing to the database for one address and not for another takes a time that could be measured. */
const SIGN_UP_MS = 200;
const RESEND_MS = 100;

const path = '/api/auth/verify-email/';

/** What people call themselves, and the firm of organizers. Some people have one name only. */
export const names = {
  first_name: label(100).meta({ example: 'John' }),
  last_name: z.string().trim().max(100).meta({ example: 'Doe' }),
  organization: z.string().trim().max(200).meta({ description: "An addition: an organizer's firm, which its events name." }),
};

const SignUpBody = z
  .object({
    email: newEmail,
    password: newPassword,
    password_confirm: z.string().max(128).meta({ example: 'SecurePass123!' }),
    user_type: UserType,
    first_name: names.first_name,
    last_name: names.last_name.default(''),
    phone_number: phone.meta({ description: 'With + and country code.', example: '+1234567890' }),
    organization: names.organization.optional(),
  })
  .refine((body) => body.password === body.password_confirm, { path: ['password_confirm'], message: 'must be the same as password' });

const SignedUp = z.object({
  message: z.string(),
  user: z.object({
    id: id.meta({ description: "The account's where it is new; one that means nothing where the address has an account already." }),
    email: z.string(),
    user_type: UserType,
  }),
});

const Verified = z.object({ message: z.string(), user: z.object({ id, email: z.string() }) });

/** The routes that make an account and verify its address. */
export function signUpRoutes({ config, db, passwords }: Gateway): Route[] {
  const { publicUrl } = config.http;
  const mail = { tokenSecret: config.mail.tokenSecret, verifyUrl: publicUrl + path, signInUrl: publicUrl };
  const shared = { method: 'post', access: 'public', tag: 'Authentication' } as const;
  return [
    route({
      ...shared,
      path: '/api/auth/signup/',
      limit: LIMITS.signup,
      operationId: 'signUp',
      summary: 'Sign up',
      description:
        'Makes an account that can sign in once its address is verified, by the link in a mail. The answer is the same for an address that has an account: its owner is told by mail.',
      body: SignUpBody,
      responses: { 201: { description: 'A mail is on its way.', schema: SignedUp } },
      async handle({ body }) {
        const person = {
          email: body.email,
          password: body.password,
          firstName: body.first_name,
          lastName: body.last_name,
          phone: textable(body.phone_number),
          organization: body.organization,
          role: body.user_type === 'organizer' ? 'organizer' : 'user',
        } as const;
        const made = await noSooner(SIGN_UP_MS, signUp(db, { passwords, mail }, person));
        return {
          status: 201,
          body: {
            message: 'Registration successful. Please check your email to verify your account.',
            user: { id: made.id, email: body.email, user_type: body.user_type },
          },
        };
      },
    }),
    route({
      ...shared,
      path,
      // A token cannot be guessed, so no limit of its own is needed.
      limit: LIMITS.anonymous,
      operationId: 'verifyEmail',
      summary: 'Verify email address',
      description: 'Takes the token of the mail. A second time the answer says that the address is verified already.',
      body: z.object({ token: z.string().trim().min(1).max(200).meta({ example: 'verification-token-from-email' }) }),
      responses: { 200: { description: 'The address is verified.', schema: Verified } },
      refusals: ['invalid'],
      async handle({ body }) {
        const { already, ...user } = await verifyEmail(db, body.token);
        const message = already ? 'Email is already verified. You can login.' : 'Email verified successfully. You can now login.';
        return { status: 200, body: { message, user } };
      },
    }),
    route({
      ...shared,
      path: '/api/auth/resend-verification/',
      limit: LIMITS.resend,
      operationId: 'resendVerification',
      summary: 'Resend verification email',
      description:
        'The answer is the same whether the address has an account, verified or not. A mail is sent to one that waits to be verified, once a minute and ten times a day at most.',
      body: z.object({ email: z.string().trim().min(1).max(254).meta({ example: 'user@example.com' }) }),
      responses: { 200: { description: 'If the address waits to be verified, a mail is on its way.', schema: Message } },
      async handle({ body }) {
        await noSooner(RESEND_MS, resendLink(db, mail, body.email));
        const message = 'If this address has an account that is not verified, a verification email is on its way.';
        return { status: 200, body: { message } };
      },
    }),
    verifyPage({ path, limit: LIMITS.anonymous }),
  ];
}

/** What the work results in, once `ms` have passed. */
async function noSooner<T>(ms: number, work: Promise<T>): Promise<T> {
  const [result] = await Promise.all([work, sleep(ms)]);
  return result;
}
