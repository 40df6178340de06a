// Jobs on many tickets on a stack of their own (its worker is killed here): every entry has its result, and nothing is done twice.
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { type App, type Stack, startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';
import { make, SCOPES } from '../../services/accounts/apiKeys.ts';
import { workflowsPath } from '../../worker/bundle.ts';
import { ticketJobWorkflowId } from '../../workflows/messages.ts';
import { call, until } from '../support/client.ts';
import { seedStack } from '../support/globalStack.ts';
import { type Hackathon, hackathon, told } from '../support/hackathon.ts';
import { saveHistory } from '../support/histories.ts';
import { expectClean } from '../support/net.ts';

const REGISTERED = 300;

let stack: Stack;
let worker: App;
let db: Kysely<DB>;
let event: Hackathon;
let token: string;
let registered: string[];

beforeAll(async () => {
  stack = await startStack({ ports: 'free', quiet: true });
  await seedStack(stack.databaseUrl);
  const env = { NODE_ENV: 'test', RATE_LIMITS: 'off' };
  [, worker] = await Promise.all([startGateway(stack, env), startWorker(stack, env)]);
  db = connect({ url: stack.databaseUrl, max: 4, name: 'billetter-test' });
  event = await hackathon(db, { total: REGISTERED });
  // What is told is counted here, and need not arrive: the address of these webhooks is nobody's.
  await sql`update webhook_endpoints set paused_at = now() where account_id = ${event.organizer.id}::uuid`.execute(db);
  ({ token } = await make(db, event.organizer.id, { name: 'test', scopes: [...SCOPES] }));
  registered = [];
  for (let n = 0; n < REGISTERED; n++) {
    const body = { participantId: `p-${n}`, eventId: event.slug, ticketType: 'standard' };
    registered.push((await api('POST', '/registrations', body)).body.id);
  }
}, 300_000);
afterAll(async () => {
  await db?.destroy();
  if (stack) await expectClean(stack);
  await stack?.stop();
});

const api = (method: string, path: string, body?: object) => call(stack.gatewayUrl, method, `/api/billetter${path}`, { token, body });
const begin = async (operation: string, registrationIds: string[]): Promise<string> => {
  const { status, body } = await api('POST', '/tickets/bulk', { operation, registrationIds });
  expect([status, body.status, body.processed]).toEqual([202, 'running', 0]);
  return body.jobId;
};
const finished = (jobId: string) =>
  until(
    'the job is done',
    () => api('GET', `/tickets/bulk/${jobId}?limit=1000`).then(({ body }) => body),
    (job) => job.status === 'done',
    120_000,
  );

async function workflowOf(jobId: string) {
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const handle = new Client({ connection }).workflow.getHandle(ticketJobWorkflowId(jobId));
  const result: string = await handle.result();
  const history = await handle.fetchHistory();
  await connection.close();
  await Worker.runReplayHistory({ workflowsPath }, history, ticketJobWorkflowId(jobId));
  return { result, history };
}

test('resent: each ticket is told once, and the workflow says how far it was', async () => {
  const jobId = await begin('resend', [...registered, 'reg-x', registered[0]!]);
  expect(await finished(jobId)).toMatchObject({ total: REGISTERED + 2, succeeded: REGISTERED, duplicates: 1, failed: 1 });
  expect(new Set(await told(db, event, 'ticket.resent')).size).toBe(REGISTERED);
  expect(await told(db, event, 'ticket.resent')).toHaveLength(REGISTERED);
  const { result, history } = await workflowOf(jobId);
  expect(result).toBe(`Done: resend: ${REGISTERED + 2} of ${REGISTERED + 2} entries (100 %); 1 refused.`);
  if (process.env.SAVE_HISTORIES) saveHistory('ticket-job-resend', history);
}, 240_000);

test('cancelled with the worker killed half-way: every registration ends once, each entry has its result', async () => {
  const wanted = [...registered, 'reg-0', registered[7]!];
  // The worker stops at a registration of the third batch, whose row is held here, and dies there.
  const jobId = await db.transaction().execute(async (tx) => {
    await sql`select from orders where number = ${Number(registered[120]!.slice(4))} for update`.execute(tx);
    const id = await begin('cancel', wanted);
    await until(
      'two batches are cancelled, and some of the third',
      async () => {
        await sql`select 1`.execute(tx); // a transaction that says nothing for 30 seconds is ended
        const { rows } = await sql<{
          n: number;
        }>`select count(*)::int as n from orders where event_id = ${event.id}::uuid and status = 'cancelled'`.execute(db);
        return rows[0]!.n;
      },
      (n) => n >= 140,
      60_000,
    );
    await worker.kill('SIGKILL');
    return id;
  });
  const stopped = (await api('GET', `/tickets/bulk/${jobId}?limit=1`)).body;
  expect([stopped.status, stopped.processed]).toEqual(['running', 100]);
  await worker.restart();

  const job = await finished(jobId);
  expect(job).toMatchObject({ total: REGISTERED + 2, processed: REGISTERED + 2, succeeded: REGISTERED, duplicates: 1, failed: 1 });
  expect(job.results.map((r: { index: number }) => r.index)).toEqual(wanted.map((_, i) => i));
  expect(await told(db, event, 'registration.cancelled')).toHaveLength(REGISTERED);
  const { body } = await api('GET', `/events/${event.slug}/capacity`);
  expect([body.currentRegistrations, body.availableSpots]).toEqual([0, REGISTERED]);

  // A repeat changes nothing.
  expect(await finished(await begin('cancel', wanted))).toMatchObject({ succeeded: REGISTERED, failed: 1 });
  expect(await told(db, event, 'registration.cancelled')).toHaveLength(REGISTERED);
  const { result, history } = await workflowOf(jobId);
  expect(result).toBe(`Done: cancel: ${REGISTERED + 2} of ${REGISTERED + 2} entries (100 %); 1 refused.`);
  if (process.env.SAVE_HISTORIES) saveHistory('ticket-job-cancelled-with-the-worker-killed', history);
}, 240_000);
