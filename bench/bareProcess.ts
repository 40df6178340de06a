// One side of the engine's floor in a process of its own: the worker of bare workflows, or the client that starts them and waits for their answers.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { spread } from './numbers.ts';

export type BareJob = { role: 'worker' | 'client'; address: string; taskQueue: string; clients: number; seconds: number };

process.once('message', (job: BareJob) => {
  const work = job.role === 'worker' ? serve(job) : ask(job);
  work.then(
    (result) => process.send!(result, undefined, {}, () => process.exit(0)),
    (error) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));

/** Serves until the process is ended. The settings are those of worker/main.ts. */
async function serve({ address, taskQueue }: BareJob): Promise<object> {
  const workflowsPath = fileURLToPath(new URL('bareWorkflow.ts', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue,
    workflowBundle,
    activities: { one: async () => 1 },
    maxConcurrentActivityTaskExecutions: 32,
    stickyQueueScheduleToStartTimeout: '1 second',
  });
  process.send!({ ready: true });
  await worker.run();
  return {};
}

async function ask({ address, taskQueue, clients, seconds }: BareJob): Promise<object> {
  const client = new Client({ connection: await Connection.connect({ address }) });
  const times: number[] = [];
  const began = performance.now();
  const until = began + seconds * 1000;
  const one = async () => {
    while (performance.now() < until) {
      const sent = performance.now();
      const startWorkflowOperation = new WithStartWorkflowOperation('bare', {
        workflowId: `bare/${randomUUID()}`,
        taskQueue,
        workflowIdConflictPolicy: 'FAIL',
      });
      startWorkflowOperation.workflowHandle().catch(() => {}); // the update reports the same failure
      await client.workflow.executeUpdateWithStart('ask', { args: [], startWorkflowOperation });
      times.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  const took = (performance.now() - began) / 1000;
  const used = process.cpuUsage();
  return { done: times.length, seconds: took, times: spread(times), cpuSeconds: (used.user + used.system) / 1e6 };
}
