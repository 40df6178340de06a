// A private stack as `npm start` runs it, on free ports, with what a bench needs in it: events with many seats, buyers, and eyes on the processes.
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { type Kysely, sql } from 'kysely';
import { connect } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import type { DB } from '../db/tables.ts';
import { freePort } from '../deploy/local/ports.ts';
import { giveWay } from '../deploy/local/priority.ts';
import { ClearError, type Say, step } from '../deploy/local/say.ts';
import { type App, type Stack, startGateway, startStack, startWorker } from '../deploy/local/stack.ts';
import type { Oddity } from '../services/reports/verify.ts';
import { readCpu, readMemory } from './cpu.ts';
import type { Job, JobResult } from './load.ts';

export type Options = {
  seconds: number;
  rawSeconds: number;
  clients: number[] | undefined;
  /** The sizes of `rush`. */
  holds: number[] | undefined;
  /** Orders that `soak` begins in a second. */
  rate: number;
  drainSeconds: number;
  temporal: 'disk' | 'memory';
  /** Only the runs of `reads` with this in their name. */
  only: string | undefined;
  /** A folder for V8's CPU profiles of gateway and worker. */
  profile: string | undefined;
  /** A database to use in place of a fresh one, such as an earlier run of `search` has filled. */
  database: string | undefined;
  /** How many archived events `search` makes. */
  rows: number;
  /** More environment for gateway and worker, for trying settings. */
  env: Record<string, string>;
};

export type House = {
  options: Options;
  stack: Stack;
  gateway: App;
  worker: App;
  /** All that run, the two above first. */
  gateways: App[];
  workers: App[];
  db: Kysely<DB>;
  temporal: Connection;
  say: Say;
  /** What a bench does to its rows on purpose: the net leaves it out. */
  oddities: Oddity[];
  cpu(): ReturnType<typeof readCpu>;
  /** Starts or stops gateways and workers until there are so many of each. */
  scale(count: number): Promise<void>;
  /** Resident MB by process. */
  memory(): Record<string, number>;
  stop(): Promise<void>;
};

export type BenchEvent = { id: string; seats: string[]; seatsFile: string };

/** Starts everything. The data goes to a temporary folder that stop() removes. `started` hands out the stack as soon as there is one to stop. */
export async function startHouse(options: Options, say: Say, started: (stack: Stack) => void): Promise<House> {
  const given = options.database ? { DATABASE_URL: options.database } : undefined;
  const stack = await startStack({ say, temporalOnDisk: options.temporal === 'disk', env: given });
  started(stack);
  const db = connect({ url: stack.databaseUrl, max: 4, name: 'billetter-bench' });
  await step(say, 'database schema', () => migrate(db));
  // Tokens live longer than the longest bench; everything else is as `npm start` has it.
  const env = {
    RATE_LIMITS: 'off',
    TEST_ENDPOINTS: 'on',
    WEBHOOKS_PER_MINUTE: '1000000',
    ACCESS_TOKEN_SECONDS: '14400',
    ...options.env,
    ...profiling(options),
  };
  const [gateway, worker] = await Promise.all([
    step(say, 'gateway', () => startGateway(stack, env)),
    step(say, 'worker', () => startWorker(stack, env)),
  ]);
  const temporal = await Connection.connect({ address: stack.temporalAddress });
  const [gateways, workers] = [[gateway], [worker]];
  const roots = () => ({
    gateway: gateways.map((one) => one.pid),
    worker: workers.map((one) => one.pid),
    postgres: [stack.postgres.process?.pid],
    temporal: [stack.temporal.process.pid],
    'stand-in': [stack.stripe?.pid],
    mail: [stack.mail.pid],
  });
  return {
    options,
    stack,
    gateway,
    worker,
    gateways,
    workers,
    db,
    temporal,
    say,
    oddities: [],
    cpu: () => readCpu(roots()),
    memory: () => readMemory(roots()),
    async scale(count) {
      while (gateways.length < count) gateways.push(await startGateway(stack, { ...env, PORT: String(await freePort()) }));
      while (workers.length < count) workers.push(await startWorker(stack, env));
      await Promise.all([...gateways.splice(count), ...workers.splice(count)].map((app) => app.stop()));
    },
    async stop() {
      await temporal.close();
      await db.destroy();
      await stack.stop();
    },
  };
}

function profiling({ profile }: Options): Record<string, string> {
  if (!profile) return {};
  mkdirSync(profile, { recursive: true });
  return { NODE_OPTIONS: `--import ${new URL('profile.mjs', import.meta.url)}`, BENCH_PROFILE: profile };
}

/** Runs the work; with --profile, its time and nothing else is profiled. */
export async function profiled<T>({ options, gateway, worker }: House, work: () => Promise<T>): Promise<T> {
  const signal = () => {
    for (const { pid } of options.profile ? [gateway, worker] : []) if (pid) process.kill(pid, 'SIGUSR2');
  };
  signal();
  try {
    return await work();
  } finally {
    signal();
  }
}

/** Registers an organizer and `count` buyers over the API, a few at a time; returns their access tokens. */
export async function makePeople(house: House, count: number): Promise<{ organizer: string; buyers: string[] }> {
  return step(house.say, `${count} buyers`, async () => {
    const email = 'organizer@bench.test';
    const person = (address: string) => ({ email: address, password: 'BenchPass123!', full_name: 'Bench' });
    await call(house, 'POST', '/api/v1/auth/register', undefined, person(email));
    await sql`update accounts set role = 'organizer' where email = ${email}`.execute(house.db);
    const organizer = (await call(house, 'POST', '/api/v1/auth/login', undefined, person(email))).access_token as string;
    const buyers: string[] = [];
    for (let i = 0; i < count; i += 8) {
      const some = Array.from({ length: Math.min(8, count - i) }, (_, n) =>
        call(house, 'POST', '/api/v1/auth/register', undefined, person(`buyer${i + n}@bench.test`)),
      );
      for (const one of await Promise.all(some)) buyers.push(one.access_token);
    }
    return { organizer, buyers };
  });
}

/** Makes an event with at least so many seats over the API, holds of an hour (else no hold shall end within a run); its seats come in random order. */
export async function makeEvent(house: House, organizer: string, name: string, seats: number, holdSeconds = 3600): Promise<BenchEvent> {
  return step(house.say, `event "${name}" with ${seats} seats`, async () => {
    const venue = await house.db
      .insertInto('venues')
      .values({ name: 'Bench Arena', capacity: 250_000, layout_config: sql`'{}'` })
      .returning('id')
      .executeTakeFirstOrThrow();
    const day = 86_400_000;
    const { id } = await call(house, 'POST', '/api/v1/admin/events', organizer, {
      name,
      venue_id: venue.id,
      start_time: new Date(Date.now() + 30 * day).toISOString(),
      end_time: new Date(Date.now() + 31 * day).toISOString(),
      hold_seconds: holdSeconds,
      seat_configuration: { sections: [{ name: 'Floor', rows: Math.ceil(seats / 500), seats_per_row: 500, price: 50 }] },
    });
    return seatsOf(house, id);
  });
}

/** The event's seats as they are now. */
export async function seatsOf(house: House, eventId: string): Promise<BenchEvent> {
  const { rows } = await sql<{ id: string }>`select id from places where event_id = ${eventId}::uuid order by md5(id::text)`.execute(
    house.db,
  );
  const ids = rows.map((r) => r.id);
  const seatsFile = join(house.stack.dataDir, `seats-${eventId}.json`);
  writeFileSync(seatsFile, JSON.stringify(ids));
  return { id: eventId, seats: ids, seatsFile };
}

/** Same starting point for every run: no dead rows, fresh statistics, no checkpoint due. */
export async function settleDatabase({ db }: House): Promise<void> {
  await sql`vacuum analyze`.execute(db);
  await sql`checkpoint`.execute(db);
}

async function call(house: House, method: string, path: string, token: string | undefined, body: unknown): Promise<any> {
  const response = await fetch(`http://127.0.0.1:${house.stack.ports.gateway}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(120_000),
  });
  const answer = (await response.json()) as any;
  if (!response.ok) throw new ClearError(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer.data;
}

/** Runs one job in a load generator of its own, its clients spread over the gateways in turn. */
export function runLoad(job: Omit<Job, 'ports'>, gateways: { url: string }[]): Promise<JobResult> {
  const ports = gateways.map(({ url }) => Number(new URL(url).port));
  return inProcess<JobResult>('load.ts', { ...job, ports }, job.seconds + 60);
}

/** How a child program is run. */
export type Child = { givesWay?: boolean; until?: Promise<unknown> };

/**
 * Runs one of our child programs: one message in, one message out. Killed when it is not done in time. `givesWay`: it stands for computers
 * that are not this one, and takes nothing from what is measured. `until`: it is told to stop then.
 */
export function inProcess<Result>(
  file: string,
  message: object,
  limitSeconds: number,
  { givesWay = false, until }: Child = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: ['--import', 'tsx'], detached: givesWay });
    if (givesWay && child.pid) giveWay(child.pid, 'background');
    void until?.then(() => child.connected && child.send('stop'));
    const timer = setTimeout(() => child.kill('SIGKILL'), limitSeconds * 1000);
    child.once('message', (result) => resolve(result as Result));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new ClearError(`${file} ended without a result (${signal ?? `exit code ${code}`})`));
    });
    child.send(message);
  });
}
