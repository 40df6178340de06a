// The history of a door: every scan, and those that let somebody in who should not have been.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { factsOf, type Outcome, type ScannedFacts } from './admission.ts';

/** A scan as it is told. `offline`: the gate decided alone; `by`: the name of whoever scanned. */
export type ScanTold = {
  id: string;
  at: Date;
  gate: string | null;
  outcome: Outcome;
  people: number;
  by: string;
  offline: boolean;
  facts: ScannedFacts;
};

/** A scan that let somebody in though the ticket was used or void; `first` is the one that used it. */
export type Conflict = ScanTold & { first: { at: string; gate: string | null; by: string } | null };

const told = sql`c.id, c.at, c.gate, c.outcome, c.people, a.full_name as by, c.let_in is not null as offline,
    ${factsOf(sql`coalesce(c.order_id, (select order_id from tickets where id = c.ticket_id))`, sql`c.ticket_id`)} as facts
  from check_ins c join accounts a on a.id = c.account_id`;

const CURSOR = /^(\d{1,17})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const micros = sql`(extract(epoch from c.at) * 1000000)::bigint`;

/** Whether the text is a cursor that a page of scans gave. */
export const isScanCursor = (text: string): boolean => CURSOR.test(text);

/** One page of an event's scans, the newest first. `next` is the cursor of the next page. */
export async function listScans(
  db: Kysely<DB>,
  eventId: string,
  before: string | undefined,
  limit: number,
): Promise<{ scans: ScanTold[]; next: string | null }> {
  const [, at, id] = CURSOR.exec(before ?? '') ?? [];
  const older = at ? sql`and (c.at, c.id) < (timestamptz 'epoch' + ${at}::bigint * interval '1 microsecond', ${id}::uuid)` : sql``;
  const { rows } = await sql<ScanTold & { key: string }>`select ${micros}::text || '.' || c.id as key, ${told}
    where c.event_id = ${eventId}::uuid ${older} order by c.at desc, c.id desc limit ${limit + 1}`.execute(db);
  const next = rows.length > limit ? rows[limit - 1]!.key : null;
  return { scans: rows.slice(0, limit).map(({ key, ...scan }) => scan), next };
}

/** The event's conflicts, those that were told last first, at most `limit`. */
export async function listConflicts(db: Kysely<DB>, eventId: string, limit: number): Promise<Conflict[]> {
  const { rows } = await sql<Conflict>`select (
      select json_build_object('at', k.checked_in_at, 'gate', k.checked_in_gate, 'by', u.full_name) from tickets k join accounts u on u.id = k.checked_in_by
      where k.order_id = coalesce(c.order_id, (select order_id from tickets where id = c.ticket_id)) and (c.ticket_id is null or k.id = c.ticket_id)
      order by k.checked_in_at limit 1) as first, ${told}
    where c.event_id = ${eventId}::uuid and c.let_in and c.outcome <> 'admitted' order by c.told_at desc, c.id limit ${limit}`.execute(db);
  return rows;
}
