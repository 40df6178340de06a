// How EasyTicket shows an account.
import { z } from 'zod';
import { type Account, namesOf } from '../../services/accounts/accounts.ts';
import { id } from '../http/fields.ts';
import { time, timeOrNull } from './shapes.ts';

const moment = z.iso.datetime().meta({ example: '2025-11-19T08:25:00Z' });

/** Consumers buy, organizers sell. */
export const UserType = z.enum(['consumer', 'organizer']).meta({ id: 'UserType' });

export const User = z
  .object({
    id,
    email: z.string().meta({ example: 'john.doe@example.com' }),
    first_name: z.string().meta({ example: 'John' }),
    last_name: z.string().meta({ example: 'Doe' }),
    user_type: UserType,
    is_staff: z
      .boolean()
      .meta({ description: 'An addition: administrators, who may do all that organizers may, with events of everybody.' }),
    phone_number: z.string().nullable().meta({ example: '+1234567890' }),
    organization: z.string().meta({ description: "An addition: an organizer's firm, which its events name; empty: none." }),
    is_email_verified: z.boolean(),
    date_joined: moment,
    last_login: moment.nullable().meta({ description: 'null before the first.' }),
  })
  .meta({ id: 'EasyUser' });

export function user(account: Account): z.output<typeof User> {
  const { first, last } = namesOf(account);
  return {
    id: account.id,
    email: account.email,
    first_name: first,
    last_name: last,
    user_type: account.role === 'user' ? 'consumer' : 'organizer',
    is_staff: account.role === 'admin',
    phone_number: account.phone,
    organization: account.organization,
    is_email_verified: account.email_verified_at !== null,
    date_joined: time(account.created_at),
    last_login: timeOrNull(account.last_login_at),
  };
}
