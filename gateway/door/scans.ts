// Scans at a gate: one at a time where there is a network, many at once where there was none, and what came of them.
import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import { type Admission, admitAll } from '../../services/tickets/checkIns.ts';
import { findDoor } from '../../services/tickets/doors.ts';
import { isScanCursor, listConflicts, listScans } from '../../services/tickets/scans.ts';
import type { Gateway } from '../deps.ts';
import { createCache } from '../http/answers/lru.ts';
import { id, instant, label } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import type { Caller } from '../http/steps/auth.ts';
import { EventPath, noSuchEvent } from './events.ts';
import { LIMITS } from './limits.ts';
import { OUTCOMES, SCANNED, scanned, timeOrNull } from './shapes.ts';

const MOST_SCANS = 100;
const MOST_CONFLICTS = 500;

const Scan = z
  .object({
    nonce: z.string().min(1).max(100).meta({ description: 'Names this scan: sent again it gets the same answer.' }),
    code: z.string().max(1000).optional(),
    ticket: id.optional().meta({ description: 'A ticket whose holder was found by name.' }),
    at: instant.optional().meta({ description: 'When it was made, where that is not now.' }),
    let_in: z.boolean().optional().meta({ description: 'The gate had no network and decided alone: somebody went in, or was sent away.' }),
  })
  .refine(({ code, ticket }) => (code === undefined) !== (ticket === undefined), 'needs either a code or a ticket');

const Body = z.object({ gate: label(60), scans: z.array(Scan).min(1).max(MOST_SCANS) });

const Result = z
  .object({
    nonce: z.string(),
    outcome: OUTCOMES,
    people: z.int().meta({ description: 'How many go in by this scan.' }),
    ...SCANNED,
    used_at: instant.nullable().meta({ description: 'When somebody went in by this ticket, now or before.' }),
    used_gate: z.string().nullable(),
    conflict: z.boolean().meta({ description: 'Somebody went in whom this refuses: the gate could not know.' }),
  })
  .meta({ id: 'ScanResult' });

const TOLD = {
  id,
  at: instant.nullable(),
  gate: z.string().nullable(),
  outcome: OUTCOMES,
  people: z.int(),
  by: z.string(),
  offline: z.boolean(),
  ...SCANNED,
};
const Conflict = z
  .object({
    ...TOLD,
    first: z
      .object({ at: instant.nullable(), gate: z.string().nullable(), by: z.string() })
      .nullable()
      .meta({ description: 'The scan that used the ticket; null where the ticket was void.' }),
  })
  .meta({ id: 'ScanConflict' });

const result = (nonce: string, { outcome, people = 0, usedAt, usedGate, conflict, facts }: Admission): z.output<typeof Result> => ({
  ...{ nonce, outcome, people, ...scanned(facts) },
  ...{ used_at: timeOrNull(usedAt), used_gate: usedGate ?? null, conflict: conflict ?? false },
});

/** The routes that gates write to, and those that tell what they wrote. */
export function scanRoutes({ db, ticketKeys }: Gateway): Route[] {
  // Whose an event is does not change, and each scan asks the row again: this only saves a look before every scan.
  const theirs = createCache<true>(10_000, 10_000);

  async function checkDoor(eventId: string, caller: Caller): Promise<void> {
    const key = `${caller.accountId} ${caller.role} ${eventId}`;
    if (theirs.get(key)) return;
    if (!(await findDoor(db, managerOf(caller), eventId))) throw noSuchEvent();
    theirs.set(key, true, 1);
  }

  const shared = { access: 'organizer', tag: 'Scans', params: EventPath } as const;
  return [
    route({
      ...shared,
      refusals: ['not_found'],
      method: 'post',
      path: '/door/api/events/:id/scans',
      limit: LIMITS.scans,
      operationId: 'scan',
      summary: 'Scan tickets',
      description:
        'Of two gates at one instant one admits. Scans made without a network are told later, in the order in which they were made.',
      body: Body,
      responses: {
        200: { description: 'What each came to, in the order sent.', schema: z.object({ now: instant, results: z.array(Result) }) },
      },
      async handle({ params, body, caller }) {
        await checkDoor(params.id, caller);
        const scans = body.scans.map(({ nonce, code, ticket, at, let_in }) => ({
          ...{ nonce, code, ticketId: ticket, letIn: let_in },
          // A time without a decision is no scan of the past: it is decided now.
          at: at !== undefined && let_in !== undefined ? new Date(at) : undefined,
        }));
        const admissions = await admitAll(db, ticketKeys, managerOf(caller), scans, { eventId: params.id, gate: body.gate });
        const results = admissions.map((admission, i) => result(body.scans[i]!.nonce, admission));
        return { status: 200, body: { now: new Date().toISOString(), results } };
      },
    }),
    route({
      ...shared,
      refusals: ['not_found'],
      method: 'get',
      path: '/door/api/events/:id/scans',
      limit: LIMITS.reading,
      operationId: 'listScans',
      summary: 'The history of scans, the newest first',
      query: z.object({
        before: z
          .string()
          .refine(isScanCursor, 'must be a cursor of an earlier answer')
          .optional()
          .meta({ description: 'The `next` of the page before; left out, the newest.' }),
      }),
      responses: {
        200: {
          description: 'A page.',
          schema: z.object({ scans: z.array(z.object(TOLD).meta({ id: 'ScanTold' })), next: z.string().nullable() }),
        },
      },
      async handle({ params, query, caller }) {
        await checkDoor(params.id, caller);
        const { scans, next } = await listScans(db, params.id, query.before, MOST_SCANS);
        return {
          status: 200,
          body: { scans: scans.map(({ facts, at, ...s }) => ({ ...s, at: timeOrNull(at), ...scanned(facts) })), next },
        };
      },
    }),
    route({
      ...shared,
      refusals: ['not_found'],
      method: 'get',
      path: '/door/api/events/:id/conflicts',
      limit: LIMITS.reading,
      operationId: 'listConflicts',
      summary: 'Scans that let somebody in whom the list refuses',
      description: 'Made by gates without a network: the same ticket at two of them, or one that had just been cancelled. Told last first.',
      responses: { 200: { description: 'The conflicts.', schema: z.object({ conflicts: z.array(Conflict) }) } },
      async handle({ params, caller }) {
        await checkDoor(params.id, caller);
        const conflicts = (await listConflicts(db, params.id, MOST_CONFLICTS)).map(({ facts, at, first, ...c }) => ({
          ...{ ...c, at: timeOrNull(at), ...scanned(facts) },
          first: first && { ...first, at: timeOrNull(first.at) },
        }));
        return { status: 200, body: { conflicts } };
      },
    }),
  ];
}
