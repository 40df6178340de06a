// The outbox relay: hands committed announcements to Temporal, at least once. Several relays may run; each row is leased to one.
import type { WorkflowClient } from '@temporalio/client';
import type { Kysely } from 'kysely';
import { meaning } from '../db/sqlstate.ts';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as sessions from '../services/accounts/sessions.ts';
import * as tokens from '../services/accounts/tokens.ts';
import * as notices from '../services/events/eventNotices.ts';
import * as ticketJobs from '../services/events/ticketJobRounds.ts';
import * as external from '../services/external/events.ts';
import { sweep } from '../services/orders/sweep.ts';
import * as outbox from '../services/outbox/outbox.ts';
import * as webhooks from '../services/outbox/webhooks.ts';
import * as attempts from '../services/payments/attempts.ts';
import { retryFailed } from '../services/payments/refundRetries.ts';
import * as idempotency from '../services/shared/idempotency.ts';
import { announce } from './announce.ts';
import { createStarts } from './starts.ts';
import { createWebhookStarts } from './webhooks.ts';

/** How often an idle relay looks. The claim does no NOTIFY (it would serialise commits), so this is the wait of a webhook's signal. */
const IDLE_MS = 100;
/** How long the relay lets the database alone that cannot answer. */
const TROUBLE_MS = 1_000;
/** How often the starts look whether there is room for more. */
const STARTS_IDLE_MS = 100;
/** How often the webhooks do, and so how long the room of an endpoint may stay empty. */
const WEBHOOKS_IDLE_MS = 100;
/** How often orders are looked for that somebody should have seen to. A safety net: in a healthy system it finds nothing. */
const SWEEP_MS = 30_000;
/** How many rows are taken and handed on at once: enough to keep Temporal busy. */
const BATCH = 64;
const IN_FLIGHT = 8;

type Parts = { db: Kysely<DB>; client: WorkflowClient; log: Log };
export type Relay = { stop(): Promise<void> };

/** Starts relaying; stop() finishes the batches in hand. A Temporal outage only makes rows wait. */
export function startRelay(parts: Parts): Relay {
  const { db, log } = parts;
  let running = true;
  let swept = Date.now();

  async function loop(idleMs: number, work: () => Promise<boolean>): Promise<void> {
    while (running) {
      let pause = 0;
      try {
        if (!(await work())) pause = idleMs;
      } catch (error) {
        // What passes by itself is one line without a stack: it comes every second until it has passed.
        if (meaning(error)) log.warn({ reason: String(error) }, 'outbox relay: the database cannot hand out the outbox, tried again');
        else log.error({ err: error }, 'outbox relay: cannot read the outbox');
        pause = TROUBLE_MS;
      }
      if (pause && running) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  const rest = loop(IDLE_MS, async () => {
    if (Date.now() - swept > SWEEP_MS) {
      swept = Date.now();
      await Promise.all([
        sessions.prune(db),
        tokens.prune(db),
        idempotency.prune(db),
        attempts.prune(db),
        retryFailed(db),
        webhooks.prune(db),
        ticketJobs.prune(db),
      ]);
      const found =
        (await sweep(db)) +
        (await notices.sweep(db)) +
        (await webhooks.sweep(db)) +
        (await ticketJobs.sweep(db)) +
        (await external.sweep(db));
      if (found) log.warn({ found }, 'sweep: orders, notices, webhooks, jobs or external events nobody had seen to were announced again');
    }
    const rows = await outbox.take(db, 'rest', BATCH);
    await handOn(parts, rows);
    return rows.length === BATCH;
  });
  const starts = loop(STARTS_IDLE_MS, createStarts(parts));
  const hooks = loop(WEBHOOKS_IDLE_MS, createWebhookStarts(parts));
  return {
    async stop() {
      running = false;
      await Promise.all([rest, starts, hooks]);
    },
  };
}

/** Hands rows on, captured money first, a few at a time. */
async function handOn({ db, client, log }: Parts, rows: outbox.OutboxRow<outbox.Lane['rest']>[]): Promise<void> {
  const urgent = (row: outbox.OutboxRow) => Number(row.topic === 'order.paid');
  const queue = [...rows].sort((a, b) => urgent(b) - urgent(a));
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
