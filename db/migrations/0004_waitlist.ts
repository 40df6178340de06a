// Waitlist: text messages that were promised, and the indexes that readers of a line of people need.
import { type Kysely, sql } from 'kysely';

/** waitlist_entries is from 0001; texts stands beside mails and is written and sent in the same way. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create index waitlist_event on waitlist_entries (event_id, seq);
-- What every claim asks: does anybody wait for any place of this event, or for one of these offers?
create index waitlist_wishes on waitlist_entries (event_id, offer_id) where status = 'waiting';
create index waitlist_offered on waitlist_entries (event_id) where status = 'offered';

-- A text message that was promised. provider_ref is the provider's id of what it took; sent_at makes a retry harmless.
create table texts (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  recipient text not null,
  order_id uuid references orders,
  body text not null,
  provider_ref text,
  created_at timestamptz not null default now(),
  sent_at timestamptz
);
create index texts_order on texts (order_id);
`.execute(db);
}
