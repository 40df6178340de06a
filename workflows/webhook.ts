// One delivery to one webhook: a try, a pause, the next try, for three days. Between tries it is a timer and nothing else.
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { NotificationActivities } from '../activities/notifications.ts';
import type { WebhookRound } from '../services/delivery/webhooks.ts';
import type { Queue, WebhookInput } from './messages.ts';
import { rounds } from './rounds.ts';

/** A try takes 10 s at most. One that a worker took into its grave is found out after 25 s, when nobody is at it any more. */
const { tryWebhook } = proxyActivities<NotificationActivities>({
  taskQueue: 'notifications' satisfies Queue,
  startToCloseTimeout: '25 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** The first try is made within the workflow's task where there is room for it: most are taken at once, and it halves what they cost the engine. */
const { tryWebhookHere } = proxyLocalActivities<NotificationActivities>({
  startToCloseTimeout: '15 seconds',
  retry: { maximumAttempts: 1 },
});

export async function webhook(input: WebhookInput): Promise<string> {
  let first = true;
  const last = await rounds<WebhookRound>({
    async serve() {
      const here = first ? await tryWebhookHere(input.deliveryId, Date.now()).catch(() => null) : null;
      first = false;
      return here ?? tryWebhook.executeWithOptions({ summary: 'a try, if it is time for one' }, [input.deliveryId, Date.now()]);
    },
    show: (round) => ({ details: words(round), attribute: undefined }),
    until: 'the next try',
    input,
  });
  return words(last);
}

/** Where it stands, for whoever watches. */
function words({ state, error }: WebhookRound): string {
  const because = error ? ` (${error})` : '';
  return {
    waiting: `Waits for its next try${because}.`,
    held: 'Held back: its webhook is paused. Resuming that starts it again.',
    delivered: 'Delivered.',
    failed: `Given up${because}.`,
    gone: 'There is no such delivery any more.',
  }[state];
}
