// The outbox relay: hands committed announcements to Temporal, at least once. Several relays may run; each row is leased to one.
import { type WorkflowClient, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as notices from '../services/eventNotices.ts';
import * as idempotency from '../services/idempotency.ts';
import { orderCode, pendingOf } from '../services/orders.ts';
import * as outbox from '../services/outbox.ts';
import * as sessions from '../services/sessions.ts';
import { sweep } from '../services/sweep.ts';
import {
  CHANGED,
  eventNoticeStart,
  mailStart,
  orderFirstStart,
  orderStart,
  smsStart,
  WORKFLOWS,
  waitlistStart,
} from '../workflows/messages.ts';

/** How often an idle relay looks. The claim does no NOTIFY (it would serialise commits), so this is the wait of a webhook's signal. */
const IDLE_MS = 100;
/** How often orders are looked for that somebody should have seen to. A safety net: in a healthy system it finds nothing. */
const SWEEP_MS = 30_000;
/** How many rows are taken and handed on at once: enough to keep Temporal busy. */
const REST = { batch: 64, inFlight: 8, idleMs: IDLE_MS };
/**
 * Starts of new orders are in no hurry (their hold ends in SQL by itself, and a payment starts them too): while more than so many orders
 * are made in a second they are started one after the other, and the sale has the rest of the machine.
 */
const STARTS = { batch: 16, inFlight: 8, rush: 50, idleMs: 500 };

type Parts = { db: Kysely<DB>; client: WorkflowClient; log: Log };
export type Relay = { stop(): Promise<void> };

/** Starts relaying; stop() finishes the batches in hand. A Temporal outage only makes rows wait. */
export function startRelay(parts: Parts): Relay {
  const { db, log } = parts;
  let running = true;
  let swept = Date.now();

  async function loop(idleMs: number, work: () => Promise<boolean>): Promise<void> {
    while (running) {
      const more = await work().catch((error) => {
        log.error({ err: error }, 'outbox relay: cannot read the outbox');
        return false;
      });
      if (!more && running) await new Promise((resolve) => setTimeout(resolve, idleMs));
    }
  }
  const rest = loop(REST.idleMs, async () => {
    if (Date.now() - swept > SWEEP_MS) {
      swept = Date.now();
      await Promise.all([sessions.prune(db), idempotency.prune(db)]);
      const found = (await sweep(db)) + (await notices.sweep(db));
      if (found) log.warn({ found }, 'sweep: orders or notices nobody had seen to were announced again');
    }
    const rows = await outbox.take(db, 'rest', REST.batch);
    await handOn(parts, rows, REST.inFlight);
    return rows.length === REST.batch;
  });
  const starts = loop(STARTS.idleMs, async () => {
    const rush = (await outbox.newOrders(db)) > STARTS.rush;
    const rows = await outbox.take(db, 'starts', STARTS.batch);
    await handOn(parts, await unstarted(db, rows), rush ? 1 : STARTS.inFlight);
    return rows.length === STARTS.batch;
  });
  return {
    async stop() {
      running = false;
      await Promise.all([rest, starts]);
    },
  };
}

/** Drops the starts of orders that are paid or ended already: what ended them was their workflow, or has woken it. */
async function unstarted(db: Kysely<DB>, rows: outbox.OutboxRow[]): Promise<outbox.OutboxRow[]> {
  const ids = rows.map((row) => row.subject_id);
  const pending = await pendingOf(db, ids);
  const over = rows.filter((row) => !pending.has(row.subject_id)).map((row) => row.id);
  await outbox.done(db, over);
  return rows.filter((row) => pending.has(row.subject_id));
}

async function handOn({ db, client, log }: Parts, batch: outbox.OutboxRow[], lanes: number): Promise<void> {
  const queue = [...batch];
  const done: string[] = [];
  const lane = async () => {
    for (let row = queue.shift(); row; row = queue.shift()) {
      try {
        await announce(client, row);
        done.push(row.id);
      } catch (error) {
        log.warn(
          { err: error, topic: row.topic, subject: row.subject_id, attempts: row.attempts },
          'outbox relay: not handed on, tried again later',
        );
        await outbox.failed(db, row.id, String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  await outbox.done(db, done);
}

/** What each topic means to Temporal. The subject's id is the workflow's id, so handing a row on twice is harmless. */
async function announce(client: WorkflowClient, row: outbox.OutboxRow): Promise<void> {
  if (row.topic === 'sms') {
    await client.start(WORKFLOWS.sms, smsStart(row.subject_id, (row.payload as { order: string | null }).order));
    return;
  }
  if (row.topic === 'mail') {
    await client.start(WORKFLOWS.mail, mailStart(row.subject_id));
    return;
  }
  if (row.topic === 'event.notice') {
    const { event } = row.payload as { event: string };
    await client.signalWithStart(WORKFLOWS.eventNotice, { ...eventNoticeStart(row.subject_id, event), signal: CHANGED, signalArgs: [] });
    return;
  }
  if (row.topic === 'places.freed' || row.topic === 'waitlist.joined') {
    await client.signalWithStart(WORKFLOWS.waitlist, { ...waitlistStart(row.subject_id), signal: CHANGED, signalArgs: [] });
    return;
  }
  const subject = row.payload as outbox.OrderSubject;
  const input = {
    orderId: row.subject_id,
    code: orderCode({ number: subject.number, created_at: new Date(subject.createdAt) }),
    event: subject.event,
    owner: subject.owner,
  };
  if (row.topic === 'order.created')
    await client.start(WORKFLOWS.order, orderFirstStart(input)).catch((error) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error; // started and ended already: nothing to do
    });
  else {
    const { workflowIdConflictPolicy: _, ...options } = orderStart(input);
    await client.signalWithStart(WORKFLOWS.order, { ...options, signal: CHANGED, signalArgs: [] });
  }
}
