// The doors that somebody may stand at: the events whose tickets they may scan.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';

export type Door = {
  id: string;
  name: string;
  starts_at: Date;
  ends_at: Date;
  time_zone: string | null;
  venue: string | null;
  status: 'published' | 'cancelled';
};

const card = sql`e.id, e.name, e.starts_at, e.ends_at, v.time_zone, v.name as venue, e.status`;
const tables = sql`events e left join venues v on v.id = e.venue_id`;
const mine = (by: Manager) => sql`e.status <> 'draft' and (${by.admin}::boolean or e.organizer_id = ${by.accountId}::uuid)`;

/**
 * The events that the scanner may admit to, the soonest first, at most `limit`, each with its live tickets and how many of those are in. A
 * door stays for a day after its event, for scans that are told late and for people who count.
 */
export async function listDoors(db: Kysely<DB>, by: Manager, limit: number): Promise<(Door & { tickets: number; in: number })[]> {
  const { rows } = await sql<Door & { tickets: number; in: number }>`select ${card}, n.tickets, n.in
    from (select e.id from events e where ${mine(by)} and e.ends_at > now() - interval '1 day' order by e.starts_at, e.id limit ${limit}) wanted
    join events e on e.id = wanted.id left join venues v on v.id = e.venue_id cross join lateral (
      select count(*)::int as tickets, count(*) filter (where t.checked_in_at is not null)::int as in from tickets t where t.event_id = e.id and t.voided_at is null) n
    order by e.starts_at, e.id`.execute(db);
  return rows;
}

/** One of them, however long it is over; undefined for what is not theirs. */
export async function findDoor(db: Kysely<DB>, by: Manager, eventId: string): Promise<Door | undefined> {
  const { rows } = await sql<Door>`select ${card} from ${tables} where ${mine(by)} and e.id = ${eventId}::uuid`.execute(db);
  return rows[0];
}
