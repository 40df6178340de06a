// One code may admit a group: a scan is then of an order and not of one ticket.
import { type Kysely, sql } from 'kysely';

/** A scan names a ticket, or an order whose tickets it let in together. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table check_ins alter column ticket_id drop not null,
  add column order_id uuid references orders,
  add constraint check_ins_of check (num_nonnulls(ticket_id, order_id) = 1);
create index check_ins_order on check_ins (order_id) where order_id is not null;
`.execute(db);
}
