// Payments by provider, with a page to visit and a capture; refunds in parts, by whom, and tried again.
import { type Kysely, sql } from 'kysely';

/**
 * `authorized` is money that the bank has set aside and nobody has taken yet. The type is made anew: a value added to one could not be
 * used in the index below within the same transaction.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
drop index payments_one_open;
drop index payments_unsettled;
alter table payments alter column status drop default;
alter type payment_status rename to payment_status_before;
create type payment_status as enum ('created', 'authorized', 'processing', 'succeeded', 'cancelled');
alter table payments alter column status type payment_status using status::text::payment_status;
alter table payments alter column status set default 'created';
drop type payment_status_before;
create unique index payments_one_open on payments (order_id) where status in ('created', 'authorized', 'processing');
create index payments_unsettled on payments (succeeded_at) where status = 'succeeded' and settled_at is null;

alter table payments add column page_url text;
-- A callback said what does not fit: the provider is asked what is true.
alter table payments add column contradicted_at timestamptz;
update payments set contradicted_at = now(), failure_code = null where failure_code = 'mismatch';
update payments set failure_code = null where failure_code = 'checked';

alter table refunds add column provider text;
update refunds r set provider = p.provider from payments p where p.id = r.payment_id;
alter table refunds alter column provider set not null;
alter table refunds drop constraint refunds_provider_ref_key;
alter table refunds add constraint refunds_provider_ref unique (provider, provider_ref);
-- account/<id>, key/<id>, system, or provider: made at the provider itself.
alter table refunds add column requested_by text not null default 'system';
-- A failed refund whose money another one returns: it is history, and owes nothing any more.
alter table refunds add column replaced_at timestamptz;
create index refunds_failed on refunds (updated_at) where status = 'failed' and replaced_at is null;
`.execute(db);
}
