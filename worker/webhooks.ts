// Hands deliveries of webhooks to the engine, apart from the outbox: thousands of them may be announced at once, and money waits for none.
import type { WorkflowClient } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as webhooks from '../services/outbox/webhooks.ts';
import { startWebhook } from './announce.ts';

/** How many are taken, and how many of them are handed on at once: enough for some hundred a second, few beside what orders need of the engine. */
const BATCH = 64;
const IN_FLIGHT = 4;

/** Hands on one batch: call it again and again; it says whether there was anything. What Temporal does not take is handed on again after the lease. */
export function createWebhookStarts({ db, client, log }: { db: Kysely<DB>; client: WorkflowClient; log: Log }): () => Promise<boolean> {
  return async () => {
    const queue = await webhooks.take(db, BATCH);
    const some = queue.length > 0;
    const done: string[] = [];
    const lane = async () => {
      for (let delivery = queue.shift(); delivery; delivery = queue.shift()) {
        try {
          await startWebhook(client, delivery);
          done.push(delivery.id);
        } catch (err) {
          log.warn({ err, delivery: delivery.id }, 'webhooks: not handed on, tried again later');
        }
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    await webhooks.handedOn(db, done);
    return some;
  };
}
