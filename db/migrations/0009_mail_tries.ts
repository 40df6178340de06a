// Mails are delivered by their order's workflow: when the last try began tells the sweep which of them nobody sees to.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table mails add column tried_at timestamptz;
delete from outbox where topic = 'mail'; -- the sweep finds these mails
create index mails_unsent on mails (created_at) where sent_at is null;
`.execute(db);
}
