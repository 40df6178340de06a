// Idempotency keys: the answer is kept to the byte (jsonb would reorder it), and each attempt has an id that outlives a crash.
import { type Kysely, sql } from 'kysely';

/** attempt_id is what a handler may name its order by, so that the second run of a crashed request finds what the first had written. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table idempotency_keys alter column response_body type text using response_body::text;
alter table idempotency_keys add column attempt_id uuid not null default gen_random_uuid();
`.execute(db);
}
