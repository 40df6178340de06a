// Who pressed pay, and when: the receipt that a payment is decided by. And the outbox's rows by their lane.
import { type Kysely, sql } from 'kysely';

/**
 * One row for each press, written before anything else is done for it. `kept_until` keeps the order's hold past its end while a press that
 * came in time is being decided; it is never later than a few minutes after `orders.expires_at`, whatever the engine does.
 * The outbox is read by lane: what waits in a rush (starts of unpaid orders) is never walked over to find what is urgent.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create table payment_attempts (
  id uuid primary key,
  order_id uuid not null references orders,
  received_at timestamptz not null default now(),
  kept_until timestamptz,
  begun_at timestamptz,
  decided_at timestamptz,
  outcome text
);
create index payment_attempts_order on payment_attempts (order_id);
create index payment_attempts_undecided on payment_attempts (received_at) where decided_at is null;

drop index outbox_due;
create index outbox_starts on outbox (available_at) where topic = 'order.created';
create index outbox_rest on outbox ((topic = 'order.paid') desc, available_at) where topic <> 'order.created';
create index outbox_subject on outbox (subject_id);
`.execute(db);
}
