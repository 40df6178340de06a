// An account's places in all lines: "am I in line?".
import { type Kysely, sql } from 'kysely';

/** An index over the entries of an account, newest first. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index waitlist_account on waitlist_entries (account_id, seq desc)`.execute(db);
}
