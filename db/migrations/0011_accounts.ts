// What EasyTicket needs of accounts: first and last name apart, the last sign-in, an organizer's firm, and tokens sent by mail.
import { type Kysely, sql } from 'kysely';

/** Adds columns and a table. Names of accounts that are there already stay as they are: null is taken from full_name when it is read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table accounts
  -- full_name is what tickets show; these are written together with it, or are null
  add column first_name text,
  add column last_name text,
  add column last_login_at timestamptz,
  add column organization text not null default '',
  -- when its last mail about the account itself was written: strangers can ask for such mails, so there are few of them
  add column mailed_at timestamptz;

-- A token itself stands in its mail alone. signup: what the account becomes when the token is used, as its sign-up said it.
create table account_tokens (
  digest bytea primary key,
  account_id uuid not null references accounts on delete cascade,
  purpose text not null,
  signup jsonb not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now()
);
create index account_tokens_account on account_tokens (account_id, created_at);
create index account_tokens_expiry on account_tokens (expires_at);
`.execute(db);
}
