// What one account has is counted within the claim's own statement, one claim of the account at a time.
import { type Kysely, sql } from 'kysely';

/**
 * Each takes a lock that lasts until the end of the statement's transaction, and counts after it: a statement within a volatile function sees
 * what was committed while the lock was waited for, which the statement around it does not.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
-- Places of the event in the account's live orders.
create function places_of_account(account uuid, event uuid) returns integer language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('claims/' || account || '/' || event, 0));
  return (select count(*) from orders h join order_items i on i.order_id = h.id where h.account_id = account and h.event_id = event
    and (h.status = 'confirmed' or (h.status = 'pending' and h.expires_at > now())));
end $$;

-- Unpaid orders of the account whose hold runs.
create function open_of_account(account uuid) returns integer language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('orders/' || account, 0));
  return (select count(*) from orders h where h.account_id = account and h.status = 'pending' and h.expires_at > now());
end $$;
`.execute(db);
}
