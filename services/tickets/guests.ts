// Who is expected at a door, and who is in: every ticket of an event, and whatever changed since a reader looked last.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { fullName } from '../inventory/offerNames.ts';

/**
 * One ticket, as a door needs it: no address of anybody. `order` is what its code for people is made of. `code_digest`: of a code that hides its
 * ticket from whoever has no secret (participantCodes.ts), the first 16 bytes of its SHA-256 in hex; null of others.
 */
export type Guest = {
  id: string;
  number: number;
  code_digest: string | null;
  order_id: string;
  order_number: number;
  order_created_at: string;
  code_prefix: string | null;
  holder: string;
  offer: string;
  section: string | null;
  row: string | null;
  seat: string | null;
  void: boolean;
  used_at: string | null;
  gate: string | null;
};

/** `cursor` is what the next look begins with; `more`: there is more to read at once. */
export type GuestChanges = { guests: Guest[]; cursor: string; more: boolean };

/*
 * tickets.changed is the transaction that wrote a row last. Rows are read by (changed, id). A transaction that began before others may commit
 * after them, so the end of a reading is no place to go on from. A reading therefore remembers its floor: the oldest transaction that was under way
 * when it began. All that is below was there to be read; the next reading begins at the floor, and gets some rows again.
 * A dump restored on another server brings that server's numbers, which may lie in this one's future: after a restore they are written anew
 * (deploy/README.md).
 */
const CURSOR = /^(\d{1,19})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,19})$/;
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Whether the text is a cursor that a reading gave. */
export const isGuestCursor = (text: string): boolean => CURSOR.test(text);

/** At most `limit` tickets of the event that changed since `cursor`; left out, from the beginning. */
export async function readGuests(db: Kysely<DB>, eventId: string, cursor: string | undefined, limit: number): Promise<GuestChanges> {
  const [, xid = '0', id = NOBODY, floor = '0'] = CURSOR.exec(cursor ?? '') ?? [];
  const { rows } = await sql<{ xmin: string; changed: string | null; last: string | null; guests: Guest[] | null; n: number }>`
    with page as materialized (
      select t.changed, t.id, t.number, case when t.code not like 'BT2.%' then left(encode(sha256(convert_to(t.code, 'UTF8')), 'hex'), 32) end as code_digest,
        t.order_id, o.number as order_number, o.created_at as order_created_at, o.code_prefix,
        coalesce(t.holder_name, o.buyer_name, a.full_name) as holder, ${fullName('f', 'kind')} as offer, p.section, p.row_label as row, p.seat_label as seat,
        t.voided_at is not null as void, t.checked_in_at as used_at, t.checked_in_gate as gate
      from (select * from tickets where event_id = ${eventId}::uuid and (changed, id) > (${xid}::xid8, ${id}::uuid) order by changed, id limit ${limit}) t
      join orders o on o.id = t.order_id join accounts a on a.id = o.account_id join offers f on f.id = t.offer_id
      left join offers kind on kind.id = f.pool_id and kind.is_pool join places p on p.id = t.place_id)
    select pg_snapshot_xmin(pg_current_snapshot())::text as xmin, (select count(*)::int from page) as n,
      (select changed::text from page order by changed desc, id desc limit 1) as changed, (select id from page order by changed desc, id desc limit 1) as last,
      (select json_agg(to_jsonb(page) - 'changed' order by changed, id) from page) as guests`.execute(db);
  const { xmin, changed, last, guests, n } = rows[0]!;
  const begun = floor === '0' ? xmin : floor;
  const more = n === limit;
  return { guests: guests ?? [], more, cursor: more ? `${changed}.${last}.${begun}` : `${begun}.${NOBODY}.0` };
}

/** How many live tickets an event has, how many of them are used, and at which gates; how many scans let somebody in who should not have been. */
export type DoorCounts = { tickets: number; in: number; gates: { gate: string | null; in: number; last_at: string }[]; conflicts: number };

/** Counts the event's tickets. */
export async function countGuests(db: Kysely<DB>, eventId: string): Promise<DoorCounts> {
  const { rows } = await sql<DoorCounts>`
    with t as materialized (select checked_in_at as at, checked_in_gate as gate from tickets where event_id = ${eventId}::uuid and voided_at is null)
    select (select count(*)::int from t) as tickets, (select count(*)::int from t where at is not null) as in,
      (select coalesce(json_agg(g order by g.in desc, g.gate), '[]') from
        (select gate, count(*)::int as in, max(at) as last_at from t where at is not null group by gate) g) as gates,
      (select count(*)::int from check_ins where event_id = ${eventId}::uuid and let_in and outcome <> 'admitted') as conflicts`.execute(
    db,
  );
  return rows[0]!;
}
