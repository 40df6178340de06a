// What gateways have counted of their callers, shared between them. Unlogged: a crash may forget it, and writing it stays cheap.
import { type Kysely, sql } from 'kysely';

/** Creates the one table of services/limits. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create unlogged table rate_limits (
  key text primary key,
  hits integer not null,
  resets_at timestamptz not null
);
create index rate_limits_over on rate_limits (resets_at);
`.execute(db);
}
