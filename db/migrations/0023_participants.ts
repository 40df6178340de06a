// Orders of people who are not accounts: participants, whom an organizer's program registers under ids of its own.
import { type Kysely, sql } from 'kysely';

/**
 * `participant_ref` is whom such an order is for, by an id of the organizer's own; its account is the organizer's. A participant has one live
 * order of an event: the unique index decides between two that come at once. So a participant waits once, too, and waitlist_once is about
 * accounts that wait for themselves.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table orders add column participant_ref text check (length(participant_ref) between 1 and 200);
create unique index orders_participant on orders (event_id, participant_ref)
  where participant_ref is not null and status in ('waiting', 'pending', 'confirmed');
-- Lists of them, of an event and of all events of an organizer.
create index orders_participants on orders (event_id, number) where participant_ref is not null;
create index orders_participants_account on orders (account_id, number) where participant_ref is not null;
-- Members of a team are counted whenever one of them is shown.
create index orders_team on orders (event_id, lower(btrim(details ->> 'teamName')))
  where participant_ref is not null and status = 'confirmed' and details ->> 'teamName' is not null;

alter table waitlist_entries add column for_participant boolean not null default false;
drop index waitlist_once;
create unique index waitlist_once on waitlist_entries (event_id, account_id) where in_line and not for_participant;
`.execute(db);
}
