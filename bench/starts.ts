// How far the workflow starts lag behind the claims: outbox rows not handed on yet, and how long until there are none.
import { randomUUID } from 'node:crypto';
import { WorkflowClient } from '@temporalio/client';
import { sql } from 'kysely';
import { sleep } from '../deploy/local/say.ts';
import { orderFirstStart, WORKFLOWS } from '../workflows/messages.ts';
import type { House } from './house.ts';
import { round } from './numbers.ts';

export type Lag = {
  /** At the end of the run. */
  rows: number;
  oldestSeconds: number;
  /** From the end of the run until the last row was gone; null: not within the limit. */
  drainedAfterSeconds: number | null;
  /** Starts per second while draining, with no sale going on. */
  perSecond: number | null;
  /** Rows still there when the waiting was given up. */
  left: number;
  /** From the end of the run until every workflow started had run its first step; null: not within the limit. */
  settledAfterSeconds: number | null;
};

const RAW_STARTS = 1_000;
const RAW_AT_ONCE = 12;
/** Longer than the bench: none of them ever has a task. */
const RAW_DELAY = '1 hour';

/** The engine's own limit: the same starts a second as the relay's of unpaid orders, put down by one client with nothing else going on. */
export async function rawStarts({ temporal }: House): Promise<number> {
  const client = new WorkflowClient({ connection: temporal });
  let left = RAW_STARTS;
  const began = performance.now();
  const one = async () => {
    while (left-- > 0) {
      const input = { orderId: randomUUID(), code: 'BENCH', event: 'bench', owner: randomUUID() };
      await client.start(WORKFLOWS.order, { ...orderFirstStart(input), taskQueue: 'bench-nobody', startDelay: RAW_DELAY });
    }
  };
  await Promise.all(Array.from({ length: RAW_AT_ONCE }, one));
  return round((RAW_STARTS * 1000) / (performance.now() - began));
}

/** Reads the lag now and waits, within the limit, until every start is made. */
export async function watchStarts(house: House): Promise<Lag> {
  const first = await waiting(house);
  const began = performance.now();
  const limit = house.options.drainSeconds * 1000;
  let now = first;
  let told = 0;
  while (now.rows > 0 && performance.now() - began < limit) {
    await sleep(200);
    now = await waiting(house);
    const seconds = Math.floor((performance.now() - began) / 10_000) * 10;
    if (seconds > told) {
      told = seconds;
      house.say(`  workflow starts: ${now.rows} of ${first.rows} still to make after ${seconds} s`);
    }
  }
  const took = (performance.now() - began) / 1000;
  let steps = await backlog(house);
  while (steps > 0 && performance.now() - began < limit) {
    await sleep(200);
    steps = await backlog(house);
  }
  return {
    rows: first.rows,
    oldestSeconds: round(first.seconds, 2),
    drainedAfterSeconds: now.rows ? null : round(took, 2),
    perSecond: first.rows > 50 ? round((first.rows - now.rows) / took) : null,
    left: now.rows,
    settledAfterSeconds: now.rows || steps ? null : round((performance.now() - began) / 1000, 2),
  };
}

/** Starts that wait now. */
export async function waitingStarts(house: House): Promise<Pick<Lag, 'rows' | 'oldestSeconds'>> {
  const { rows, seconds } = await waiting(house);
  return { rows, oldestSeconds: round(seconds, 2) };
}

async function waiting({ db }: House): Promise<{ rows: number; seconds: number }> {
  const { rows } = await sql<{ rows: number; seconds: number }>`
    select count(*)::int as rows, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as seconds
    from outbox where topic = 'order.created'`.execute(db);
  return rows[0]!;
}

/** Workflow tasks waiting on the orders queue, as Temporal estimates them. */
async function backlog({ temporal }: House): Promise<number> {
  try {
    const told = await temporal.withDeadline(Date.now() + 5000, () =>
      temporal.workflowService.describeTaskQueue({
        namespace: 'default',
        taskQueue: { name: 'orders' },
        taskQueueType: 1,
        reportStats: true,
      }),
    );
    return Number(told.stats?.approximateBacklogCount ?? 0);
  } catch {
    return 0; // an older server does not say
  }
}
