// Which sign-ins were ended lately: every gateway asks once a second, so that their access tokens are refused too.
import { type Kysely, sql } from 'kysely';

/** An index over the few refresh tokens that were revoked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index refresh_tokens_revoked on refresh_tokens (revoked_at) where revoked_at is not null`.execute(db);
}
