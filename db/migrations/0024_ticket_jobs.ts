// Jobs of an organizer's programs: one operation on the tickets of thousands of registrations, and what came of each.
import { type Kysely, sql } from 'kysely';

/**
 * An entry is what the caller wrote, in its place: `number` is the order it names (null: no registration is called so), `first` the place of an
 * earlier entry that names the same. `outcome` is null until it is done, then `done`, `duplicate`, or the code of the refusal, which `because`
 * puts in a sentence.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create table ticket_jobs (
  id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  operation text not null check (operation in ('generate', 'cancel', 'resend')),
  -- in which results show tickets, in the API's words
  format text not null,
  total integer not null check (total > 0),
  created_at timestamptz not null default now(),
  -- when a worker last did something of it
  served_at timestamptz,
  done_at timestamptz
);
create index ticket_jobs_open on ticket_jobs (created_at) where done_at is null;
create index ticket_jobs_done on ticket_jobs (done_at) where done_at is not null;

create table ticket_job_entries (
  job_id uuid not null references ticket_jobs on delete cascade,
  position integer not null,
  registration text not null,
  number bigint,
  first integer,
  outcome text,
  because text,
  primary key (job_id, position)
);
create index ticket_job_entries_open on ticket_job_entries (job_id, position) where outcome is null;
`.execute(db);
}
