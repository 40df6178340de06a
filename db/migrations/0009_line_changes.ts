// The stream of changes says when an event's waitlist may hold other places than before.
import { type Kysely, sql } from 'kysely';

/**
 * Statement triggers, so that no writer can forget it: a row without places, in the state that their readers see. Rows without places in
 * the state `free` are changes of the event itself (0001).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create function tell_line_changed() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    insert into place_changes (event_id, place_ids, state) select distinct now_.event_id, '{}'::uuid[], 'held'::place_state
      from entries now_ join entries_before was on was.id = now_.id
      where was.in_line <> now_.in_line or (now_.in_line and was.offer_id is distinct from now_.offer_id);
  else
    insert into place_changes (event_id, place_ids, state) select distinct event_id, '{}'::uuid[], 'held'::place_state from entries where in_line;
  end if;
  return null;
end $$;

create trigger line_joined after insert on waitlist_entries
  referencing new table as entries for each statement execute function tell_line_changed();
create trigger line_changed after update on waitlist_entries
  referencing old table as entries_before new table as entries for each statement execute function tell_line_changed();
create trigger line_removed after delete on waitlist_entries
  referencing old table as entries for each statement execute function tell_line_changed();
`.execute(db);
}
