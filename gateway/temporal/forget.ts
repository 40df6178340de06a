// Ends the workflows of orders that a reset has forgotten: they would only find out, one by one, that there is nothing left to do.
import { randomUUID } from 'node:crypto';
import { WORKFLOWS } from '../../workflows/messages.ts';
import type { Temporal } from './client.ts';

/** Has the engine terminate every running order that was started before this moment. It does so in its own time, one such job after the other. */
export async function forgetOrders({ connection }: Temporal, namespace: string): Promise<void> {
  const before = new Date().toISOString();
  await connection.workflowService.startBatchOperation({
    namespace,
    jobId: randomUUID(),
    reason: 'reset',
    visibilityQuery: `WorkflowType = '${WORKFLOWS.order}' AND ExecutionStatus = 'Running' AND StartTime < '${before}'`,
    terminationOperation: { identity: 'reset' },
  });
}
