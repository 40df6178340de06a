// One event's notice (cancelled, moved) on its way to every holder: batch after batch, then the refunds, until the last is decided.
//
// Like the waitlist it knows nothing by itself: every round reads the rows. Killed or terminated, it goes on where it was.
import {
  continueAsNew,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { InventoryActivities } from '../activities/inventory.ts';
import type { NoticeRound } from '../services/eventNotices.ts';
import { CHANGED, type EventNoticeInput, type Queue, SEARCH } from './messages.ts';
import { wake } from './wake.ts';

const { serveNotice } = proxyActivities<InventoryActivities>({
  taskQueue: 'inventory' satisfies Queue,
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

const LONG_HISTORY = 2_000;

const changed = defineSignal(CHANGED);

export async function eventNotice(input: EventNoticeInput): Promise<string> {
  let calls = 1;
  setHandler(changed, () => {
    calls++;
  });
  let shown = '';
  for (;;) {
    const seen = calls;
    const round = await serveNotice.executeWithOptions({ summary: 'the next holders are told' }, [input.eventId]);
    const told = words(round);
    setCurrentDetails(told);
    if (round.kind && round.kind !== shown) {
      upsertSearchAttributes([{ key: SEARCH.status, value: round.kind }]);
      shown = round.kind;
    }
    if (round.waitMs === null) {
      if (calls > seen) continue;
      return told;
    }
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    if (historyLength > LONG_HISTORY || continueAsNewSuggested) await continueAsNew<typeof eventNotice>(input);
    if (round.waitMs > 0 && calls === seen) await wake(() => calls > seen, round.waitMs, 'look at the refunds again');
  }
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
