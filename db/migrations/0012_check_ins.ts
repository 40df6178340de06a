// Every scan of a ticket at a door: whom it admitted, and why not.
import { type Kysely, sql } from 'kysely';

/** Adds the history of scans. A scanner names each scan by a nonce, so that one whose answer was lost may ask again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create table check_ins (
  id uuid primary key default gen_random_uuid(),
  ticket_id uuid not null references tickets,
  event_id uuid not null references events,
  account_id uuid not null references accounts,
  nonce text,
  outcome text not null,
  at timestamptz not null default now()
);
create unique index check_ins_nonce on check_ins (account_id, nonce) where nonce is not null;
create index check_ins_event on check_ins (event_id, at desc);
create index check_ins_ticket on check_ins (ticket_id);
`.execute(db);
}
