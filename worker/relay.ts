// The outbox relay: hands committed announcements to Temporal, at least once. Several relays may run; each row is leased to one.
import { type WorkflowClient, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as notices from '../services/eventNotices.ts';
import * as idempotency from '../services/idempotency.ts';
import { orderCode, sweep } from '../services/orders.ts';
import * as outbox from '../services/outbox.ts';
import * as sessions from '../services/sessions.ts';
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

/** How often an idle relay looks. The claim does no NOTIFY (it would serialise commits), so this is the wait of a mail or a webhook's signal. */
const IDLE_MS = 100;
/** How often orders are looked for that somebody should have seen to. A safety net: in a healthy system it finds nothing. */
const SWEEP_MS = 30_000;
const BATCH = 64;
/** Starts in flight at once: enough to keep Temporal busy, few enough to leave the sale its share of the machine. */
const IN_FLIGHT = 8;

export type Relay = { stop(): Promise<void> };

/** Starts relaying; stop() finishes the batch in hand. A Temporal outage only makes rows wait. */
export function startRelay({ db, client, log }: { db: Kysely<DB>; client: WorkflowClient; log: Log }): Relay {
  let running = true;
  let swept = Date.now();
  const loop = (async () => {
    while (running) {
      let taken = 0;
      try {
        if (Date.now() - swept > SWEEP_MS) {
          swept = Date.now();
          await Promise.all([sessions.prune(db), idempotency.prune(db)]);
          const found = (await sweep(db)) + (await notices.sweep(db));
          if (found) log.warn({ found }, 'sweep: orders or notices nobody had seen to were announced again');
        }
        const batch = await outbox.take(db, BATCH);
        taken = batch.length;
        await handOn({ db, client, log }, batch);
      } catch (error) {
        log.error({ err: error }, 'outbox relay: cannot read the outbox');
        taken = 0;
      }
      if (taken < BATCH && running) await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
    },
  };
}

async function handOn({ db, client, log }: { db: Kysely<DB>; client: WorkflowClient; log: Log }, batch: outbox.OutboxRow[]): Promise<void> {
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
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  await outbox.done(db, done);
}

/** What each topic means to Temporal. The subject's id is the workflow's id, so handing a row on twice is harmless. */
async function announce(client: WorkflowClient, row: outbox.OutboxRow): Promise<void> {
  if (row.topic === 'mail') {
    await client.start(WORKFLOWS.mail, mailStart(row.subject_id, (row.payload as { order: string }).order));
    return;
  }
  if (row.topic === 'sms') {
    await client.start(WORKFLOWS.sms, smsStart(row.subject_id, (row.payload as { order: string }).order));
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
