// API keys end by a date of their own, and know the key that they took over from.
import { type Kysely, sql } from 'kysely';

/** `rotated_from`: the key that this one replaces. A key is listed with its owner's, and found by its prefix. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table api_keys
  add column expires_at timestamptz,
  add column rotated_from uuid references api_keys on delete set null;
create index api_keys_account on api_keys (account_id, created_at desc);
-- Gateways ask every second which keys have ended lately.
create index api_keys_revoked on api_keys (revoked_at) where revoked_at is not null;
create index api_keys_expiry on api_keys (expires_at) where expires_at is not null;
`.execute(db);
}
