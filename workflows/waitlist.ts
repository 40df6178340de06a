// One event's waitlist: woken when places come back or somebody joins, it has the line served, then sleeps until something is due.
// While no worker runs the line stands still (ordinary claims are refused as before).
import { proxyActivities } from '@temporalio/workflow';
import type { InventoryActivities } from '../activities/inventory.ts';
import { type Queue, SEARCH, type WaitlistInput } from './messages.ts';
import { rounds } from './rounds.ts';

const { serveWaitlist } = proxyActivities<InventoryActivities>({
  taskQueue: 'inventory' satisfies Queue,
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

export async function waitlist(input: WaitlistInput): Promise<string> {
  await rounds({
    serve: () => serveWaitlist.executeWithOptions({ summary: 'offer what is free to whoever is first' }, [input.eventId]),
    show: ({ event, waiting, offered, waitMs }) => ({
      details: waitMs === null ? 'Done: nobody waits.' : `${waiting} wait; the last round made ${offered} offer(s).`,
      attribute: event ? { key: SEARCH.event, value: event } : undefined,
    }),
    until: 'next hold or offer ends',
    input,
  });
  return 'nobody waits';
}
