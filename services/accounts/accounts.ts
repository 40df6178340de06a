// Accounts: one identity for all APIs.
import { type Kysely, sql } from 'kysely';
import type { AccountRole, DB } from '../../db/tables.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import type { Passwords } from './passwords.ts';
import * as sessions from './sessions.ts';

export type Role = AccountRole;

export type Account = {
  id: string;
  number: number;
  email: string;
  full_name: string;
  phone: string | null;
  role: Role;
  email_verified_at: Date | null;
  created_at: Date;
};

const COLUMNS = ['id', 'number', 'email', 'full_name', 'phone', 'role', 'email_verified_at', 'created_at'] as const;

/** An e-mail address as it is kept and compared: no blanks around it (a phone's keyboard adds them), accents composed. Case is citext's matter. */
export const address = (email: string): string => email.trim().normalize('NFC');

/**
 * Creates an account. `verified`: its address counts as proved, because the API it comes through asks for no proof.
 * @throws DomainError email_taken
 */
export async function register(
  db: Kysely<DB>,
  passwords: Passwords,
  person: { email: string; password: string; fullName: string; phone?: string | null; role?: Role; verified: boolean },
): Promise<Account> {
  const account = await db
    .insertInto('accounts')
    .values({
      email: address(person.email),
      password_hash: await passwords.hash(person.password),
      full_name: person.fullName,
      phone: person.phone ?? null,
      role: person.role ?? 'user',
      email_verified_at: person.verified ? sql<Date>`now()` : null,
    })
    .onConflict((c) => c.column('email').doNothing())
    .returning(COLUMNS)
    .executeTakeFirst();
  if (!account)
    throw new DomainError('email_taken', 'This e-mail address already has an account.', { fields: { email: 'already registered' } });
  return account;
}

/**
 * The account with these credentials. An unknown address and a wrong password give the same answer after the same time.
 * @throws DomainError invalid_credentials
 */
export async function login(db: Kysely<DB>, passwords: Passwords, given: { email: string; password: string }): Promise<Account> {
  const row = await db
    .selectFrom('accounts')
    .select([...COLUMNS, 'password_hash'])
    .where('email', '=', address(given.email))
    .executeTakeFirst();
  const fits = await passwords.verify(row?.password_hash, given.password);
  if (!row || !fits) throw new DomainError('invalid_credentials', 'Invalid email or password.');
  const { password_hash: _, ...account } = row;
  return account;
}

/** The account, or undefined. */
export async function find(db: Kysely<DB>, id: string): Promise<Account | undefined> {
  return db.selectFrom('accounts').select(COLUMNS).where('id', '=', id).executeTakeFirst();
}

/** Changes the given fields (null removes the phone number) and returns the account; undefined if there is none. */
export async function update(
  db: Kysely<DB>,
  id: string,
  change: { fullName?: string; phone?: string | null },
): Promise<Account | undefined> {
  const { fullName, phone } = change;
  return db
    .updateTable('accounts')
    .set({
      ...(fullName !== undefined && { full_name: fullName }),
      ...(phone !== undefined && { phone }),
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .returning(COLUMNS)
    .executeTakeFirst();
}

/**
 * Changes the password of whoever knows the present one, and ends all other sign-ins of the account: whoever else had the old one is out.
 * @throws DomainError invalid (currentPassword), account_not_found
 */
export async function changePassword(
  db: Kysely<DB>,
  { passwords, tokens }: { passwords: Passwords; tokens: sessions.TokenKeys },
  caller: sessions.Caller,
  given: { current: string; next: string },
): Promise<void> {
  const row = await db.selectFrom('accounts').select('password_hash').where('id', '=', caller.accountId).executeTakeFirst();
  if (!row) throw new DomainError('account_not_found', 'This account does not exist any more.');
  if (!(await passwords.verify(row.password_hash, given.current))) throw wrongPassword();
  const fresh = await passwords.hash(given.next);

  const ended = await db.transaction().execute(async (tx) => {
    // Of two changes at once the second began from a password that is not the account's any more.
    const { numUpdatedRows } = await tx
      .updateTable('accounts')
      .set({ password_hash: fresh, updated_at: sql<Date>`now()` })
      .where('id', '=', caller.accountId)
      .where('password_hash', '=', row.password_hash)
      .executeTakeFirst();
    if (!numUpdatedRows) throw wrongPassword();
    return sessions.end(tx, caller.accountId, { allBut: caller.sessionId });
  });
  sessions.refuseFrom(tokens, ended);
}

const wrongPassword = () => invalidField('currentPassword', 'This is not the present password.');

/** Gives the account of an address a role; it counts from the next sign-in or refresh. False: there is no such account. */
export async function promote(db: Kysely<DB>, email: string, role: Role): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('accounts')
    .set({ role, updated_at: sql<Date>`now()` })
    .where('email', '=', address(email))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
