// What an order's workflow may ask for: inside its own task, and of each queue. Deterministic code only.
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { InventoryActivities } from '../activities/inventory.ts';
import type { NotificationActivities } from '../activities/notifications.ts';
import type { OrderActivities } from '../activities/orders.ts';
import type { PaymentActivities } from '../activities/payments.ts';
import type { Queue } from './messages.ts';

export const rows = proxyLocalActivities<OrderActivities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});
export const payments = proxyActivities<PaymentActivities>({
  taskQueue: 'payments' satisfies Queue,
  startToCloseTimeout: '90 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** The provider of an external event's places. Its buyer waits for it, so that it is tried again soon. */
export const inventory = proxyActivities<InventoryActivities>({
  taskQueue: 'inventory' satisfies Queue,
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** Longer than nearly every charge and mail takes; shorter than the ten seconds of a workflow task, so that a slow one makes it beat at most once. */
const once = { startToCloseTimeout: '10 seconds', retry: { maximumAttempts: 1 } } as const;
export const { payOrder } = proxyLocalActivities<OrderActivities>(once);
/** A buyer's answer may wait for this one: it leaves with the workflow task. */
export const { deliverMail } = proxyLocalActivities<OrderActivities>({ ...once, startToCloseTimeout: '3 seconds' });
export const notifications = proxyActivities<NotificationActivities>({
  taskQueue: 'notifications' satisfies Queue,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '3 days',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '10 minutes' },
});
