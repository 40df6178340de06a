// Starts the workflows of orders nobody has paid yet: a few at a time, and behind everything that is urgent.
// Nothing depends on their being early: a hold ends in SQL by itself, and a payment starts the workflow of its order at once.
//
// Such a start is only put down at the engine, which makes its first task when the hold ends or when it is woken. That costs the engine a third of
// a start that runs at once, and the worker nothing. What already needs something (a payment is open, a mail is owed) runs at once.
import type { WorkflowClient } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as orders from '../services/orders/orders.ts';
import * as outbox from '../services/outbox/outbox.ts';
import { startUnpaid } from './announce.ts';
import { createHoldEnds } from './holdEnds.ts';

/** So many starts at once, and so many that run at once and have not run: enough to keep one worker busy, and what a payment may find before it. */
const ROOM = 12;
/** While somebody pays, or a rush of claims wants the machine for itself: so many a look, ten times a second. */
const ROOM_WHILE_BUSY = 2;
/** More new orders in a second than this are a rush. */
const RUSH = 50;

type Parts = { db: Kysely<DB>; client: WorkflowClient; log: Log };

/** Makes a round of starts: call it again and again; it says whether more should follow at once. */
export function createStarts({ db, client, log }: Parts): () => Promise<boolean> {
  /** Handed to the engine to run at once, and when we last looked not run yet. Their rows go when they have (firstLooks.ts). */
  let unrun: string[] = [];
  const lateBy = createHoldEnds();

  /** @returns the row's id, where it is done with. */
  async function start(row: outbox.OutboxRow<'order.created'>, order: orders.StillWaiting): Promise<string | undefined> {
    const lateMs = lateBy(Date.now() + order.endsInMs);
    try {
      if (!(await startUnpaid(client, row, { ...order, lateMs })) || order.quiet) return row.id;
      unrun.push(row.id);
    } catch (err) {
      log.warn({ err, subject: row.subject_id, attempts: row.attempts }, 'outbox relay: workflow not started, tried again later');
      await outbox.failed(db, row.id, String(err));
    }
    return undefined;
  }

  return async () => {
    const traffic = await outbox.traffic(db, unrun);
    unrun = traffic.unrun;
    const busy = traffic.paying > 0 || traffic.newOrders > RUSH;
    const room = busy ? ROOM_WHILE_BUSY : ROOM;
    if (unrun.length >= room) return false;
    const rows = await outbox.take(db, 'starts', room - unrun.length);
    const waiting = await orders.stillWaiting(
      db,
      rows.map((row) => row.subject_id),
    );
    const started = rows.map((row) => {
      const order = waiting.get(row.subject_id);
      return order ? start(row, order) : row.id;
    });
    await outbox.done(
      db,
      (await Promise.all(started)).filter((id) => id !== undefined),
    );
    return rows.length > 0 && !busy;
  };
}
