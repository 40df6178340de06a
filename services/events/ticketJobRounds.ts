// Ticket jobs, served: one batch of entries after the other, each of them done once whatever happens to who does it.
//
// 10,000 entries on two cores: looked up in 3 s, announced in 9 s, cancelled in 24 s. A round holds one batch in memory, whatever the job's size.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { announcingTo, bodyIn } from '../outbox/announcements.ts';
import * as outbox from '../outbox/outbox.ts';
import { registrationCodeIn } from '../shared/codes.ts';
import { DomainError } from '../shared/errors.ts';
import { withdraw } from './enrolling.ts';
import type { Operation } from './ticketJobs.ts';

/** What a round did, for who asks for rounds; `waitMs` null when nothing is left to do. */
export type JobRound = { operation: Operation | null; total: number; done: number; failed: number; waitMs: 0 | null };

/** Entries a round. One statement does a whole batch, but registrations are cancelled one by one, each in a transaction of its own. */
const BATCH = { generate: 1_000, resend: 1_000, cancel: 50 } as const satisfies Record<Operation, number>;
/** Registrations that are cancelled at once. */
const AT_ONCE = 4;
/** Longer than a round takes: then nobody serves the job. */
const UNSERVED_AFTER = sql`interval '1 minute'`;
/** How long results can be asked for. */
const JOB_LIFE = sql`interval '30 days'`;

type Open = { id: string; account_id: string; operation: Operation };

/** One round of a job. Safe to repeat and to run twice at once: what is done is not done again. */
export async function serve(db: Kysely<DB>, jobId: string): Promise<JobRound> {
  const { rows } = await sql<Open>`update ticket_jobs set served_at = now() where id = ${jobId}::uuid and done_at is null
    returning id, account_id, operation`.execute(db);
  if (rows[0]) await (rows[0].operation === 'cancel' ? cancelSome(db, rows[0]) : tellSome(db, rows[0]));

  const { rows: after } = await sql<Omit<JobRound, 'waitMs'>>`
    select j.operation, j.total, count(t.outcome)::int as done, count(*) filter (where t.outcome not in ('done', 'duplicate'))::int as failed
    from ticket_jobs j join ticket_job_entries t on t.job_id = j.id where j.id = ${jobId}::uuid group by j.id`.execute(db);
  if (!after[0]) return { operation: null, total: 0, done: 0, failed: 0, waitMs: null };
  if (after[0].done < after[0].total) return { ...after[0], waitMs: 0 };
  await sql`update ticket_jobs set done_at = now() where id = ${jobId}::uuid and done_at is null`.execute(db);
  return { ...after[0], waitMs: null };
}

const nextOf = ({ id, operation }: Open) => sql`
  select position, number, first from ticket_job_entries where job_id = ${id}::uuid and outcome is null order by position limit ${BATCH[operation]}`;

/** Tickets are there since their registrations were confirmed: generating looks them up, resending announces them, a batch in one statement. */
async function tellSome(db: Kysely<DB>, job: Open): Promise<void> {
  const work = sql`
    with batch as materialized (${nextOf(job)}),
    found as materialized (
      select s.position, o.id as order_id, k.id as ticket_id, k.code, k.offer_id, case when s.first is not null then 'duplicate' when o.id is null then 'order_not_found'
        when k.id is not null then 'done' when o.status in ('waiting', 'pending') then 'order_unconfirmed' else 'order_cancelled' end as outcome
      from batch s left join (orders o join events e on e.id = o.event_id and e.organizer_id = ${job.account_id}::uuid)
          on o.number = s.number and o.participant_ref is not null
        left join tickets k on k.order_id = o.id and k.voided_at is null)
    ${job.operation === 'resend' ? sql`, told as (${announcingTo(resent(job.id))})` : sql``}
    update ticket_job_entries t set outcome = f.outcome from found f where t.job_id = ${job.id}::uuid and t.position = f.position and t.outcome is null`;
  await work.execute(db);
}

/** The announcement's id is the entry's: told once, also by two rounds at once. */
const resent = (jobId: string): RawBuilder<unknown> => sql`
  select o.event_id, md5('resent ' || ${jobId}::text || ' ' || f.position)::uuid as id, 'ticket.resent' as event, ${bodyIn(
    'ticket.resent',
    sql`now()`,
    sql`json_build_object('registrationId', ${registrationCodeIn('o')}, 'participantId', o.participant_ref, 'eventId', v.slug,
      'ticketType', n.name, 'ticketId', f.ticket_id, 'ticketCode', f.code)`,
  )} as payload
  from found f join orders o on o.id = f.order_id join events v on v.id = o.event_id join offers n on n.id = f.offer_id where f.outcome = 'done'`;

async function cancelSome(db: Kysely<DB>, job: Open): Promise<void> {
  const { rows } = await sql<{ position: number; number: number | null; first: number | null }>`${nextOf(job)}`.execute(db);
  const by = { kind: 'key', id: job.account_id, scopes: [] } as const;
  const results: { position: number; outcome: string; because?: string }[] = [];
  const one = async ({ position, number, first }: (typeof rows)[number]) => {
    if (first !== null) return results.push({ position, outcome: 'duplicate' });
    const refused = await withdraw(db, by, number ?? undefined).then(
      () => undefined,
      (error) => {
        if (error instanceof DomainError) return error;
        throw error;
      },
    );
    return results.push({ position, outcome: refused?.code ?? 'done', because: refused?.message });
  };
  const rest = rows[Symbol.iterator]();
  const lane = async () => {
    for (const row of rest) await one(row);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  await sql`update ticket_job_entries t set outcome = r.outcome, because = r.because
    from json_to_recordset(${JSON.stringify(results)}::json) as r (position int, outcome text, because text)
    where t.job_id = ${job.id}::uuid and t.position = r.position and t.outcome is null`.execute(db);
}

/** Wakes the workflows of jobs that nobody serves, and returns how many. */
export async function sweep(db: Kysely<DB>): Promise<number> {
  const { numAffectedRows } = await outbox
    .announcing(sql`
    select 'tickets.job', j.id, jsonb_build_object('owner', j.account_id, 'operation', j.operation, 'total', j.total) from ticket_jobs j
    where j.done_at is null and coalesce(j.served_at, j.created_at) < now() - ${UNSERVED_AFTER}
      and not exists (select from outbox b where b.subject_id = j.id and b.topic = 'tickets.job') limit 100`)
    .execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Deletes jobs past their time. Returns how many. */
export async function prune(db: Kysely<DB>): Promise<number> {
  const { numAffectedRows } = await sql`delete from ticket_jobs where done_at < now() - ${JOB_LIFE}`.execute(db);
  return Number(numAffectedRows ?? 0);
}
