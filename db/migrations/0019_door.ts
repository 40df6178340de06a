// The door: at which gate and when a scan was made, what was decided without a network, and tickets in the order in which they changed.
import { type Kysely, sql } from 'kysely';

/**
 * `at` is when the scan was made, `told_at` when we heard of it: hours may lie between where a gate had no network. `let_in`: the gate had
 * let somebody in, or sent them away, before it asked. `people`: how many the scan let in.
 *
 * tickets.changed is the transaction that wrote the row last, set by a trigger so that no writer can forget it; readers of changes follow it
 * (services/tickets/guests.ts).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table check_ins add column gate text, add column told_at timestamptz not null default now(), add column let_in boolean,
  add column people integer not null default 0;
create index check_ins_conflicts on check_ins (event_id, told_at desc) where let_in and outcome <> 'admitted';

alter table tickets add column checked_in_gate text, add column changed xid8 not null default pg_current_xact_id();
create function tell_ticket_changed() returns trigger language plpgsql as $$
begin
  new.changed := pg_current_xact_id();
  return new;
end $$;
create trigger tickets_changed before update on tickets for each row execute function tell_ticket_changed();
create index tickets_changed on tickets (event_id, changed, id);
drop index tickets_event;
`.execute(db);
}
