// The delivery of one promised message, a workflow each: tried until it is taken. Mail of an order is delivered by the order's own workflow.
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { NotificationActivities } from '../activities/notifications.ts';
import type { Queue } from './messages.ts';

const patience = {
  taskQueue: 'notifications' satisfies Queue,
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '10 minutes' },
} as const;
/** What a text says is old after a day. */
const { deliverSms } = proxyActivities<NotificationActivities>({ ...patience, scheduleToCloseTimeout: '1 day' });
const { deliverMail } = proxyActivities<NotificationActivities>({ ...patience, scheduleToCloseTimeout: '3 days' });

type Outcome = 'sent' | 'sent before' | 'refused';

async function delivery(what: string, to: string, send: () => Promise<Outcome>): Promise<Outcome> {
  setCurrentDetails(`Handing the ${what} to the ${to}; repeated until it is taken.`);
  const outcome = await send();
  setCurrentDetails(outcome === 'refused' ? `The ${to} refuses the ${what} for good.` : `The ${to} has taken the ${what}.`);
  return outcome;
}

export const sms = (textId: string): Promise<Outcome> => delivery('text', 'provider', () => deliverSms(textId));
export const mail = (mailId: string): Promise<Outcome> => delivery('mail', 'mail server', () => deliverMail(mailId));
