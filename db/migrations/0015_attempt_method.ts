// An attempt to pay says what it pays with, so that its receipt alone is enough to decide it.
import { type Kysely, sql } from 'kysely';

/** `method` is the provider's token or payment method: worth nothing without our key at the provider, so no secret card data. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table payment_attempts add column method text not null default '';
alter table payment_attempts alter column method drop default;
`.execute(db);
}
