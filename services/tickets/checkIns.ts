// Admission: the one place where a ticket lets somebody in, whichever API or door asks.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError } from '../shared/errors.ts';
import { readCode } from './codes.ts';

/** Who scans: the event's organizer, or an admin. */
export type Scanner = { accountId: string; admin: boolean };

/** What a scan came to. Of a ticket that was used and is void now it is void: it has been paid back. */
export type Outcome = 'admitted' | 'already_used' | 'void' | 'event_cancelled' | 'event_over' | 'other_event' | 'unknown_code';

export type Scan = {
  /** As the scanner read it. */
  code: string;
  /** Names this scan, so that the same answer is given when it is asked again. */
  nonce?: string;
  /** Only a ticket of this event admits here. */
  eventId?: string;
};

/** `usedAt`, `usedBy`: when and by whose scan somebody was let in by this ticket, now or before. */
export type Admission = {
  outcome: Outcome;
  ticketId?: string;
  usedAt?: Date;
  usedBy?: string;
};

type Row = { outcome: Outcome; may: boolean; ticket: string; used_at: Date | null; used_by: string | null; noted: boolean };

/**
 * Admits by a scanned code, in one statement: of two scanners at one instant one admits, and the other hears when the first did. Each scan
 * of a genuine ticket is kept. A nonce that comes again gets the answer it got before.
 * @throws DomainError forbidden (the event is another organizer's; nothing of the ticket is told) | key_reused (the nonce named another ticket)
 */
export async function admit(db: Kysely<DB>, secret: string, by: Scanner, scan: Scan): Promise<Admission> {
  const ticketId = readCode(secret, scan.code)?.ticketId;
  if (!ticketId) return { outcome: 'unknown_code' };
  const before = scan.nonce === undefined ? undefined : await answered(db, by, scan.nonce, ticketId);
  if (before) return before;

  const { rows } = await sql<Row>`
    with seen as materialized ( -- locked: who comes at the same instant waits, and then sees what became of it
      select t.id, t.event_id, t.voided_at, t.checked_in_at, t.checked_in_by, e.status, e.ends_at,
        ${by.admin}::boolean or e.organizer_id is not distinct from ${by.accountId}::uuid as may
      from tickets t join events e on e.id = t.event_id where t.id = ${ticketId}::uuid for update of t),
    decided as materialized (
      select *, case when ${scan.eventId ?? null}::uuid is not null and event_id <> ${scan.eventId ?? null}::uuid then 'other_event'
        when status = 'cancelled' then 'event_cancelled' when voided_at is not null then 'void' when checked_in_at is not null then 'already_used'
        when ends_at <= now() then 'event_over' else 'admitted' end as outcome
      from seen),
    noted as (
      insert into check_ins (ticket_id, event_id, account_id, nonce, outcome)
      select id, event_id, ${by.accountId}::uuid, ${scan.nonce ?? null}, outcome from decided where may
      on conflict (account_id, nonce) where nonce is not null do nothing returning id),
    let_in as (
      update tickets t set checked_in_at = now(), checked_in_by = ${by.accountId}::uuid from decided d
      where t.id = d.id and d.may and d.outcome = 'admitted' and exists (select from noted) returning t.checked_in_at)
    select d.outcome, d.may, d.id as ticket, coalesce((select checked_in_at from let_in), d.checked_in_at) as used_at,
      (select email::text from accounts where id = case when d.outcome = 'admitted' then ${by.accountId}::uuid else d.checked_in_by end) as used_by,
      exists (select from noted) as noted
    from decided d`.execute(db);
  const row = rows[0];
  if (!row) return { outcome: 'unknown_code' };
  if (!row.may) throw new DomainError('forbidden', 'This ticket is for an event of another organizer.');
  // The same nonce came at the same instant: the other call has the answer.
  if (!row.noted) return (await answered(db, by, scan.nonce!, ticketId))!;
  return admission(row.outcome, row.ticket, row);
}

/** The answer that this scanner's nonce got before. */
async function answered(db: Kysely<DB>, by: Scanner, nonce: string, ticketId: string): Promise<Admission | undefined> {
  const { rows } = await sql<{ outcome: Outcome; ticket: string; used_at: Date | null; used_by: string | null }>`
    select c.outcome, c.ticket_id as ticket, t.checked_in_at as used_at, a.email::text as used_by
    from check_ins c join tickets t on t.id = c.ticket_id left join accounts a on a.id = t.checked_in_by
    where c.account_id = ${by.accountId}::uuid and c.nonce = ${nonce}`.execute(db);
  const row = rows[0];
  if (row && row.ticket !== ticketId) throw new DomainError('key_reused', 'This nonce named another scan before.');
  return row && admission(row.outcome, row.ticket, row);
}

const admission = (outcome: Outcome, ticketId: string, used: { used_at: Date | null; used_by: string | null }): Admission => ({
  outcome,
  ticketId,
  ...(used.used_at && { usedAt: used.used_at, usedBy: used.used_by ?? undefined }),
});
