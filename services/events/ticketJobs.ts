// Ticket jobs: an organizer's program asks for one operation on the tickets of up to 10,000 registrations. How a job is written and read.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { announcing } from '../outbox/outbox.ts';
import { registrationNumber } from '../shared/codes.ts';
import { DomainError } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';

export const OPERATIONS = ['generate', 'cancel', 'resend'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The most entries of one job. */
export const MOST_ENTRIES = 10_000;

/** How far a job is. `failed`: entries that were refused. */
export type Job = {
  id: string;
  operation: Operation;
  /** In which its results are shown, in the API's words. */
  format: string;
  total: number;
  done: number;
  duplicates: number;
  failed: number;
  created_at: Date;
  done_at: Date | null;
};

/**
 * Writes a job, and has its workflow started unless the caller serves it `now`. A job of this id that is there already is left as it is, so a
 * request that is repeated finds what its first run wrote.
 * @throws DomainError not_found (resend: no webhook of the account would hear of it)
 */
export async function create(
  db: Kysely<DB>,
  job: { id: string; accountId: string; operation: Operation; format: string; registrations: string[]; now: boolean },
): Promise<void> {
  const { id, accountId, operation, registrations } = job;
  const firsts = new Map<string, number>();
  const entries = registrations.map((registration, position) => {
    const first = firsts.get(registration);
    if (first === undefined) firsts.set(registration, position);
    return { position, registration, number: registrationNumber(registration), first };
  });
  if (operation === 'resend') await expectListener(db, accountId);

  await sql`
    with job as (
      insert into ticket_jobs (id, account_id, operation, format, total)
      values (${id}::uuid, ${accountId}::uuid, ${operation}, ${job.format}, ${registrations.length})
      on conflict (id) do nothing returning id),
    entries as (
      insert into ticket_job_entries (job_id, position, registration, number, first)
      select job.id, e.position, e.registration, e.number, e.first
      from job, json_to_recordset(${JSON.stringify(entries)}::json) as e (position int, registration text, number bigint, first int))
    ${announcing(sql`select 'tickets.job', job.id, ${about(job)}::jsonb from job where not ${job.now}::boolean`)}`.execute(db);
}

const about = ({ accountId: owner, operation, registrations: { length: total } }: Parameters<typeof create>[1]) =>
  JSON.stringify({ owner, operation, total });

/** Tickets are resent by telling the organizer's own programs, so one of them must listen. */
async function expectListener(db: Kysely<DB>, accountId: string): Promise<void> {
  const { rows } = await sql`select from webhook_endpoints
    where account_id = ${accountId}::uuid and disabled_at is null and 'ticket.resent' = any(events) limit 1`.execute(db);
  if (!rows.length)
    throw new DomainError('not_found', 'No webhook of yours listens to ticket.resent, so nobody would get the tickets.', {
      what: 'webhook',
    });
}

/**
 * The account's job of this id.
 * @throws DomainError not_found
 */
export async function find(db: Kysely<DB>, accountId: string, id: string): Promise<Job> {
  const { rows } = isUuid(id)
    ? await sql<Job>`
      select j.id, j.operation, j.format, j.total, j.created_at, j.done_at, n.done, n.duplicates, n.failed
      from ticket_jobs j cross join lateral (
        select count(outcome)::int as done, count(*) filter (where outcome = 'duplicate')::int as duplicates,
          count(*) filter (where outcome not in ('done', 'duplicate'))::int as failed
        from ticket_job_entries where job_id = j.id) n
      where j.id = ${id}::uuid and j.account_id = ${accountId}::uuid`.execute(db)
    : { rows: [] };
  if (!rows[0]) throw new DomainError('not_found', 'There is no such job of yours.', { what: 'job' });
  return rows[0];
}

/** What came of one entry. `outcome`: null while it waits, `done`, `duplicate` (of the entry at `first`), or the code of a refusal. */
export type Entry = {
  position: number;
  registration: string;
  first: number | null;
  outcome: string | null;
  because: string | null;
  participant: string | null;
  event: string | null;
  /** As it is now: none of what has been cancelled. `issued_at` is an ISO text. */
  ticket: { id: string; code: string; issued_at: string } | null;
};

/** Up to `limit` entries of a job from this place on, in the order in which they were asked for. */
export async function entries(db: Kysely<DB>, jobId: string, from: number, limit: number): Promise<Entry[]> {
  const { rows } = await sql<Entry>`
    select t.position, t.registration, t.first, t.outcome, t.because, o.participant_ref as participant, e.slug::text as event,
      case when k.id is not null then json_build_object('id', k.id, 'code', k.code, 'issued_at', k.issued_at) end as ticket
    from ticket_job_entries t left join orders o on o.number = t.number and t.outcome = 'done' left join events e on e.id = o.event_id
      left join tickets k on k.order_id = o.id and k.voided_at is null
    where t.job_id = ${jobId}::uuid and t.position >= ${from} order by t.position limit ${limit}`.execute(db);
  return rows;
}
