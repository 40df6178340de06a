// Who may not book: an organizer's blocks, which hold for the organizer's events, and those made by an admin, which hold for every event.
import { type Kysely, sql } from 'kysely';

/**
 * The key begins with the account, so that a claim finds all blocks of its buyer by one look into it. `everywhere`: made by an admin, who
 * stands as its organizer. A block that is over keeps its row: of an entry that was passed over meanwhile it says why.
 *
 * While its account is blocked nothing is held for an entry of a waitlist, so the trigger tells the readers of live seats that the line
 * has changed, as those of 0009 do.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create table blocks (
  organizer_id uuid not null references accounts,
  account_id uuid not null references accounts on delete cascade,
  everywhere boolean not null default false,
  reason text,
  made_by uuid not null references accounts,
  created_at timestamptz not null default now(),
  lifted_at timestamptz,
  primary key (account_id, organizer_id),
  constraint blocks_oneself check (account_id <> organizer_id)
);
create index blocks_of_organizer on blocks (organizer_id, created_at desc) where lifted_at is null;
create index blocks_everywhere on blocks (created_at desc) where everywhere and lifted_at is null;

-- What every claim asks of the line needs the account now: with it in the index the rows themselves are not read.
drop index waitlist_wishes;
create index waitlist_wishes on waitlist_entries (event_id, offer_id) include (account_id) where in_line;

create function tell_block_changed() returns trigger language plpgsql as $$
begin
  insert into place_changes (event_id, place_ids, state) select distinct event_id, '{}'::uuid[], 'held'::place_state
    from waitlist_entries where account_id = new.account_id and in_line;
  return null;
end $$;
create trigger block_changed after insert or update of everywhere, lifted_at on blocks for each row execute function tell_block_changed();
`.execute(db);
}
