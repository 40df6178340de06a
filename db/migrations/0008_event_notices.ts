// What befell an event after tickets were sold, and who has been told of it.
import { type Kysely, sql } from 'kysely';

/**
 * One row for each cancelling or moving of an event; done_at once every holder has been told and every refund is decided.
 * A mail that tells of a notice names it: the unique index is what keeps anybody from being told twice.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create type event_notice_kind as enum ('cancelled', 'moved');
create table event_notices (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  event_id uuid not null references events,
  kind event_notice_kind not null,
  reason text not null default '',
  data jsonb not null default '{}',
  made_by uuid references accounts,
  created_at timestamptz not null default now(),
  done_at timestamptz
);
create index event_notices_event on event_notices (event_id, number);
create index event_notices_open on event_notices (created_at) where done_at is null;
alter table mails add column notice_id uuid references event_notices;
create unique index mails_notice on mails (notice_id, order_id) where notice_id is not null;
`.execute(db);
}
