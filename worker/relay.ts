// The outbox relay: hands committed announcements to Temporal, at least once. Several relays may run; each row is leased to one.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowClient } from '@temporalio/client';
import type { Kysely } from 'kysely';
import { meaning } from '../db/sqlstate.ts';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import { due } from '../services/outbox/due.ts';
import * as outbox from '../services/outbox/outbox.ts';
import { announce } from './announce.ts';
import { type Bell, createBell } from './bell.ts';
import { createStarts } from './starts.ts';
import { sweepAll } from './sweeps.ts';
import { createWebhookStarts } from './webhooks.ts';

/**
 * How often the relay looks whether anything is due, and so what a webhook's signal waits for at most, how long the room of an endpoint stays
 * empty, and how often the starts look for room. The claim does no NOTIFY: it would serialise commits.
 */
const LOOK_MS = 100;
/** How long the relay lets the database alone that cannot answer. */
const TROUBLE_MS = 1_000;
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

  /** Works whenever the bell has rung, until there is nothing more to do. */
  async function lane(bell: Bell, work: () => Promise<boolean>): Promise<void> {
    for (let more = false; running; ) {
      if (!more) await bell.rung();
      if (running) more = await tried(work);
    }
  }

  /** Works again and again, a pause before each time. */
  async function loop(bell: Bell, ms: number, work: () => Promise<unknown>): Promise<void> {
    while (running) {
      await bell.rung(ms);
      if (running) await tried(work);
    }
  }

  async function tried<T>(work: () => Promise<T>): Promise<T | false> {
    try {
      return await work();
    } catch (error) {
      // What passes by itself is one line without a stack: it comes every second until it has passed.
      if (meaning(error)) log.warn({ reason: String(error) }, 'outbox relay: the database cannot hand out the outbox, tried again');
      else log.error({ err: error }, 'outbox relay: cannot read the outbox');
      await sleep(TROUBLE_MS);
      return false;
    }
  }

  const bells = { rest: createBell(), starts: createBell(), webhooks: createBell(), look: createBell(), sweep: createBell() };
  const loops = [
    lane(bells.rest, async () => {
      const rows = await outbox.take(db, 'rest', BATCH);
      await handOn(parts, rows);
      return rows.length === BATCH;
    }),
    lane(bells.starts, createStarts(parts)),
    lane(bells.webhooks, createWebhookStarts(parts)),
    loop(bells.look, LOOK_MS, async () => {
      const found = await due(db);
      for (const name of ['rest', 'starts', 'webhooks'] as const) if (found[name]) bells[name].ring();
    }),
    loop(bells.sweep, SWEEP_MS, () => sweepAll(parts)),
  ];
  return {
    async stop() {
      running = false;
      for (const bell of Object.values(bells)) bell.ring();
      await Promise.all(loops);
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
