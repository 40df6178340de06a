// What an event's waitlist, its notices, jobs on many tickets and external events ask for. Activities of the inventory queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import * as notices from '../services/events/eventNotices.ts';
import { sync } from '../services/events/externalSync.ts';
import * as ticketJobs from '../services/events/ticketJobRounds.ts';
import type { EventProvider } from '../services/external/provider.ts';
import { alignOrder } from '../services/orders/aligning.ts';
import { DomainError } from '../services/shared/errors.ts';
import { type OfferTerms, serve } from '../services/waitlist/waitlistOffers.ts';
import { alive } from './alive.ts';
import { retryable } from './failures.ts';

export type InventoryActivities = ReturnType<typeof inventoryActivities>;

type Parts = { db: Kysely<DB>; terms: OfferTerms; provider?: EventProvider };

export function inventoryActivities({ db, terms, provider }: Parts) {
  return {
    /**
     * Brings the provider's order in step with ours; whether it is now. Repeating it does nothing twice. Without a provider it fails until there
     * is one again: nothing else could be said of what it has.
     */
    alignOrder: (orderId: string) =>
      alive(() =>
        retryable(() => {
          if (!provider) throw new DomainError('unavailable', 'No event provider is configured.');
          return alignOrder(db, provider, orderId);
        }),
      ),
    /** Reads all places of an external event from its provider. Repeating it is harmless. */
    syncPlaces: (eventId: string) => alive(() => retryable(() => sync(db, provider, eventId))),
    /** Offers what is free to the first in line who fit. Repeating it offers nothing twice. */
    serveWaitlist: (eventId: string) => alive(() => retryable(() => serve(db, eventId, terms))),
    /** Cancels or tells the next holders of a cancelled or moved event. Repeating it does nothing twice. */
    serveNotice: (eventId: string) => alive(() => retryable(() => notices.serve(db, eventId))),
    /** Does the next entries of a job on many tickets. Repeating it does nothing twice. */
    serveTickets: (jobId: string) => alive(() => retryable(() => ticketJobs.serve(db, jobId))),
  };
}
