// Every change of a place's state, in the order it happened to that place: what live seat updates are read from.
import { type Kysely, sql } from 'kysely';

/** Rows are written by the statements of services/orders/claim/claim.ts and live ten minutes. xid lets a reader wait for commits that are still under way. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create type place_state as enum ('free', 'held', 'sold');
create table place_changes (
  seq bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  event_id uuid not null,
  place_ids uuid[] not null,
  state place_state not null,
  held_until timestamptz,
  at timestamptz not null default now()
);
`.execute(db);
}
