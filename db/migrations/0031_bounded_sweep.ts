// The sweep reads what is owed something, and never all payments or all refunds that ever were.
import { type Kysely, sql } from 'kysely';

/**
 * Both are asked for every half minute by each relay; without an index each question read its whole table (test/services/sweepGrowth.test.ts).
 * A payment is hardly ever contradicted; a refund pays for one more entry when it is made.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index payments_contradicted on payments (updated_at) where contradicted_at is not null`.execute(db);
  await sql`create index refunds_age on refunds (created_at)`.execute(db);
}
