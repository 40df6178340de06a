// Accounts out of a file: the contest's users, with their SHA-256 hashes. Passwords in plain text, birthdays and what else stands there are not kept.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { flag, moment, text, whole } from '../shared/importFields.ts';
import type { Kind } from '../shared/imports.ts';
import { address } from './accounts.ts';
import { importedHash } from './imported.ts';

const EMAIL = /^[^\s@,;<>"]{1,64}@[^\s@,;<>"]+\.[^\s@,;<>"]+$/u;

/** Of accounts that are not active: no password opens them. */
const CLOSED = 'closed';

const stage = {
  table: 'import_users',
  columns: {
    number: 'bigint',
    email: 'citext',
    password_hash: 'text',
    first_name: 'text',
    last_name: 'text',
    created_at: 'timestamptz',
    last_login_at: 'timestamptz',
  },
};

/** Imports accounts. Their addresses count as proved, for whoever gave the file says whose they are. */
export const users: Kind = {
  name: 'users',
  required: ['email', 'password_hash'],
  stage,
  numberOf: (fields) => whole(fields, 'user_id', 'id') ?? undefined,
  row(fields) {
    const number = whole(fields, 'user_id', 'id');
    if (number === null) return 'user_id is no whole number';
    const email = address(text(fields, 'email'));
    if (!EMAIL.test(email) || email.length > 254) return 'email is no e-mail address';
    const hash = importedHash(text(fields, 'password_hash'));
    if (!hash) return 'password_hash is no SHA-256 in hex';
    const [first, last] = [text(fields, 'first_name'), text(fields, 'surname', 'last_name')];
    if (first.length > 100 || last.length > 100) return 'a name is longer than 100 characters';
    const [registered, seen] = [moment(fields, 'registered_at'), moment(fields, 'last_logged_in')];
    if (registered === null || seen === null) return `${registered === null ? 'registered_at' : 'last_logged_in'} is no date`;
    const active = flag(fields, 'is_active') ?? true;
    return [number ?? null, email, active ? hash : CLOSED, first, last, registered ?? null, seen ?? null];
  },
  begin: goOnAfter,
  write,
};

/** Whoever registers meanwhile or later gets a number after those of the file. */
async function goOnAfter(db: Kysely<DB>, greatest: number): Promise<void> {
  if (greatest)
    await sql`select setval(pg_get_serial_sequence('accounts', 'number'), greatest(${greatest}::bigint, (select last_value from accounts_number_seq)))`.execute(
      db,
    );
}

async function write(tx: Transaction<DB>): Promise<{ at: number; reason: string }[]> {
  const { rows } = await sql<{ at: number; reason: string }>`
    with first as (select distinct on (email) * from import_users order by email, at),
    -- Of two that want the same number the first gets it, the other a fresh one; so does who wants one that is taken.
    wished as (select f.*, row_number() over (partition by f.number order by f.at) as nth from first f
      where not exists (select from accounts a where a.email = f.email)),
    written as (
      insert into accounts (number, email, password_hash, full_name, first_name, last_name, email_verified_at, created_at, last_login_at)
      overriding system value
      select case when w.number is not null and w.nth = 1 and not exists (select from accounts a where a.number = w.number) then w.number
          else nextval(pg_get_serial_sequence('accounts', 'number')) end,
        w.email, w.password_hash, trim(w.first_name || ' ' || w.last_name), w.first_name, w.last_name, coalesce(w.created_at, now()),
        coalesce(w.created_at, now()), w.last_login_at
      from wished w order by w.at
      on conflict do nothing returning email)
    select s.at, case when f.at is null then 'the e-mail address stands in the file before' else 'the e-mail address has an account' end as reason
    from import_users s left join first f on f.at = s.at left join written w on w.email = s.email
    where f.at is null or w.email is null`.execute(tx);
  return rows;
}
