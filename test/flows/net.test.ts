// The net on the real stack: Temporal's own answers about workflows, and what `npm run verify` says and exits with.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { baseEnv } from '../../deploy/local/processes.ts';
import { orderWorkflows } from '../../deploy/orderWorkflows.ts';
import { type Options, verify } from '../../services/reports/verify.ts';
import { WORKFLOWS } from '../../workflows/messages.ts';
import { book, buyer, call, read, show, until } from '../support/client.ts';
import { openDb } from '../support/db.ts';

const stack = inject('stack');
const db = openDb();
let connection: Connection;
let client: Client;
let who: Awaited<ReturnType<typeof buyer>>;
let order: string;

beforeAll(async () => {
  connection = await Connection.connect({ address: stack.temporalAddress });
  client = new Client({ connection });
  who = await buyer(stack.gatewayUrl);
  const event = await show(stack.gatewayUrl);
  order = (await book(stack.gatewayUrl, who.token, event.id, [event.seats[0]!])).id;
});
afterAll(async () => {
  await connection?.close();
  await db.destroy();
});

/** What the workflow checks say about this order. */
async function saidOf(id: string, options: Options = {}): Promise<string[]> {
  const checks: string[] = [];
  const parts = { db, workflows: orderWorkflows(client) };
  for await (const one of verify(parts, { only: ['workflows'], grace: 1, limit: 1000, ...options }))
    checks.push(...(one.failed ? [one.failed] : one.findings.filter((f) => f.subject === id).map((f) => f.check)));
  return checks;
}
const comes = (checks: string[], id = order) =>
  until(
    `the net says [${checks}]`,
    () => saidOf(id),
    (said) => JSON.stringify(said) === JSON.stringify(checks),
  );

async function command(env: Record<string, string>): Promise<{ code: number; out: string }> {
  const options = { env: { ...baseEnv(), ...stack.env, ...env } };
  return promisify(execFile)(process.execPath, ['--import', 'tsx', 'deploy/verify.ts'], options).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout + stderr }),
    (error) => ({ code: error.code, out: error.stdout + error.stderr }),
  );
}

test('a workflow that was terminated is missed, by the library and by the command; announced again it is not', async () => {
  const workflows = orderWorkflows(client);
  await until(
    'it runs',
    () => workflows.certain([order]),
    (ids) => ids.has(order),
  );
  await until(
    'it is listed',
    () => workflows.listed([order]),
    (ids) => ids.has(order),
  );
  await comes([]);
  await client.workflow.getHandle(`order/${order}`).terminate('test');
  await comes(['workflows/forsaken']);

  await sql`update orders set created_at = created_at - interval '1 hour' where id = ${order}::uuid`.execute(db);
  const said = await command({});
  expect(said.code, said.out).toBe(1);
  expect(said.out).toMatch(new RegExp(`workflows/forsaken: order ${order} is pending and its workflow does not run`));
  expect(said.out).toMatch(/ledger\/stripe\/payments +\d+ rows +\d+ ms/);
  expect(said.out).not.toContain('could not look');

  // What the sweep would do at the hold's end.
  await call(stack.gatewayUrl, 'DELETE', `/api/v1/bookings/${order}`, { token: who.token });
  await comes([]);
  expect((await read(stack.gatewayUrl, who.token, order)).status).toBe('cancelled');
});

test('a workflow that runs for no order is found', async () => {
  const id = '00000000-0000-4000-8000-00000000beef';
  const handle = await client.workflow.start(WORKFLOWS.order, { workflowId: `order/${id}`, taskQueue: 'served-by-nobody', args: [{}] });
  await comes(['workflows/idle'], id);
  await handle.terminate('test');
  await comes([], id);
});

test('2 when it cannot look', async () => {
  const said = await command({ TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
  expect(said.code, said.out).toBe(2);
  expect(said.out).toContain('cannot look: Temporal does not answer');
});
