// Bundles the workflow code once for production: `node worker/bundle.ts OUT`. In development each worker bundles at its start.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type Logger, type WorkflowBundle } from '@temporalio/worker';

export const workflowsPath = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../workflows/index.ts' : '../workflows/index.js', import.meta.url),
);

/** The workflows as workers run them and tests replay them. */
export const bundleWorkflows = (logger: Logger = new DefaultLogger('ERROR')): Promise<WorkflowBundle> =>
  bundleWorkflowCode({ workflowsPath, logger });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2];
  if (!out) throw new Error('usage: bundle.ts OUT');
  const { code } = await bundleWorkflows(new DefaultLogger('INFO'));
  await writeFile(out, code);
}
