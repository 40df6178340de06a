// Pays an order through its workflow: one update, which starts the workflow if nobody has yet.
import { randomUUID } from 'node:crypto';
import {
  type Client,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { DomainError } from '../services/errors.ts';
import { type OrderView, orderCode } from '../services/orders.ts';
import { orderStart, PAY, type PayRequest, type PayResult, WORKFLOWS } from '../workflows/messages.ts';
import type { Temporal } from './temporal.ts';

const RESOURCE_EXHAUSTED = 8;

/**
 * Sends the payment method to the order's workflow and waits for the outcome, at most `waitMs`. `unknown`: the workflow has
 * it or may have it, and will come to an end by itself.
 * @throws DomainError unavailable when the workflow engine could not be reached at all: nothing was charged then.
 */
export async function pay(
  temporal: Temporal,
  order: OrderView,
  method: string,
  waitMs: number,
): Promise<PayResult | { outcome: 'unknown' }> {
  const { client } = temporal;
  await reach(client);
  const input = { orderId: order.id, code: orderCode(order), event: order.event.slug, owner: order.account_id };
  const request: PayRequest = { method, attempt: randomUUID(), tryHere: true };
  // Made per call: a start operation can be used once.
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOWS.order, orderStart(input));
  startWorkflowOperation.workflowHandle().catch(() => {}); // the update below reports the same failure
  try {
    const ask = () =>
      client.workflow.executeUpdateWithStart<any, PayResult, [PayRequest]>(PAY, {
        args: [request],
        updateId: request.attempt,
        startWorkflowOperation,
      });
    return (await temporal.waitForOutcome(request.attempt, waitMs, ask)) ?? { outcome: 'unknown' };
  } catch (error) {
    // Ten attempts of one order at once is what a workflow takes; this one was turned away at the door.
    if (grpcCode(error) === RESOURCE_EXHAUSTED) throw away();
    const open =
      grpcCode(error) !== undefined ||
      error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
      error instanceof WorkflowUpdateFailedError;
    if (open) return { outcome: 'unknown' };
    throw error;
  }
}

const away = () => new DomainError('unavailable', 'Payments cannot be taken right now; your booking is still held. Try again.');

/** Asks the engine a small thing first: while it is away this is the answer within moments, and it is certain that nothing was charged. */
async function reach({ connection }: Client): Promise<void> {
  await connection.workflowService.getSystemInfo({}).catch(() => {
    throw away();
  });
}

/** The code of the gRPC error in or under a client error. */
function grpcCode(error: unknown): number | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (isGrpcServiceError(at)) return at.code;
  return undefined;
}
