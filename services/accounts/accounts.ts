// Accounts: one identity for all APIs.
import { type Kysely, sql } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { AccountRole, DB } from '../../db/tables.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { unhurried } from '../shared/unhurried.ts';
import { isImported } from './imported.ts';
import type { Passwords } from './passwords.ts';
import * as sessions from './sessions.ts';
import { forgetAccount, refuseFrom, type TokenKeys } from './verified.ts';

export type Role = AccountRole;

export type Account = {
  id: string;
  number: number;
  email: string;
  full_name: string;
  /** null with the other: made where a name is one text (namesOf). */
  first_name: string | null;
  last_name: string | null;
  phone: string | null;
  username: string | null;
  picture_url: string | null;
  role: Role;
  /** An organizer's firm; empty: none. */
  organization: string;
  email_verified_at: Date | null;
  last_login_at: Date | null;
  /** When its password or its role changed last. */
  credentials_changed_at: Date | null;
  created_at: Date;
};

const COLUMNS = [
  ...(['id', 'number', 'email', 'full_name', 'first_name', 'last_name', 'phone', 'username', 'picture_url', 'role'] as const),
  ...(['organization', 'email_verified_at', 'last_login_at', 'credentials_changed_at', 'created_at'] as const),
] as const;

/** First and last name as one, as tickets show it. */
export const fullName = (first: string, last: string): string => [first, last].filter(Boolean).join(' ');

/** First and last name. Of an account that was given its name as one text they are divided at its first blank. */
export function namesOf(account: Pick<Account, 'full_name' | 'first_name' | 'last_name'>): { first: string; last: string } {
  if (account.first_name !== null || account.last_name !== null) return { first: account.first_name ?? '', last: account.last_name ?? '' };
  const [first = '', ...rest] = account.full_name.trim().split(/\s+/);
  return { first, last: rest.join(' ') };
}

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
 * The account with these credentials, noted as signed in now. An unknown address and a wrong password give the same answer after the same
 * time; that the address is not verified is told only to who knows the password.
 * @throws DomainError invalid_credentials | email_not_verified
 */
export async function login(db: Kysely<DB>, passwords: Passwords, given: { email: string; password: string }): Promise<Account> {
  // Once more where the hash was changed in this very moment: it may have become another hash of the same password.
  const account = (await signIn(db, passwords, given)) ?? (await signIn(db, passwords, given));
  if (!account) throw wrongCredentials();
  return account;
}

/** One try; undefined where the hash is not what was verified any more. */
async function signIn(db: Kysely<DB>, passwords: Passwords, given: { email: string; password: string }): Promise<Account | undefined> {
  const { id, password_hash: hash } = await prove(db, passwords, given);
  return (await noteSignIn(db, { id, hash }))[0];
}

/**
 * The account with these credentials, as it is: nothing is noted (noteSignIns). An imported hash becomes one of ours in the background.
 * @throws DomainError invalid_credentials | email_not_verified | unavailable
 */
export async function prove(
  db: Kysely<DB>,
  passwords: Passwords,
  given: { email: string; password: string },
): Promise<Account & { password_hash: string }> {
  const [account] = await ofAddress(db, { email: address(given.email) });
  const fits = await passwords.verify(account?.password_hash, given.password);
  if (!account || !fits) throw wrongCredentials();
  if (!account.email_verified_at) throw new DomainError('email_not_verified', 'Email not verified. Please check your email.');
  const { id, password_hash: from } = account;
  if (isImported(from)) passwords.upgrade(given.password, (fresh) => replaceHash(db, id, { from, to: fresh }));
  return account;
}

const columns = sql.join(COLUMNS.map((name) => sql.ref(name)));

const ofAddress = prepared<{ email: string }>()(
  (p) => sql<Account & { password_hash: string }>`select ${columns}, password_hash from accounts where email = ${p.email}::citext`,
);

/** Nobody waits until the disk has it: a crash may cost the last second's times of signing in. No row where the hash is another one by now. */
const noteSignIn = prepared<{ id: string; hash: string }>()(
  (p) => sql<Account>`with ${unhurried}
    update accounts set last_login_at = now() from unhurried
    where id = ${p.id}::uuid and password_hash = ${p.hash} returning ${columns}`,
);

/** Notes that these accounts have signed in. They are locked in one order, so that two gateways never wait for each other. */
export async function noteSignIns(db: Kysely<DB>, ids: string[]): Promise<void> {
  await notedSignIns(db, { ids });
}

const notedSignIns = prepared<{ ids: string[] }>()(
  (p) => sql`with ${unhurried},
      seen as materialized (select id from accounts where id = any(${p.ids}::uuid[]) order by id for no key update)
    update accounts set last_login_at = now() from unhurried, seen where accounts.id = seen.id`,
);

/** Gives an account another hash of the same password; one that was changed meanwhile stays changed. What a crash takes back is made again. */
const replaceHash = (db: Kysely<DB>, id: string, { from, to }: { from: string; to: string }) =>
  sql`with ${unhurried} update accounts set password_hash = ${to} from unhurried where id = ${id}::uuid and password_hash = ${from}`.execute(
    db,
  );

const wrongCredentials = () => new DomainError('invalid_credentials', 'Invalid email or password.');

/** The account, or undefined. */
export async function find(db: Kysely<DB>, id: string): Promise<Account | undefined> {
  return db.selectFrom('accounts').select(COLUMNS).where('id', '=', id).executeTakeFirst();
}

/** The account of an address, or undefined. */
export async function findByAddress(db: Kysely<DB>, email: string): Promise<Account | undefined> {
  return db.selectFrom('accounts').select(COLUMNS).where('email', '=', address(email)).executeTakeFirst();
}

/** What may be changed of an account; null removes the phone number. Its name is one text, or first and last name. */
export type Change = {
  fullName?: string;
  firstName?: string;
  lastName?: string;
  phone?: string | null;
  organization?: string;
};

/** Changes the given fields and returns the account; undefined if there is none. */
export async function update(db: Kysely<DB>, id: string, change: Change): Promise<Account | undefined> {
  const { phone, organization } = change;
  return db.transaction().execute(async (tx) => {
    const known = await tx.selectFrom('accounts').select(COLUMNS).where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
    return (
      known &&
      tx
        .updateTable('accounts')
        .set({
          ...nameChange(known, change),
          ...(phone !== undefined && { phone }),
          ...(organization !== undefined && { organization }),
          updated_at: sql<Date>`now()`,
        })
        .where('id', '=', id)
        .returning(COLUMNS)
        .executeTakeFirst()
    );
  });
}

/** The columns of a changed name: all three say the same. */
function nameChange(known: Account, { fullName: whole, firstName, lastName }: Change) {
  if (whole !== undefined) return { full_name: whole, first_name: null, last_name: null };
  if (firstName === undefined && lastName === undefined) return {};
  const names = namesOf(known);
  const [first, last] = [firstName ?? names.first, lastName ?? names.last];
  return { full_name: fullName(first, last), first_name: first, last_name: last };
}

/**
 * Changes the password of whoever knows the present one, and ends all other sign-ins of the account: whoever else had the old one is out.
 * @throws DomainError invalid (currentPassword), account_not_found
 */
export async function changePassword(
  db: Kysely<DB>,
  { passwords, tokens }: { passwords: Passwords; tokens: TokenKeys },
  caller: sessions.Caller,
  given: { current: string; next: string },
): Promise<void> {
  const row = await db.selectFrom('accounts').select('password_hash').where('id', '=', caller.accountId).executeTakeFirst();
  if (!row) throw new DomainError('account_not_found', 'This account does not exist any more.');
  if (!(await passwords.verify(row.password_hash, given.current))) throw wrongPassword();
  const fresh = await passwords.hash(given.next);

  const ended = await db.transaction().execute(async (tx) => {
    const now = await tx
      .selectFrom('accounts')
      .select('password_hash')
      .where('id', '=', caller.accountId)
      .forNoKeyUpdate()
      .executeTakeFirst();
    // Of two changes at once the second began from a password that is not the account's any more. An imported hash may have been upgraded.
    const same = now && (now.password_hash === row.password_hash || (await upgraded(passwords, row.password_hash, now, given.current)));
    if (!same) throw wrongPassword();
    await tx
      .updateTable('accounts')
      .set({ password_hash: fresh, credentials_changed_at: sql<Date>`now()`, updated_at: sql<Date>`now()` })
      .where('id', '=', caller.accountId)
      .execute();
    return sessions.end(tx, caller.accountId, { allBut: caller.sessionId });
  });
  refuseFrom(tokens, ended);
  forgetAccount(tokens, caller.accountId);
}

/** Whether an imported hash has become another one of the same password. */
const upgraded = async (passwords: Passwords, from: string, now: { password_hash: string }, password: string): Promise<boolean> =>
  isImported(from) && passwords.verify(now.password_hash, password);

const wrongPassword = () => invalidField('currentPassword', 'This is not the present password.');

/** Gives the account of an address a role; it counts from the next sign-in or refresh. False: there is no such account. */
export async function promote(db: Kysely<DB>, email: string, role: Role): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('accounts')
    .set({ role, credentials_changed_at: sql<Date>`now()`, updated_at: sql<Date>`now()` })
    .where('email', '=', address(email))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
