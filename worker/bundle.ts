// Bundles the workflow code once for production: `node worker/bundle.ts OUT`. In development each worker bundles at its start.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type Logger, type WorkflowBundle } from '@temporalio/worker';

export const workflowsPath = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../workflows/index.ts' : '../workflows/index.js', import.meta.url),
);

/**
 * The workflows and the SDK's modules are evaluated once a thread, not once for each new workflow (0.8 ms of CPU, and memory). They may be:
 * a module of ours keeps no state of its own, all of it is in the workflow function.
 */
export const bundleWorkflows = (logger: Logger = new DefaultLogger('ERROR')): Promise<WorkflowBundle> =>
  bundleWorkflowCode({ workflowsPath, preloadModules: ['@temporalio/workflow', workflowsPath], logger });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2];
  if (!out) throw new Error('usage: bundle.ts OUT');
  const { code } = await bundleWorkflows(new DefaultLogger('INFO'));
  await writeFile(out, code);
}
