// Starts the workflows of orders nobody has paid yet: no faster than the engine runs them, and behind everything that is urgent.
// Nothing depends on their being early: a hold ends in SQL by itself, and a payment starts the workflow of its order at once.
import type { WorkflowClient } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as orders from '../services/orders/orders.ts';
import * as outbox from '../services/outbox/outbox.ts';
import { startUnpaid } from './announce.ts';

/** So many starts are with the engine at most and have not run: enough to keep one worker busy, and what a payment may find before it. */
const ROOM = 12;
/** While somebody pays, or a rush of claims wants the machine for itself. */
const ROOM_WHILE_BUSY = 2;
/** More new orders in a second than this are a rush. */
const RUSH = 50;

type Parts = { db: Kysely<DB>; client: WorkflowClient; log: Log };

/** Makes a round of starts: call it again and again; it says whether it made any. */
export function createStarts({ db, client, log }: Parts): () => Promise<boolean> {
  /** Handed to the engine by us, and when we last looked not run yet. Their rows go when they have (firstLooks.ts). */
  let unrun: string[] = [];

  async function start(row: outbox.OutboxRow<'order.created'>): Promise<void> {
    const lateMs = Math.max(0, Date.now() - row.created_at.getTime() - outbox.START_GRACE_SECONDS * 1000);
    try {
      if (await startUnpaid(client, row, lateMs)) unrun.push(row.id);
      else await outbox.done(db, [row.id]);
    } catch (err) {
      log.warn({ err, subject: row.subject_id, attempts: row.attempts }, 'outbox relay: workflow not started, tried again later');
      await outbox.failed(db, row.id, String(err));
    }
  }

  return async () => {
    const traffic = await outbox.traffic(db, unrun);
    unrun = traffic.unrun;
    const room = traffic.paying || traffic.newOrders > RUSH ? ROOM_WHILE_BUSY : ROOM;
    if (unrun.length >= room) return false;
    const rows = await outbox.take(db, 'starts', room - unrun.length);
    const waiting = await orders.stillWaiting(
      db,
      rows.map((row) => row.subject_id),
    );
    await outbox.done(
      db,
      rows.filter((row) => !waiting.has(row.subject_id)).map((row) => row.id),
    );
    await Promise.all(rows.filter((row) => waiting.has(row.subject_id)).map(start));
    return rows.length > 0;
  };
}
