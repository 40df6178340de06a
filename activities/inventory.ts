// What an event's waitlist, its notices and jobs on many tickets ask for: one round at a time. Activities of the inventory queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import * as notices from '../services/events/eventNotices.ts';
import * as ticketJobs from '../services/events/ticketJobRounds.ts';
import { type OfferTerms, serve } from '../services/waitlist/waitlistOffers.ts';
import { alive } from './alive.ts';
import { retryable } from './failures.ts';

export type InventoryActivities = ReturnType<typeof inventoryActivities>;

export function inventoryActivities({ db, terms }: { db: Kysely<DB>; terms: OfferTerms }) {
  return {
    /** Offers what is free to the first in line who fit. Repeating it offers nothing twice. */
    serveWaitlist: (eventId: string) => alive(() => retryable(() => serve(db, eventId, terms))),
    /** Cancels or tells the next holders of a cancelled or moved event. Repeating it does nothing twice. */
    serveNotice: (eventId: string) => alive(() => retryable(() => notices.serve(db, eventId))),
    /** Does the next entries of a job on many tickets. Repeating it does nothing twice. */
    serveTickets: (jobId: string) => alive(() => retryable(() => ticketJobs.serve(db, jobId))),
  };
}
