// One event's waitlist: woken when places come back or somebody joins, it has the line served, then sleeps until something is due.
//
// It knows nothing by itself. Every round reads the rows, so lost, repeated or late wake-ups only cost a round; while no worker
// runs the line stands still (ordinary claims are refused as before) and goes on where it was.
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
import { CHANGED, type Queue, SEARCH, type WaitlistInput } from './messages.ts';
import { wake } from './wake.ts';

const { serveWaitlist } = proxyActivities<InventoryActivities>({
  taskQueue: 'inventory' satisfies Queue,
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumInterval: '30 seconds' },
});

/** Far below the engine's limits of 51,200 events and 10,000 signals in one run, and small enough to replay in a moment. */
const LONG_HISTORY = 2_000;

const changed = defineSignal(CHANGED);

export async function waitlist(input: WaitlistInput): Promise<string> {
  let calls = 1;
  setHandler(changed, () => {
    calls++;
  });
  let shown = '';
  for (;;) {
    const seen = calls;
    const round = await serveWaitlist.executeWithOptions({ summary: 'offer what is free to whoever is first' }, [input.eventId]);
    if (round.event !== shown) {
      upsertSearchAttributes([{ key: SEARCH.event, value: round.event }]);
      shown = round.event;
    }
    if (round.waitMs === null) {
      if (calls > seen) continue;
      setCurrentDetails('Done: nobody waits, and no offer is open.');
      return 'nobody waits';
    }
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    if (historyLength > LONG_HISTORY || continueAsNewSuggested) await continueAsNew<typeof waitlist>(input);
    setCurrentDetails(`${round.waiting} wait; the last round made ${round.offered} offer(s).`);
    if (round.waitMs > 0 && calls === seen) await wake(() => calls > seen, round.waitMs, 'next hold or offer ends');
  }
}
