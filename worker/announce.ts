// What each topic of the outbox means to Temporal. The subject's id is the workflow's id, so handing a row on twice is harmless.
import { type WorkflowClient, WorkflowExecutionAlreadyStartedError, type WorkflowStartOptions } from '@temporalio/client';
import type { StillWaiting } from '../services/orders/orders.ts';
import type { Lane, OutboxRow } from '../services/outbox/outbox.ts';
import type { Handed } from '../services/outbox/webhooks.ts';
import { orderCode } from '../services/shared/codes.ts';
import {
  CHANGED,
  eventNoticeStart,
  externalSyncStart,
  mailStart,
  orderFirstStart,
  orderStart,
  smsStart,
  ticketJobStart,
  WORKFLOWS,
  waitlistStart,
  webhookStart,
} from '../workflows/messages.ts';

/** What a row starts. `wakes`: one that runs already is told to look again. */
type Start = { workflow: string; options: WorkflowStartOptions; wakes: boolean };

const starts = (workflow: string, options: WorkflowStartOptions): Start => ({ workflow, options, wakes: false });
const wakes = (workflow: string, options: WorkflowStartOptions): Start => ({ workflow, options, wakes: true });

/** All but the starts of new orders, which starts.ts sees to. */
type Announced = Lane['rest'];

const START: { [T in Announced]: (row: OutboxRow<T>) => Start } = {
  'order.paid': orderWoken,
  'order.changed': orderWoken,
  'places.freed': ({ subject_id }) => wakes(WORKFLOWS.waitlist, waitlistStart(subject_id)),
  'waitlist.joined': ({ subject_id }) => wakes(WORKFLOWS.waitlist, waitlistStart(subject_id)),
  'event.notice': ({ subject_id, payload }) => wakes(WORKFLOWS.eventNotice, eventNoticeStart(subject_id, payload.event)),
  'event.external': ({ subject_id }) => wakes(WORKFLOWS.externalSync, externalSyncStart(subject_id)),
  'tickets.job': ({ subject_id, payload }) => wakes(WORKFLOWS.ticketJob, ticketJobStart(subject_id, payload)),
  sms: ({ subject_id, payload }) => starts(WORKFLOWS.sms, smsStart(subject_id, payload.order)),
  mail: ({ subject_id }) => starts(WORKFLOWS.mail, mailStart(subject_id)),
};

function orderWoken(row: OutboxRow<'order.paid' | 'order.changed'>): Start {
  const { workflowIdConflictPolicy: _, ...options } = orderStart(orderOf(row));
  return wakes(WORKFLOWS.order, options);
}

/** Hands one row on. Throws when Temporal did not take it. */
export async function announce(client: WorkflowClient, row: OutboxRow<Announced>): Promise<void> {
  const { workflow, options, wakes } = (START[row.topic] as (row: OutboxRow<Announced>) => Start)(row);
  if (wakes) await client.signalWithStart(workflow, { ...options, signal: CHANGED, signalArgs: [] });
  else await client.start(workflow, options);
}

/** Starts the workflow of a webhook's delivery, or wakes the one that sleeps. Throws when Temporal did not take it. */
export async function startWebhook(client: WorkflowClient, { again, account, ...delivery }: Handed): Promise<void> {
  const options = webhookStart({ ...delivery, owner: account });
  if (again) await client.signalWithStart(WORKFLOWS.webhook, { ...options, signal: CHANGED, signalArgs: [] });
  else await client.start(WORKFLOWS.webhook, { ...options, workflowIdConflictPolicy: 'USE_EXISTING' });
}

/**
 * Starts the workflow of an order that nobody has paid yet, and whose hold is tidied up `lateMs` after its end. A quiet one is only put down at
 * the engine: its first task comes at that time, or when it is woken (a signal with start, an update), whichever is first.
 * @returns false when it had been started before, by a payment or another relay.
 */
export async function startUnpaid(
  client: WorkflowClient,
  row: OutboxRow<'order.created'>,
  { quiet, endsInMs, lateMs }: StillWaiting & { lateMs: number },
): Promise<boolean> {
  const options = orderFirstStart({ ...orderOf(row), lateMs });
  try {
    await client.start(WORKFLOWS.order, quiet ? { ...options, startDelay: endsInMs + lateMs, staticDetails: QUIET } : options);
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

/** What an operator reads of a workflow that has had no task yet. */
const QUIET =
  'Nobody has begun to pay yet. Its first task comes when somebody does, or when the hold is over: then the places are free again.';

function orderOf(row: OutboxRow<'order.created' | 'order.paid' | 'order.changed'>) {
  const { number, createdAt, event, owner } = row.payload;
  return { orderId: row.subject_id, code: orderCode({ number, created_at: new Date(createdAt) }), event, owner };
}
