// Deliveries are handed on endpoint by endpoint: one that has thousands waiting stands in no other's way.
import { type Kysely, sql } from 'kysely';

/** Finds the endpoints that have something to be handed on, what is first of each, and what of it is with the engine and was not tried yet. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
drop index webhook_deliveries_hand;
create index webhook_deliveries_hand on webhook_deliveries (endpoint_id, hand_at) where hand_at is not null;
create index webhook_deliveries_first on webhook_deliveries (endpoint_id)
  where tried = 0 and handed_at is not null and delivered_at is null and failed_at is null;
`.execute(db);
}
