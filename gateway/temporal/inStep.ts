// Waits until the provider of an external event has an order as our rows have it: one update, which starts the order's workflow if nobody has.
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { DomainError } from '../../services/shared/errors.ts';
import { IN_STEP, type OrderInput, orderStart, WORKFLOWS } from '../../workflows/messages.ts';
import type { Temporal } from './client.ts';
import { isOpen } from './pay.ts';

/** How long a buyer waits for the provider. */
export const IN_STEP_WAIT_MS = 15_000;

/** @throws DomainError unavailable: the engine or the provider is away; the workflow goes on by itself once both are back */
export async function inStep(temporal: Temporal, input: OrderInput, waitMs = IN_STEP_WAIT_MS): Promise<void> {
  const updateId = randomUUID();
  try {
    const done = await temporal.waitForOutcome(updateId, waitMs, async () => {
      await ask(temporal, input, updateId);
      return true;
    });
    if (done) return;
  } catch (error) {
    if (!isOpen(error)) throw error;
  }
  throw new DomainError('unavailable', 'The provider of these places does not answer right now. Try again in a moment.');
}

function ask({ client }: Temporal, input: OrderInput, updateId: string): Promise<void> {
  // Made per call: a start operation can be used once.
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOWS.order, orderStart(input));
  startWorkflowOperation.workflowHandle().catch(() => {}); // the update below reports the same failure
  return client.workflow.executeUpdateWithStart<any, void, []>(IN_STEP, { args: [], updateId, startWorkflowOperation });
}
