// bench/idle: what a stack costs that has nothing to do, after it has been used once, so that whatever begins at first use is there.
import { sql } from 'kysely';
import { sleep } from '../deploy/local/say.ts';
import { cpuBetween } from './cpu.ts';
import { type House, makeEvent, makePeople, runLoad } from './house.ts';
import { round, table } from './numbers.ts';

export type IdleReport = {
  seconds: number;
  /** Percent of a core by process; `ours`: what the target is about. */
  percent: Record<string, number>;
  ours: number;
  /** A second. Statements of ours end a transaction each; requests are those that Temporal's frontend was sent. */
  statements: number;
  requests: { all: number; most: [operation: string, perSecond: number][] };
  /** MB. */
  memory: Record<string, number>;
  faults: string[];
};

const OURS = ['gateway', 'worker', 'temporal', 'postgres'];
const TARGET_PERCENT = 5;
/** Few enough for the rate limits, which are on as at `npm start`. */
const ORDERS = 10;
/** Long beside everything that passes by itself: grace of starts, look-arounds after a start, garbage. */
const QUIET_SECONDS = 45;
const MEASURED_SECONDS = 60;

/** Runs the bench. */
export async function benchIdle(house: House): Promise<IdleReport> {
  const { buyers, organizer } = await makePeople(house, 4);
  const event = await makeEvent(house, organizer, 'Bench: idle', 1_000);
  const job = { kind: 'orders' as const, clients: 2, seconds: 60, maxRequests: ORDERS, eventId: event.id, tokens: buyers };
  const used = await runLoad({ ...job, seats: event.seatsFile, from: 0 }, house.gateways);

  house.say(`${used.done} orders were made; ${QUIET_SECONDS} s of quiet, then ${MEASURED_SECONDS} s measured`);
  await sleep(QUIET_SECONDS * 1000);
  const before = await read(house);
  await sleep(MEASURED_SECONDS * 1000);
  const after = await read(house);

  const seconds = (after.at - before.at) / 1000;
  const share = (s: number) => round((s / seconds) * 100, 2);
  const percent = Object.fromEntries(Object.entries(cpuBetween(before.cpu, after.cpu)).map(([name, s]) => [name, share(s)]));
  const ran = Object.entries(after.requests)
    .map(([name, n]) => [name, round((n - (before.requests[name] ?? 0)) / seconds, 2)] as [string, number])
    .sort((a, b) => b[1] - a[1]);
  return {
    seconds: round(seconds),
    percent,
    ours: round(
      OURS.reduce((sum, name) => sum + (percent[name] ?? 0), 0),
      1,
    ),
    statements: round((after.transactions - before.transactions) / seconds),
    requests: { all: round(ran.reduce((sum, [, n]) => sum + n, 0)), most: ran.slice(0, 5) },
    memory: house.memory(),
    faults: used.done === job.maxRequests ? [] : [`${used.done} orders of ${job.maxRequests} were made: ${JSON.stringify(used.statuses)}`],
  };
}

async function read(house: House) {
  const { rows } = await sql<{
    n: number;
  }>`select xact_commit + xact_rollback as n from pg_stat_database where datname = current_database()`.execute(house.db);
  return { at: performance.now(), cpu: house.cpu(), transactions: rows[0]!.n, requests: await requests(house) };
}

/** How many requests Temporal's frontend has been sent so far, by operation. */
async function requests({ stack }: House): Promise<Record<string, number>> {
  const text = await fetch(stack.temporal.metricsUrl).then((r) => r.text());
  const found: Record<string, number> = {};
  for (const [, labels, n] of text.matchAll(/^service_requests\{(.*)\} (\S+)$/gm)) {
    const operation = /service_name="frontend"/.test(labels!) && /operation="([^"]+)"/.exec(labels!)?.[1];
    if (operation) found[operation] = (found[operation] ?? 0) + Number(n);
  }
  return found;
}

/** The result for people. */
export function idleReport(r: IdleReport): string {
  const parts = [...OURS, 'stand-in', 'mail', 'others'];
  return [
    `Idle: percent of a core over ${r.seconds} s, after ${ORDERS} orders and ${QUIET_SECONDS} s of quiet`,
    table(
      ['', ...parts],
      [
        ['CPU %', ...parts.map((name) => r.percent[name] ?? 0)],
        ['RSS, MB', ...parts.map((name) => r.memory[name] ?? '')],
      ],
    ),
    `  transactions in Postgres: ${r.statements} a second; requests to Temporal: ${r.requests.all} a second (${r.requests.most.map(([name, n]) => `${name} ${n}`).join(', ')})`,
    `  target gateway, worker, Temporal and Postgres <= ${TARGET_PERCENT} % of a core in all: ${r.ours} (${r.ours <= TARGET_PERCENT ? 'met' : 'NOT met'})`,
    ...r.faults.map((fault) => `  FAULT: ${fault}`),
  ].join('\n');
}
