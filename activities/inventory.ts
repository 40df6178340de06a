// What an event's waitlist asks of the inventory: one round of offers. Activities of the inventory queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import { type OfferTerms, serve } from '../services/waitlistOffers.ts';
import { retryable } from './failures.ts';

export type InventoryActivities = ReturnType<typeof inventoryActivities>;

export function inventoryActivities({ db, terms }: { db: Kysely<DB>; terms: OfferTerms }) {
  return {
    /** Offers what is free to the first in line who fit. Repeating it offers nothing twice. */
    serveWaitlist: (eventId: string) => retryable(() => serve(db, eventId, terms)),
  };
}
