// When an account's password or role changed last: what gateways remember of it from before is not good any more.
import { type Kysely, sql } from 'kysely';

/** Gateways ask every second what changed lately (accounts/verified.ts). Null: never since the account was made. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table accounts add column credentials_changed_at timestamptz;
create index accounts_credentials on accounts (credentials_changed_at) where credentials_changed_at is not null;
`.execute(db);
}
