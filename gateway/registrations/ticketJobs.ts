// /api/billetter/tickets/bulk: one operation on the tickets of up to 10,000 registrations. Few are done within the call, more by a workflow.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { serve } from '../../services/events/ticketJobRounds.ts';
import * as jobs from '../../services/events/ticketJobs.ts';
import { DomainError, type ErrorCode } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import type { Refusal } from '../http/api.ts';
import { id, instant, whole } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { failure } from './errors.ts';
import { LIMITS } from './limits.ts';
import { time, timeOrNull } from './shapes.ts';
import { FORMAT, fileUrl } from './tickets.ts';

/** So many entries are done before the call is answered, as the seed's example of three would expect: 100 are cancelled in about a second. */
const AT_ONCE = 100;
const PAGE = 1_000;

const Wish = z.object({
  operation: z.enum(jobs.OPERATIONS).meta({
    description:
      '`generate`: the tickets of these registrations. `cancel`: as `DELETE` of each; the key must be for `registrations:write` too. `resend`: each ticket is told to your webhooks that listen to `ticket.resent` (we have no addresses of participants).',
  }),
  registrationIds: z
    .array(z.string().max(200))
    .min(1)
    .max(jobs.MOST_ENTRIES)
    .meta({ example: ['reg-123', 'reg-124', 'reg-125'] }),
  format: FORMAT,
});

const Result = z
  .object({
    index: z.int().meta({ description: 'Which of `registrationIds`, from 0.' }),
    registrationId: z.string(),
    status: z.enum(['pending', 'succeeded', 'duplicate', 'failed']),
    duplicateOf: z.int().nullable().meta({ description: 'The index of the entry that names the same registration: that one was done.' }),
    ticket: z
      .object({
        ...{ ticketId: id, participantId: z.string(), eventId: z.string(), ticketCode: z.string(), qrCode: z.string() },
        fileUrl: z.url().meta({ description: 'Where the file of that format can be fetched with the API key.' }),
        issuedAt: instant,
      })
      .nullable(),
    error: z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) }).nullable(),
  })
  .meta({ id: 'BulkResult' });

const Job = z
  .object({
    jobId: id,
    operation: z.enum(jobs.OPERATIONS),
    format: FORMAT,
    status: z.enum(['running', 'done']),
    ...{ total: z.int(), processed: z.int(), succeeded: z.int(), duplicates: z.int(), failed: z.int() },
    ...{ createdAt: instant, finishedAt: instant.nullable() },
    results: z.array(Result).meta({ description: 'Of this page, in the order of `registrationIds`.' }),
    nextCursor: z.string().nullable().meta({ description: 'Where the next page begins; null on the last one.' }),
  })
  .meta({ id: 'BulkJob' });

const Which = z.object({ jobId: z.string().meta({ description: 'As the bulk operation was answered with.' }) });
const Pages = z.object({
  limit: whole(1, PAGE).default(100).meta({ description: 'The most results on a page.' }),
  cursor: whole(0, jobs.MOST_ENTRIES).optional().meta({ description: 'The `nextCursor` of the page before.' }),
});

/** The routes of bulk operations. */
export function ticketJobRoutes(gateway: Gateway): Route[] {
  const { db } = gateway;
  const common = { access: 'key', scope: 'tickets', tag: 'Tickets' } as const;

  /** One page of a job, as it is now. */
  async function page(accountId: string, jobId: string, from: number, limit: number): Promise<z.output<typeof Job>> {
    const job = await jobs.find(db, accountId, jobId);
    const entries = limit ? await jobs.entries(db, job.id, from, limit) : [];
    const next = from + limit;
    const format = FORMAT.parse(job.format);
    return {
      jobId: job.id,
      operation: job.operation,
      format,
      status: job.done_at ? 'done' : 'running',
      ...{ total: job.total, processed: job.done, succeeded: job.done - job.duplicates - job.failed },
      ...{ duplicates: job.duplicates, failed: job.failed },
      ...{ createdAt: time(job.created_at), finishedAt: timeOrNull(job.done_at) },
      results: entries.map((entry) => shown(gateway, entry, format)),
      nextCursor: next < job.total ? String(next) : null,
    };
  }

  return [
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/tickets/bulk',
      limit: LIMITS.bulk,
      operationId: 'bulkTickets',
      summary: 'One operation on many tickets',
      description: `Good entries are done beside bad and double ones, and each has its result. Up to ${AT_ONCE} entries are done when this answers; of more it answers 202, and \`GET .../bulk/{jobId}\` says how far it is. Repeating an operation changes nothing, but that \`resend\` tells again.`,
      body: Wish,
      idempotent: true,
      responses: {
        200: { description: 'All done, with all results.', schema: Job },
        202: { description: 'Accepted: a job does it. No results yet.', schema: Job },
      },
      refusals: ['not_found'],
      async handle({ body: { operation, registrationIds: registrations, format }, caller, attempt }) {
        if (operation === 'cancel' && !caller.scopes.includes('registrations:write'))
          throw new DomainError('forbidden', 'To cancel registrations a key must be for registrations:write.', {
            requiredScope: 'registrations:write',
          });
        const now = registrations.length <= AT_ONCE;
        const jobId = attempt?.id ?? randomUUID();
        await jobs.create(db, { id: jobId, accountId: caller.accountId, operation, format, registrations, now });
        // Should this process die over it, the sweep has a workflow do the rest.
        while (now && (await serve(db, jobId)).waitMs !== null);
        return { status: now ? 200 : 202, body: await page(caller.accountId, jobId, 0, now ? AT_ONCE : 0) };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/api/billetter/tickets/bulk/:jobId',
      limit: LIMITS.general,
      operationId: 'getBulkJob',
      summary: 'How far a bulk operation is, and its results',
      description: 'Addition to the seed. By pages: ask on with `cursor` until there is no `nextCursor`. Results are kept for 30 days.',
      params: Which,
      query: Pages,
      responses: { 200: { description: 'The job as it is now.', schema: Job } },
      refusals: ['not_found'],
      async handle({ params, query: { limit, cursor = 0 }, caller }) {
        return { status: 200, body: await page(caller.accountId, params.jobId, cursor, limit) };
      },
    }),
  ];
}

/** What the outcomes of entries say to people; where the refusal had words of its own, those. */
const SENTENCES: { [C in ErrorCode]?: string } = {
  order_not_found: 'There is no such registration.',
  order_unconfirmed: 'This registration is waitlisted: it has a ticket once it is confirmed.',
  order_cancelled: 'This registration is cancelled.',
};

function shown(gateway: Gateway, entry: jobs.Entry, format: z.output<typeof FORMAT>): z.output<typeof Result> {
  const { outcome, registration, ticket } = entry;
  const status = outcome === null ? 'pending' : outcome === 'done' ? 'succeeded' : outcome === 'duplicate' ? 'duplicate' : 'failed';
  const code = outcome as ErrorCode;
  return {
    index: entry.position,
    registrationId: registration,
    status,
    duplicateOf: status === 'duplicate' ? entry.first : null,
    ticket: ticket && {
      ...{ ticketId: ticket.id, participantId: entry.participant!, eventId: entry.event!, ticketCode: ticket.code, qrCode: ticket.code },
      fileUrl: fileUrl(gateway, registration, format),
      issuedAt: time(new Date(ticket.issued_at)),
    },
    error: status === 'failed' ? failure({ code, message: entry.because ?? SENTENCES[code] ?? '', details: {} } as Refusal).error : null,
  };
}
