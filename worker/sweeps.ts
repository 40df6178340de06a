// What a relay does every half minute beside the outbox: takes away what is over, and looks for what nobody has seen to.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as sessions from '../services/accounts/sessions.ts';
import * as tokens from '../services/accounts/tokens.ts';
import * as notices from '../services/events/eventNotices.ts';
import * as ticketJobs from '../services/events/ticketJobRounds.ts';
import * as external from '../services/external/events.ts';
import { sweep } from '../services/orders/sweep.ts';
import * as webhooks from '../services/outbox/webhooks.ts';
import * as attempts from '../services/payments/attempts.ts';
import { retryFailed } from '../services/payments/refundRetries.ts';
import * as idempotency from '../services/shared/idempotency.ts';

type Work<Result> = (db: Kysely<DB>) => Promise<Result>;

/** Takes away what is over, and tries again what the bank has refused. */
export const TIDYING: Record<string, Work<unknown>> = {
  sessions: sessions.prune,
  tokens: tokens.prune,
  'idempotency keys': idempotency.prune,
  attempts: attempts.prune,
  webhooks: webhooks.prune,
  'ticket jobs': ticketJobs.prune,
  'failed refunds': retryFailed,
};

/** Announces again what nobody has seen to, and tells how much that was: nothing, in a healthy system. */
export const SWEEPS: Record<string, Work<number>> = {
  orders: sweep,
  notices: notices.sweep,
  webhooks: webhooks.sweep,
  'ticket jobs': ticketJobs.sweep,
  'external events': external.sweep,
};

/** All of it, one after the other: at once they would open a connection each, which costs an idle system more than everything else it does. */
export async function sweepAll({ db, log }: { db: Kysely<DB>; log: Log }): Promise<void> {
  for (const tidy of Object.values(TIDYING)) await tidy(db);

  let found = 0;
  for (const look of Object.values(SWEEPS)) found += await look(db);
  if (found) log.warn({ found }, 'sweep: orders, notices, webhooks, jobs or external events nobody had seen to were announced again');
}
