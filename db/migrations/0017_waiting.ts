// Waiting is a state of an order: an entry of a waitlist has its order from the start, and keeps it through the promotion.
import { type Kysely, sql } from 'kysely';

/**
 * An order that was never placed has no `expires_at`. The type is made anew, because a value added to one could not be used in the same
 * transaction. `waitlist_entries.in_line` says that the entry's order waits: a copy in the same table, so that every claim finds out by
 * two looks into one index whether anybody waits.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
drop index orders_due;
alter table orders alter column status drop default;
alter type order_status rename to order_status_before;
create type order_status as enum ('waiting', 'pending', 'confirmed', 'cancelled', 'expired');
alter table orders alter column status type order_status using status::text::order_status;
alter table orders alter column status set default 'pending';
drop type order_status_before;
create index orders_due on orders (expires_at) where status = 'pending';
alter table orders add constraint orders_waiting check (status <> 'waiting' or (expires_at is null and total_minor = 0));

alter table waitlist_entries add column in_line boolean not null default true;
update waitlist_entries set in_line = false where status <> 'waiting';
with orderless as (
  update waitlist_entries set order_id = gen_random_uuid() where order_id is null returning *
)
insert into orders (id, event_id, account_id, status, total_minor, currency, ended_at, created_at)
  select w.order_id, w.event_id, w.account_id,
    (case w.status when 'waiting' then 'waiting' when 'left' then 'cancelled' else 'expired' end)::order_status,
    0, e.currency, w.ended_at, w.created_at
  from orderless w join events e on e.id = w.event_id;
alter table waitlist_entries alter column order_id set not null, add constraint waitlist_order unique (order_id);

-- The indexes that name the status go with it.
alter table waitlist_entries drop column status, drop column offer_expires_at, drop column ended_at;
drop type waitlist_status;
create unique index waitlist_once on waitlist_entries (event_id, account_id) where in_line;
create index waitlist_queue on waitlist_entries (event_id, seq) where in_line;
-- What every claim asks: does anybody wait for any place of this event, or for one of these offers?
create index waitlist_wishes on waitlist_entries (event_id, offer_id) where in_line;
`.execute(db);
}
