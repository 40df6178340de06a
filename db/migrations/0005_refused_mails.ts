// Mails that will never arrive: refused for good by the recipient's server, or not taken for three days.
import { type Kysely, sql } from 'kysely';

/** A mail is owed until it is sent or refused. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table mails add column refused_at timestamptz, add column refusal text;
drop index mails_unsent;
create index mails_owed on mails (created_at) where sent_at is null and refused_at is null;
create index mails_refused on mails (refused_at desc, id) where refused_at is not null;
alter table texts add column refusal text;
create index texts_failed on texts (failed_at desc, id) where failed_at is not null;
`.execute(db);
}
