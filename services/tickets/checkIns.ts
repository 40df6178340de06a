// Admission: the one place where a ticket lets somebody in, whichever API or door asks.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError } from '../shared/errors.ts';
import { type Coded, readCode } from './codes.ts';

/** Who scans: the event's organizer, or an admin. */
export type Scanner = { accountId: string; admin: boolean };

/**
 * What a scan came to. Of a ticket that was used and is void now it is void: it has been paid back. `not_paid`: the code of an order that
 * has no tickets, because its money has not come or went back.
 */
export type Outcome = 'admitted' | 'already_used' | 'void' | 'not_paid' | 'event_cancelled' | 'event_over' | 'other_event' | 'unknown_code';

export type Scan = {
  /** As the scanner read it: the code of a ticket, or of an order, which admits all of its tickets that are not used. */
  code: string;
  /** Names this scan, so that the same answer is given when it is asked again. */
  nonce?: string;
  /** Only a ticket of this event admits here. */
  eventId?: string;
};

/** `usedAt`, `usedBy`: when and by whose scan somebody was let in by this ticket, now or before. `people`: how many it lets in now. */
export type Admission = {
  outcome: Outcome;
  ticketId?: string;
  orderId?: string;
  people?: number;
  usedAt?: Date;
  usedBy?: string;
};

type Row = {
  outcome: Outcome;
  may: boolean;
  ticket: string | null;
  order_id: string;
  people: number;
  used_at: Date | null;
  used_by: string | null;
  noted: boolean;
};

/**
 * Admits by a scanned code, in one statement: of two scanners at one instant one admits, and the other hears when the first did. Each scan
 * of a genuine code is kept. A nonce that comes again gets the answer it got before.
 * @throws DomainError forbidden (the event is another organizer's; nothing of the ticket is told) | key_reused (the nonce named another code)
 */
export async function admit(db: Kysely<DB>, secret: string, by: Scanner, scan: Scan): Promise<Admission> {
  const coded = readCode(secret, scan.code);
  if (!coded) return { outcome: 'unknown_code' };
  const before = scan.nonce === undefined ? undefined : await answered(db, by, scan.nonce, coded);
  if (before) return before;

  const { ticketId = null, orderId = null } = coded;
  const here = sql`${scan.eventId ?? null}::uuid`;
  const { rows } = await sql<Row>`
    with scanned as materialized (
      select o.id, o.event_id, e.status, e.ends_at <= now() as over, ${by.admin}::boolean or e.organizer_id is not distinct from ${by.accountId}::uuid as may
      from orders o join events e on e.id = o.event_id
      where o.id = coalesce(${orderId}::uuid, (select order_id from tickets where id = ${ticketId}::uuid))),
    seen as materialized ( -- locked: who comes at the same instant waits, and then sees what became of them
      select t.id, t.voided_at, t.checked_in_at, t.checked_in_by from tickets t
      where t.order_id = (select id from scanned) and (${ticketId}::uuid is null or t.id = ${ticketId}::uuid) order by t.id for update of t),
    decided as materialized (
      select s.*, case when ${here} is not null and event_id <> ${here} then 'other_event' when status = 'cancelled' then 'event_cancelled'
        when n.tickets = 0 then 'not_paid' when n.live = 0 then 'void' when n.fresh = 0 then 'already_used' when over then 'event_over' else 'admitted' end as outcome,
        n.fresh, n.used_at, n.used_by
      from scanned s, (select count(*) as tickets, count(*) filter (where voided_at is null) as live,
        count(*) filter (where voided_at is null and checked_in_at is null) as fresh, min(checked_in_at) as used_at,
        (array_agg(checked_in_by order by checked_in_at))[1] as used_by from seen) n),
    noted as (
      insert into check_ins (ticket_id, order_id, event_id, account_id, nonce, outcome)
      select ${ticketId}::uuid, ${orderId}::uuid, event_id, ${by.accountId}::uuid, ${scan.nonce ?? null}, outcome from decided where may
      on conflict (account_id, nonce) where nonce is not null do nothing returning id),
    let_in as (
      update tickets t set checked_in_at = now(), checked_in_by = ${by.accountId}::uuid from seen, decided d
      where t.id = seen.id and seen.voided_at is null and seen.checked_in_at is null and d.may and d.outcome = 'admitted' and exists (select from noted)
      returning t.checked_in_at)
    select d.outcome, d.may, ${ticketId}::uuid as ticket, d.id as order_id, (select count(*)::int from let_in) as people,
      coalesce((select max(checked_in_at) from let_in), d.used_at) as used_at,
      (select email::text from accounts where id = case when d.outcome = 'admitted' then ${by.accountId}::uuid else d.used_by end) as used_by,
      exists (select from noted) as noted
    from decided d`.execute(db);
  const row = rows[0];
  if (!row) return { outcome: 'unknown_code' };
  if (!row.may) throw new DomainError('forbidden', 'This ticket is for an event of another organizer.');
  // The same nonce came at the same instant: the other call has the answer.
  if (!row.noted) return (await answered(db, by, scan.nonce!, coded))!;
  return admission(row);
}

/** The answer that this scanner's nonce got before. */
async function answered(db: Kysely<DB>, by: Scanner, nonce: string, coded: Coded): Promise<Admission | undefined> {
  const { rows } = await sql<Omit<Row, 'may' | 'noted'> & { same: boolean }>`
    select c.outcome, c.ticket_id as ticket, o.id as order_id, u.people, u.used_at, a.email::text as used_by,
      c.ticket_id is not distinct from ${coded.ticketId ?? null}::uuid and c.order_id is not distinct from ${coded.orderId ?? null}::uuid as same
    from check_ins c left join tickets t on t.id = c.ticket_id join orders o on o.id = coalesce(c.order_id, t.order_id)
    cross join lateral (select count(*) filter (where k.checked_in_at = c.at)::int as people, min(k.checked_in_at) as used_at,
      (array_agg(k.checked_in_by order by k.checked_in_at))[1] as by
      from tickets k where k.order_id = o.id and (c.ticket_id is null or k.id = c.ticket_id)) u
    left join accounts a on a.id = u.by
    where c.account_id = ${by.accountId}::uuid and c.nonce = ${nonce}`.execute(db);
  const row = rows[0];
  if (row && !row.same) throw new DomainError('key_reused', 'This nonce named another scan before.');
  return row && admission(row);
}

const admission = (row: Omit<Row, 'may' | 'noted'>): Admission => ({
  outcome: row.outcome,
  orderId: row.order_id,
  ...(row.ticket && { ticketId: row.ticket }),
  ...(row.outcome === 'admitted' && { people: row.people }),
  ...(row.used_at && { usedAt: row.used_at, usedBy: row.used_by ?? undefined }),
});
