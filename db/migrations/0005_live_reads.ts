// What gateways need to keep what they show in memory and yet never show it stale: the stream of changes by transaction, and changes of events in it.
import { type Kysely, sql } from 'kysely';

/**
 * place_changes by xid: a reader asks for exactly what was committed between two of its looks (services/inventory/placeChanges.ts).
 * Changes of events, offers and venues enter the same stream as rows without places. They are rare and written by statement
 * triggers, so that no writer can forget them; the sale itself never fires one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create index place_changes_xid on place_changes (xid);

create function tell_event_changed() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'events' then
    insert into place_changes (event_id, place_ids, state) select distinct id, '{}'::uuid[], 'free'::place_state from touched;
  elsif tg_table_name = 'offers' then
    insert into place_changes (event_id, place_ids, state) select distinct event_id, '{}'::uuid[], 'free'::place_state from touched;
  else
    insert into place_changes (event_id, place_ids, state)
      select e.id, '{}'::uuid[], 'free'::place_state from events e join touched t on t.id = e.venue_id;
  end if;
  return null;
end $$;

create trigger events_added after insert on events referencing new table as touched for each statement execute function tell_event_changed();
create trigger events_changed after update on events referencing new table as touched for each statement execute function tell_event_changed();
create trigger events_removed after delete on events referencing old table as touched for each statement execute function tell_event_changed();
create trigger offers_added after insert on offers referencing new table as touched for each statement execute function tell_event_changed();
create trigger offers_changed after update on offers referencing new table as touched for each statement execute function tell_event_changed();
create trigger offers_removed after delete on offers referencing old table as touched for each statement execute function tell_event_changed();
create trigger venues_changed after update on venues referencing new table as touched for each statement execute function tell_event_changed();
`.execute(db);
}
