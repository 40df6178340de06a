// EasyTicket's profile: the caller's own account, and its password.
import { z } from 'zod';
import * as accounts from '../../services/accounts/accounts.ts';
import { textable } from '../../services/outbox/texts.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { newPassword, phone } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import * as present from './accountPresenter.ts';
import { LIMITS } from './limits.ts';
import { Message } from './shapes.ts';
import { names } from './signUp.ts';

// Whatever else is in the body is left alone: address, user_type and the like are not the caller's to change here.
const ProfileBody = z.object({
  first_name: names.first_name.optional(),
  last_name: names.last_name.optional(),
  phone_number: phone.meta({ description: 'With + and country code; null removes it.', example: '+1987654321' }),
  organization: names.organization.optional(),
});

const PasswordBody = z
  .object({
    old_password: z.string().min(1).max(1024).meta({ example: 'SecurePass123!' }),
    new_password: newPassword,
    new_password_confirm: z.string().max(128).meta({ example: 'NewSecurePass456!' }),
  })
  .refine((body) => body.new_password === body.new_password_confirm, {
    path: ['new_password_confirm'],
    message: 'must be the same as new_password',
  });

/** The routes of the caller's own account. */
export function profileRoutes({ db, passwords, tokens }: Gateway): Route[] {
  const shared = { path: '/api/auth/profile/', access: 'user', limit: LIMITS.authenticated, tag: 'Authentication' } as const;
  const responses = { 200: { description: 'The profile.', schema: present.User } };

  const shown = (account: accounts.Account | undefined) => {
    if (!account) throw new DomainError('account_not_found', 'This account does not exist any more.');
    return { status: 200, body: present.user(account) };
  };

  const changes = (method: 'put' | 'patch', operationId: string, summary: string) =>
    route({
      ...shared,
      method,
      operationId,
      summary,
      description: 'Changes the fields that are sent. Those that cannot be changed (email, user_type) are ignored.',
      body: ProfileBody,
      responses,
      refusals: ['account_not_found'],
      async handle({ body, caller }) {
        const change = {
          firstName: body.first_name,
          lastName: body.last_name,
          phone: body.phone_number == null ? body.phone_number : textable(body.phone_number),
          organization: body.organization,
        };
        return shown(await accounts.update(db, caller.accountId, change));
      },
    });

  return [
    route({
      ...shared,
      method: 'get',
      operationId: 'getMyProfile',
      summary: "The caller's profile",
      responses,
      refusals: ['account_not_found'],
      handle: async ({ caller }) => shown(await accounts.find(db, caller.accountId)),
    }),
    changes('put', 'putMyProfile', 'Update profile'),
    changes('patch', 'patchMyProfile', 'Partially update profile'),
    route({
      method: 'post',
      path: '/api/auth/change-password/',
      access: 'user',
      limit: LIMITS.password,
      tag: 'Authentication',
      operationId: 'changeMyPassword',
      summary: 'Change password',
      description: 'Ends all other sign-ins of the account; this one goes on.',
      body: PasswordBody,
      responses: { 200: { description: 'Changed.', schema: Message } },
      refusals: ['account_not_found', 'invalid'],
      async handle({ body, caller }) {
        await accounts.changePassword(db, { passwords, tokens }, caller, { current: body.old_password, next: body.new_password });
        return { status: 200, body: { message: 'Password changed successfully' } };
      },
    }),
  ];
}
