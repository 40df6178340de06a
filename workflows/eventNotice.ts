// One event's notice (cancelled, moved) on its way to every holder: batch after batch, then the refunds, until the last is decided.
import { proxyActivities } from '@temporalio/workflow';
import type { InventoryActivities } from '../activities/inventory.ts';
import type { NoticeRound } from '../services/events/eventNotices.ts';
import { type EventNoticeInput, type Queue, SEARCH } from './messages.ts';
import { rounds } from './rounds.ts';

const { serveNotice } = proxyActivities<InventoryActivities>({
  taskQueue: 'inventory' satisfies Queue,
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

export async function eventNotice(input: EventNoticeInput): Promise<string> {
  const last = await rounds<NoticeRound>({
    serve: () => serveNotice.executeWithOptions({ summary: 'the next holders are told' }, [input.eventId]),
    show: (round) => ({ details: words(round), attribute: round.kind ? { key: SEARCH.status, value: round.kind } : undefined }),
    until: 'look at the refunds again',
    input,
  });
  return words(last);
}

/** How far it is, for whoever watches. */
function words({ kind, done, left, refunds, waitMs }: NoticeRound): string {
  if (!kind) return 'There is nothing to tell of this event.';
  const all = done + left;
  const share = all ? Math.floor((100 * done) / all) : 100;
  const orders = kind === 'cancelled' ? `${done} of ${all} bookings cancelled (${share} %)` : `${done} of ${all} holders told (${share} %)`;
  const { pending, succeeded, failed } = refunds;
  const money = kind === 'cancelled' ? `; refunds: ${succeeded.count} made, ${pending.count} under way` : '';
  const refused = failed.count ? `; ${failed.count} refused by the bank: pay these buyers back another way` : '';
  return `${waitMs === null ? 'Done: ' : ''}${orders}${money}${refused}.`;
}
