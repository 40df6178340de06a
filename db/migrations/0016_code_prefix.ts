// What stands before an order's code where its buyer sees it, if the API it was made through has a way of its own.
import { type Kysely, sql } from 'kysely';

/** Adds a column; null is the house's way (ORDER_CODE_PREFIX). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table orders add column code_prefix text check (length(code_prefix) <= 10)`.execute(db);
}
