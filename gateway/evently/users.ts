// Evently's profile: the caller's own account with what it has booked, and changing it.
import { z } from 'zod';
import * as accounts from '../../services/accounts/accounts.ts';
import { textable } from '../../services/outbox/texts.ts';
import * as analytics from '../../services/reports/analytics.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import type { RefusalCode } from '../http/api.ts';
import { newPassword } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { User } from './auth.ts';
import { ok } from './envelope.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { envelope, Nothing, PHONE, phone } from './shapes.ts';

const path = '/api/v1/users/profile';

// Whatever else is in the body is left alone: role and address are not the caller's to change here.
const ProfileBody = z.object({
  full_name: z.string().trim().min(1).max(200).optional().meta({ example: 'John Smith' }),
  phone: phone.meta({ description: `${PHONE} null removes it.`, example: '+1234567891' }),
});
const PasswordBody = z.object({ current_password: z.string().min(1).max(1024), new_password: newPassword });
const Profile = User.extend({
  phone: z.string().nullable(),
  stats: z.object({
    total_bookings: z.number().int().meta({ description: 'Bookings that were confirmed, also if cancelled later.' }),
    upcoming_events: z.number().int().meta({ description: 'Events not yet begun that a confirmed booking is for.' }),
    total_spent: z.number().meta({ description: 'Paid minus refunded, in `currency`. Refunds on their way count.', example: 2500.0 }),
    currency: z.string().meta({ description: 'Addition to the seed: the currency of most of the bookings.' }),
    spent_by_currency: z.record(z.string(), z.number()).meta({ description: 'Addition to the seed: all currencies.' }),
  }),
}).meta({ id: 'Profile' });

/** The routes under /api/v1/users/profile. */
export function users({ db, passwords, tokens }: Gateway): Route[] {
  const shared = { path, access: 'user', limit: LIMITS.authenticated, tag: 'Users' } as const;
  const responses = { 200: { description: 'The profile.', schema: envelope(Profile) } };
  const refusals: RefusalCode[] = ['account_not_found'];

  const shown = async (account: accounts.Account | undefined): Promise<z.output<typeof Profile>> => {
    if (!account) throw new DomainError('account_not_found', 'This account does not exist any more.');
    const { bookings, upcoming, spent } = await analytics.buyerStats(db, account.id);
    const main = spent[0] ?? { currency: 'USD', minor: 0 };
    return {
      ...present.user(account),
      phone: account.phone,
      stats: {
        total_bookings: bookings,
        upcoming_events: upcoming,
        total_spent: present.money(main.minor, main.currency),
        currency: main.currency,
        spent_by_currency: Object.fromEntries(spent.map((s) => [s.currency, present.money(s.minor, s.currency)])),
      },
    };
  };

  return [
    route({
      ...shared,
      method: 'get',
      operationId: 'getProfile',
      summary: "The caller's profile",
      responses,
      refusals,
      handle: async ({ caller }) => ok(await shown(await accounts.find(db, caller.accountId))),
    }),
    route({
      ...shared,
      method: 'put',
      operationId: 'updateProfile',
      summary: 'Update profile',
      description: 'Changes the name and the phone number, those that are sent. Other fields are ignored.',
      body: ProfileBody,
      responses,
      refusals,
      async handle({ body, caller }) {
        const phone = body.phone == null ? body.phone : textable(body.phone);
        return ok(await shown(await accounts.update(db, caller.accountId, { fullName: body.full_name, phone })));
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/users/password',
      access: 'user',
      // Guessing the present password with a token that was found is guessing: it is counted as buying is.
      limit: LIMITS.booking,
      tag: 'Users',
      operationId: 'changePassword',
      summary: 'Change password',
      description: 'Addition to the seed. Ends all other sign-ins of the account; this one goes on.',
      body: PasswordBody,
      responses: { 200: { description: 'Changed.', schema: envelope(Nothing) } },
      refusals: ['account_not_found', 'invalid'],
      async handle({ body, caller }) {
        await accounts.changePassword(db, { passwords, tokens }, caller, { current: body.current_password, next: body.new_password });
        return ok({}, 'Password changed');
      },
    }),
  ];
}
