// One job on the tickets of thousands of registrations: batch after batch, until every entry has its result.
import { proxyActivities } from '@temporalio/workflow';
import type { InventoryActivities } from '../activities/inventory.ts';
import type { JobRound } from '../services/events/ticketJobRounds.ts';
import type { Queue, TicketJobInput } from './messages.ts';
import { rounds } from './rounds.ts';

const { serveTickets } = proxyActivities<InventoryActivities>({
  taskQueue: 'inventory' satisfies Queue,
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

export async function ticketJob(input: TicketJobInput): Promise<string> {
  const last = await rounds<JobRound>({
    serve: () => serveTickets.executeWithOptions({ summary: 'the next entries' }, [input.jobId]),
    show: (round) => ({ details: words(round), attribute: undefined }),
    until: 'look at the entries again',
    input,
  });
  return words(last);
}

/** How far it is, for whoever watches. */
function words({ operation, total, done, failed, waitMs }: JobRound): string {
  if (!operation) return 'There is no such job.';
  const refused = failed ? `; ${failed} refused` : '';
  return `${waitMs === null ? 'Done: ' : ''}${operation}: ${done} of ${total} entries (${Math.floor((100 * done) / total)} %)${refused}.`;
}
