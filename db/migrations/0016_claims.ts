// What claims need for five APIs: offers that draw on one stock, an order's currency that is its event's, and until when money goes back.
import { type Kysely, sql } from 'kysely';

/**
 * An order refers to its event and currency together: a currency changed in the very moment of a claim refuses it, and is refused itself
 * once there is an order. `offers.pool_id` is the offer whose places this one sells. `events.refund_until_minutes`: until so long before
 * its start a paid order may be cancelled (null: until it starts).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table offers add column pool_id uuid references offers;
alter table events add column refund_until_minutes integer check (refund_until_minutes >= 0);
alter table events add constraint events_currency unique (id, currency);
alter table orders drop constraint orders_event_id_fkey;
alter table orders add constraint orders_event_currency foreign key (event_id, currency) references events (id, currency);
`.execute(db);
}
