// The time-skipping test server is found, starts, and skips: a workflow that sleeps a day ends at once.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import { findTestServer } from '../../deploy/local/test-server.ts';

const found = await findTestServer();

describe('findTestServer', () => {
  test('names an executable file, or says why there is none', () => {
    if ('path' in found) expect(statSync(found.path).mode & 0o111).not.toBe(0);
    else expect(found.reason).toMatch(/\w+/);
  });

  test('BILLETTER_TEST_SERVER=none means none; a path that is not there is told', async () => {
    expect(await findTestServer({ env: { BILLETTER_TEST_SERVER: 'none' } })).toEqual({ reason: expect.stringContaining('none') });
    expect(await findTestServer({ env: { BILLETTER_TEST_SERVER: '/no/such' } })).toEqual({ reason: expect.stringContaining('/no/such') });
  });

  test('without Java and without a network the answer has both reasons', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'cache-'));
    const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;
    Object.defineProperty(process, 'platform', { value: 'sunos' }); // nothing to download for it: the test sends nothing out
    try {
      const answer = await findTestServer({ env: { PATH: cache, BILLETTER_CACHE: cache }, say: () => {} });
      expect(answer).toEqual({ reason: 'there is no Java; there is no download for sunos x64'.replace('x64', process.arch) });
    } finally {
      Object.defineProperty(process, 'platform', platform);
      rmSync(cache, { recursive: true });
    }
  });
});

test.skipIf(!('path' in found))(
  'a workflow that sleeps for a day ends within seconds',
  async () => {
    const { path } = found as { path: string };
    const environment = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } });
    try {
      const worker = await Worker.create({
        connection: environment.nativeConnection,
        taskQueue: 'local',
        workflowsPath: new URL('./sleeper.ts', import.meta.url).pathname,
      });
      const slept = await worker.runUntil(
        environment.client.workflow.execute('sleeper', { taskQueue: 'local', workflowId: 'sleeper', args: ['1 day'] }),
      );
      expect(slept).toBeGreaterThanOrEqual(86_400_000);
    } finally {
      await environment.teardown();
    }
  },
  240_000,
);
