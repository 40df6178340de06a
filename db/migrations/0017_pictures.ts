// Pictures of events, kept in the database: one backup has all, and every gateway serves them.
import { type Kysely, sql } from 'kysely';

/** Adds the table; an event names its pictures in banner_url and thumbnail_url. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create table event_pictures (
  id uuid primary key default gen_random_uuid(),
  event_id uuid not null references events on delete cascade,
  kind text not null check (kind in ('banner', 'thumbnail')),
  type text not null,
  width integer not null,
  height integer not null,
  content bytea not null,
  created_at timestamptz not null default now()
);
create unique index event_pictures_one on event_pictures (event_id, kind);
`.execute(db);
}
