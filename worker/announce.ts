// What each topic of the outbox means to Temporal. The subject's id is the workflow's id, so handing a row on twice is harmless.
import { type WorkflowClient, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { OrderSubject, OutboxRow } from '../services/outbox/outbox.ts';
import { orderCode } from '../services/shared/codes.ts';
import {
  CHANGED,
  eventNoticeStart,
  mailStart,
  orderFirstStart,
  orderStart,
  PRIORITY,
  smsStart,
  WORKFLOWS,
  waitlistStart,
} from '../workflows/messages.ts';

/** Hands one row on. Throws when Temporal did not take it. */
export async function announce(client: WorkflowClient, row: OutboxRow): Promise<void> {
  const wake = { signal: CHANGED, signalArgs: [] as [] };
  switch (row.topic) {
    case 'sms':
      await client.start(WORKFLOWS.sms, smsStart(row.subject_id, (row.payload as { order: string | null }).order));
      return;
    case 'mail':
      await client.start(WORKFLOWS.mail, mailStart(row.subject_id));
      return;
    case 'event.notice':
      await client.signalWithStart(WORKFLOWS.eventNotice, {
        ...eventNoticeStart(row.subject_id, (row.payload as { event: string }).event),
        ...wake,
      });
      return;
    case 'places.freed':
    case 'waitlist.joined':
      await client.signalWithStart(WORKFLOWS.waitlist, { ...waitlistStart(row.subject_id), ...wake });
      return;
    case 'order.paid':
    case 'order.changed': {
      const { workflowIdConflictPolicy: _, ...options } = orderStart(orderOf(row));
      await client.signalWithStart(WORKFLOWS.order, { ...options, ...wake, priority: PRIORITY.money });
      return;
    }
    case 'order.created': // has a lane of its own (starts.ts)
      throw new Error('starts are not announced');
  }
}

/**
 * Starts the workflow of an order that nobody has paid yet, `lateMs` after it was due.
 * @returns false when it had been started before, by a payment or another relay.
 */
export async function startUnpaid(client: WorkflowClient, row: OutboxRow, lateMs: number): Promise<boolean> {
  try {
    await client.start(WORKFLOWS.order, orderFirstStart({ ...orderOf(row), lateMs }));
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

function orderOf(row: OutboxRow) {
  const { number, createdAt, event, owner } = row.payload as OrderSubject;
  return { orderId: row.subject_id, code: orderCode({ number, created_at: new Date(createdAt) }), event, owner };
}
