// What an API decides for itself and the core remembers: how long a sign-in lasts, and the headers of an answer that is given again.
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table idempotency_keys add column response_headers jsonb;

-- Seconds that the tokens of this family live. A family keeps what it was opened with, whichever API refreshes it.
alter table refresh_tokens add column access_seconds integer not null default 1800;
alter table refresh_tokens add column refresh_seconds integer not null default 604800;
alter table refresh_tokens alter column access_seconds drop default;
alter table refresh_tokens alter column refresh_seconds drop default;
`.execute(db);
}
