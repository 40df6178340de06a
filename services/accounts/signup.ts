// Signing up with an address that is to be proved, by a link in a mail to it. Nothing here tells who has an account already.
import { randomUUID } from 'node:crypto';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as mails from '../outbox/mails.ts';
import { invalidField } from '../shared/errors.ts';
import { address, fullName, type Role } from './accounts.ts';
import type { Passwords } from './passwords.ts';
import { digestOf, makeToken, TOKEN_DAYS } from './tokens.ts';

export type NewPerson = {
  email: string;
  password: string;
  firstName: string;
  lastName: string;
  phone?: string | null;
  organization?: string;
  role: Exclude<Role, 'admin'>;
};

/** What mails about an account are made of: the secret of their tokens, the page that takes one, and where to sign in. */
export type AccountMail = { tokenSecret: string; verifyUrl: string; signInUrl: string };

/** What a sign-up says of the account, by its columns; the token in its mail makes the account so. */
type Signup = Record<'password_hash' | 'full_name' | 'first_name' | 'last_name' | 'organization', string> & {
  phone: string | null;
  role: Role;
};

/** As it stands with a token: with when it was, in ISO 8601. */
type Kept = Signup & { at: string };

/** Strangers can ask for these mails: nobody gets more of them a day, however many addresses ask from. */
const MAILS_A_DAY = 10;
/** Who waits for a mail asks again soon, and impatiently; the one that was sent needs a moment to arrive. */
const RESEND_PAUSE = sql`interval '1 minute'`;
/** That there is an account need not be read more often. */
const REGISTERED_PAUSE = sql`interval '1 hour'`;

/**
 * Signs a person up and mails a link that proves the address. An address that has a verified account keeps it, and its owner is told by mail.
 * One that nobody has proved belongs to nobody yet: it gets a link for each sign-up, and the account becomes what that one says whose link is
 * used. So who signs up with a stranger's address does not set the password of the account that the stranger verifies.
 * @returns an id that tells nothing: the account's if it is new, else a random one
 */
export async function signUp(
  db: Kysely<DB>,
  { passwords, mail }: { passwords: Passwords; mail: AccountMail },
  person: NewPerson,
): Promise<{ id: string }> {
  const email = address(person.email);
  const signup: Signup = {
    password_hash: await passwords.hash(person.password),
    full_name: fullName(person.firstName, person.lastName),
    first_name: person.firstName,
    last_name: person.lastName,
    phone: person.phone ?? null,
    organization: person.organization ?? '',
    role: person.role,
  };
  return db.transaction().execute(async (tx) => {
    const made = await tx
      .insertInto('accounts')
      .values({ email, ...signup })
      .onConflict((c) => c.column('email').doNothing())
      .returning('id')
      .executeTakeFirst();
    const waits = await sendLink(tx, mail, email, { signup });
    if (!waits) await tellRegistered(tx, mail, email);
    return { id: made?.id ?? randomUUID() };
  });
}

/** Mails a fresh link for the last sign-up of an address that waits to be verified. Does nothing for any other, nor soon after the last mail. */
export async function resendLink(db: Kysely<DB>, mail: AccountMail, email: string): Promise<void> {
  await db.transaction().execute((tx) => sendLink(tx, mail, address(email), { pause: RESEND_PAUSE }));
}

/**
 * Writes a token and its mail, for this sign-up or the last one of the address. False: no account of this address waits to be verified.
 * The mail goes to the address as the account has it, never to a spelling of it that somebody sent.
 */
async function sendLink(
  tx: Transaction<DB>,
  mail: AccountMail,
  email: string,
  { signup, pause = sql`interval '0'` }: { signup?: Signup; pause?: RawBuilder<unknown> },
): Promise<boolean> {
  const { seed, digest } = makeToken(mail.tokenSecret);
  const given = signup && JSON.stringify({ ...signup, at: new Date().toISOString() } satisfies Kept);
  const { rows } = await sql<{ email: string; at: string | null }>`
    with waits as (
      select a.* from accounts a where a.email = ${email} and a.email_verified_at is null for no key update),
    asked as (
      update accounts a set mailed_at = now() from waits w
      where a.id = w.id and (w.mailed_at is null or w.mailed_at <= now() - ${pause})
        and (select count(*) from account_tokens t where t.account_id = w.id and t.created_at > now() - interval '1 day') < ${MAILS_A_DAY}
      returning a.*),
    token as (
      insert into account_tokens (digest, account_id, purpose, expires_at, signup)
      select ${digest}, a.id, 'verify-email', now() + make_interval(days => ${TOKEN_DAYS}), coalesce(
        ${given ?? null}::jsonb,
        (select t.signup from account_tokens t where t.account_id = a.id order by t.created_at desc limit 1),
        jsonb_build_object('password_hash', password_hash, 'full_name', full_name, 'first_name', first_name, 'last_name', last_name,
          'organization', organization, 'phone', phone, 'role', role, 'at', created_at))
      from asked a returning signup)
    select w.email, t.signup->>'at' as at from waits w left join token t on true`.execute(tx);
  const letters = rows.flatMap(({ email: to, at }) => (at ? [{ to, data: { seed, page: mail.verifyUrl, signedUpAt: at } }] : []));
  await mails.enqueueTo(tx, 'verify-email', letters);
  return rows.length > 0;
}

/** Tells the owner of a verified address that somebody tried to sign up with it. */
async function tellRegistered(tx: Transaction<DB>, mail: AccountMail, email: string): Promise<void> {
  const told = await tx
    .updateTable('accounts')
    .set({ mailed_at: sql<Date>`now()` })
    .where('email', '=', email)
    .where(sql<boolean>`(mailed_at is null or mailed_at <= now() - ${REGISTERED_PAUSE})`)
    .returning('email')
    .execute();
  const letters = told.map((row) => ({ to: row.email, data: { signIn: mail.signInUrl } }));
  await mails.enqueueTo(tx, 'already-registered', letters);
}

/**
 * Takes a token that proves an address. `already`: the address was verified before, by this token or another.
 * @throws DomainError invalid (token)
 */
export async function verifyEmail(db: Kysely<DB>, token: string): Promise<{ id: string; email: string; already: boolean }> {
  const digest = digestOf(token);
  return db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('account_tokens as t')
      .innerJoin('accounts as a', 'a.id', 't.account_id')
      .select(['a.id', 'a.email', 'a.email_verified_at', 'a.role', 't.signup', sql<boolean>`t.expires_at > now()`.as('alive')])
      .where('t.digest', '=', digest)
      .where('t.purpose', '=', 'verify-email')
      .forUpdate('a')
      .executeTakeFirst();
    if (!row || !(row.alive || row.email_verified_at))
      throw invalidField('token', 'This link is not valid, or not any more: ask for a new verification mail.');
    const { id, email } = row;
    if (row.email_verified_at) return { id, email, already: true };

    const { at: _, ...signup } = row.signup as Kept;
    await tx
      .updateTable('accounts')
      .set({
        ...signup,
        // An operator's word of its role goes before the sign-up's.
        role: row.role === 'admin' ? row.role : signup.role,
        email_verified_at: sql<Date>`now()`,
        mailed_at: null,
        updated_at: sql<Date>`now()`,
      })
      .where('id', '=', id)
      .execute();
    await tx.updateTable('account_tokens').set({ used_at: sql<Date>`now()` }).where('digest', '=', digest).execute();
    return { id, email, already: false };
  });
}
