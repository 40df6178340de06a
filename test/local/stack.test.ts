// A private stack on free ports: every part answers, search attributes are there, and stop leaves nothing.
import { existsSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isTaken } from '../../deploy/local/ports.ts';
import { type Stack, startStack } from '../../deploy/local/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ quiet: true });
}, 600_000); // the first run on a machine may have to build the Temporal CLI
afterAll(() => stack?.stop());

test('PostgreSQL answers', async () => {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await client.end();
});

test('Temporal answers, knows the search attributes, and has a UI', async () => {
  const connection = await Connection.connect({ address: stack.temporalAddress, connectTimeout: 30_000 });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    for (const name of ['BilletterEvent', 'BilletterOrder', 'BilletterStatus', 'BilletterOwner'])
      expect(customAttributes).toHaveProperty(name);
    const client = new Client({ connection });
    expect((await client.workflow.count('BilletterStatus = "held"')).count).toBe(0);
  } finally {
    await connection.close();
  }
  expect((await fetch(stack.temporalUiUrl)).status).toBe(200);
  expect(await (await fetch(stack.temporal.metricsUrl)).text()).toContain('# TYPE');
});

test('the mail catcher and the payment stand-in answer', async () => {
  expect(await (await fetch(`${stack.mailUrl}/api/messages`)).json()).toEqual([]);
  expect((await fetch(stack.stripeUrl!)).status).toBe(200);
});

test('Temporal can be killed and restarted on its port', async () => {
  await stack.temporal.process.kill('SIGKILL');
  await stack.temporal.process.restart();
  const connection = await Connection.connect({ address: stack.temporalAddress, connectTimeout: 30_000 });
  await connection.close();
});

test('a second stack stands beside it; stop frees every port and removes the temporary folder; mail goes where SMTP_URL says', async () => {
  const second = await startStack({ quiet: true, env: { SMTP_URL: 'smtp://mail.example.org:25', TEMPORAL_NAMESPACE: 'theirs' } });
  expect(second.env).toMatchObject({ SMTP_URL: 'smtp://mail.example.org:25', TEMPORAL_NAMESPACE: 'default' });
  expect(Object.values(second.ports).filter((port) => Object.values(stack.ports).includes(port))).toEqual([]);
  await second.stop();
  for (const port of Object.values(second.ports)) expect(await isTaken(port)).toBe(false);
  expect(existsSync(second.dataDir)).toBe(false);
  expect(existsSync(second.postgres.dataDir)).toBe(false);
}, 300_000);
