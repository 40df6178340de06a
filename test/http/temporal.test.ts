// The gateway's connection to Temporal: no async contexts, and no asking on after nobody waits.
import { AsyncLocalStorage } from 'node:async_hooks';
import { Connection } from '@temporalio/client';
import { expect, test } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { createTemporal, createWaits } from '../../gateway/temporal/client.ts';

/** Whether the SDK's call contexts are on after a call that names a namespace. */
async function contextsAfterACall(connection: Connection): Promise<boolean> {
  connection.workflowService.describeNamespace({ namespace: 'default' }).catch(() => {}); // nothing listens there
  const { callContextStorage: contexts } = connection as unknown as {
    callContextStorage: AsyncLocalStorage<unknown> & { enabled: boolean };
  };
  expect(contexts).toBeInstanceOf(AsyncLocalStorage);
  const { enabled } = contexts;
  await connection.close();
  return enabled;
}

test('calls need no async context, as the SDK by itself does', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  expect(await contextsAfterACall(createTemporal({ address, namespace: 'default' }).connection)).toBe(false);
  expect(await contextsAfterACall(Connection.lazy({ address }))).toBe(true);
});

test('an outcome that did not come in time is not asked for any more', async () => {
  const { waitForOutcome, ifWaitedFor } = createWaits();
  let asked = 0;
  let asking: Promise<never> | undefined;
  const outcome = await waitForOutcome('one', 30, () => {
    asking = (async () => {
      for (;;)
        await ifWaitedFor('one', async () => {
          asked++;
          await new Promise((resolve) => setTimeout(resolve, 2));
        });
    })();
    return asking;
  });
  expect(outcome).toBeUndefined();
  expect(asked).toBeGreaterThan(0);
  await expect(asking).rejects.toThrow('nobody waits');
  const { workflowService } = createTemporal({ address: `127.0.0.1:${await freePort()}`, namespace: 'default' }).connection;
  await expect(workflowService.pollWorkflowExecutionUpdate({ updateRef: { updateId: 'one' } })).rejects.toThrow('nobody waits');
  await expect(workflowService.executeMultiOperation({})).rejects.toThrow('nobody waits');
});

test('an outcome that comes is given, a failure thrown', async () => {
  const { waitForOutcome } = createWaits();
  expect(await waitForOutcome('two', 1000, async () => 'paid')).toBe('paid');
  await expect(waitForOutcome('two', 1000, () => Promise.reject(new Error('declined')))).rejects.toThrow('declined');
});
