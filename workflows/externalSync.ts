// Keeps the places of one external event in step with its provider's list, until the event is over.
import { proxyActivities } from '@temporalio/workflow';
import type { InventoryActivities } from '../activities/inventory.ts';
import type { SyncRound } from '../services/events/externalSync.ts';
import type { ExternalSyncInput, Queue } from './messages.ts';
import { rounds } from './rounds.ts';

const { syncPlaces } = proxyActivities<InventoryActivities>({
  taskQueue: 'inventory' satisfies Queue,
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '8 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

export async function externalSync(input: ExternalSyncInput): Promise<string> {
  const last = await rounds<SyncRound>({
    serve: () => syncPlaces.executeWithOptions({ summary: 'the provider’s places are read' }, [input.eventId]),
    show: (round) => ({ details: words(round), attribute: undefined }),
    until: 'look at the provider’s places again',
    input,
  });
  return words(last);
}

function words({ waitMs, places, changed }: SyncRound): string {
  if (waitMs === null) return 'Done: the event is over, cancelled, or not external.';
  return places ? `The provider has ${places} places; ${changed} were written down at the last look.` : 'No provider is configured.';
}
