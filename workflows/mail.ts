// The delivery of one promised mail: tried until the server takes it, for up to three days.
import { ActivityFailure, isCancellation, proxyActivities, proxyLocalActivities, setCurrentDetails } from '@temporalio/workflow';
import type { NotificationActivities } from '../activities/notifications.ts';
import type { Queue } from './messages.ts';

// One try inside the workflow's own task costs a third of the durable writes of a scheduled activity, and is nearly always enough.
const atOnce = proxyLocalActivities<NotificationActivities>({ startToCloseTimeout: '15 seconds', retry: { maximumAttempts: 1 } });
const patiently = proxyActivities<NotificationActivities>({
  taskQueue: 'notifications' satisfies Queue,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '3 days',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '10 minutes' },
});

export async function mail(mailId: string): Promise<'sent' | 'sent before'> {
  setCurrentDetails('Handing the mail to the mail server; repeated until it is taken.');
  const sent = await atOnce.deliverMail(mailId).catch((error) => {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    return patiently.deliverMail(mailId);
  });
  setCurrentDetails('The mail server has taken the mail.');
  return sent ? 'sent' : 'sent before';
}
