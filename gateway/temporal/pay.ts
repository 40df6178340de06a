// Pays an order through its workflow: the receipt of the press first, then one update, which starts the workflow if nobody has yet.
import { randomUUID } from 'node:crypto';
import {
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { confirmFree } from '../../services/orders/settlement.ts';
import * as attempts from '../../services/payments/attempts.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { TicketKeys } from '../../services/tickets/keys.ts';
import { orderStart, PAY, type PayRequest, type PayResult, WORKFLOWS } from '../../workflows/messages.ts';
import type { Db } from '../deps.ts';
import { EngineAway, type Temporal } from './client.ts';

/** Who presses pay, for which order, with what; `waitedMs` is how long ago the request came in. */
export type Press = { orderId: string; accountId: string; method: string; waitedMs: number };

/** `refused`: no such order of this account, its hold was over when it was pressed, or its event is cancelled. `unknown`: being decided, the order will tell. */
export type Paying = PayResult | { outcome: 'refused' | 'unknown' };

type Parts = { db: Db; temporal: Temporal; ticketKeys: TicketKeys };

/**
 * Decides an attempt to pay as of the moment its request came in, and waits for the outcome, at most `waitMs`.
 * An order with nothing to pay is confirmed at once, without the engine.
 * @throws DomainError unavailable when it could not be begun in time, or the engine is away: certain then that nothing is charged.
 */
export async function pay({ db, temporal, ticketKeys }: Parts, press: Press, waitMs: number): Promise<Paying> {
  const request: PayRequest = { attempt: randomUUID() };
  const received = await attempts.receive(db, { ...press, id: request.attempt });
  if (!received) return { outcome: 'refused' };
  if (received.free) return confirmHere(db, press.orderId, request.attempt, ticketKeys);
  try {
    const outcome = await temporal.waitForOutcome(request.attempt, waitMs, () => ask(temporal, received.order, request));
    if (outcome) return outcome;
  } catch (error) {
    if (!isOpen(error)) throw error;
  }
  if (await attempts.withdraw(db, request.attempt))
    throw new DomainError('unavailable', 'Payments cannot be taken right now; your booking is still held. Try again.');
  return { outcome: 'unknown' };
}

async function confirmHere(db: Db, orderId: string, attempt: string, ticketKeys: TicketKeys): Promise<Paying> {
  try {
    await confirmFree(db, orderId, ticketKeys);
  } catch (error) {
    await attempts.decide(db, attempt, 'not-payable');
    throw error;
  }
  return { outcome: 'confirmed' };
}

function ask({ client }: Temporal, input: attempts.Received, request: PayRequest): Promise<PayResult> {
  // Made per call: a start operation can be used once.
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOWS.order, orderStart(input));
  startWorkflowOperation.workflowHandle().catch(() => {}); // the update below reports the same failure
  return client.workflow.executeUpdateWithStart<any, PayResult, [PayRequest]>(PAY, {
    args: [request],
    updateId: request.attempt,
    startWorkflowOperation,
  });
}

/** Whether the workflow has the attempt after this failure, or may have it. */
export const isOpen = (error: unknown): boolean =>
  hasGrpcCode(error) ||
  error instanceof EngineAway ||
  error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
  error instanceof WorkflowUpdateFailedError;

/** Whether there is a gRPC error in or under a client error. */
function hasGrpcCode(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (isGrpcServiceError(at)) return true;
  return false;
}
