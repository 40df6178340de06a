// The sweep goes by when something was last seen to: texts and notices have that too now, as mails have (0009).
import { type Kysely, sql } from 'kysely';

/** texts.failed_at: the provider refused the text for good; it is not tried again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table texts add column tried_at timestamptz, add column failed_at timestamptz;
create index texts_unsent on texts (created_at) where sent_at is null and failed_at is null;
alter table event_notices add column served_at timestamptz;
`.execute(db);
}
