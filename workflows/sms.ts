// The delivery of one promised text message: tried until the provider takes it, for up to a day; what it refuses for good is not repeated.
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { NotificationActivities } from '../activities/notifications.ts';
import type { Queue } from './messages.ts';

const { deliverSms } = proxyActivities<NotificationActivities>({
  taskQueue: 'notifications' satisfies Queue,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '1 day',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '10 minutes' },
});

export async function sms(textId: string): Promise<'sent' | 'sent before'> {
  setCurrentDetails('Handing the text to the provider; repeated until it is taken.');
  const sent = await deliverSms(textId);
  setCurrentDetails('The provider has taken the text.');
  return sent ? 'sent' : 'sent before';
}
