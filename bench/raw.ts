// The raw limit: the claim's own statement, at the same Postgres, with no HTTP, no tokens and no workflows around it; and in turns with it, so
// that the machine's speed cancels, its bare writes (bareWrites.ts). pgbench drives both, else pg.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { plainStatement } from '../services/orders/claim/plain.ts';
import { bareWrites } from './bareWrites.ts';
import { cpuBetween } from './cpu.ts';
import { type BenchEvent, type House, inProcess } from './house.ts';
import { round, type Spread, spread } from './numbers.ts';

const run = promisify(execFile);

/** `cpu`: seconds by process. */
type Turn = { done: number; refused: number; perSecond: number; cpu: Record<string, number> };

export type RawResult = Spread & Turn & { clients: number; bare: Spread & Turn };

export type Raw = { how: string; run(clients: number): Promise<RawResult> };

/** What stands for a parameter that differs from call to call. */
const PLACE = '00000000-0000-4000-8000-00000000aaaa';
const ACCOUNT = '00000000-0000-4000-8000-00000000bbbb';
const BUYERS = 64;
/** How often bare writes and claims are measured, one after the other. */
const TURNS = 2;

/** Prepares an event whose seats have ids that can be computed from a number, and finds the driver. */
export async function prepareRaw(house: House, event: BenchEvent, maxPlaces: number): Promise<Raw> {
  const { db } = house;
  await sql`update places p set id = md5('place ' || r.n)::uuid
    from (select id, row_number() over () - 1 as n from places where event_id = ${event.id}::uuid) r where p.id = r.id`.execute(db);
  await sql`insert into accounts (id, email, password_hash)
    select md5('buyer ' || n)::uuid, 'raw' || n || '@bench.test', '' from generate_series(0, ${BUYERS - 1}::int) n`.execute(db);
  await sql`vacuum (full, analyze) places`.execute(db);

  const statements = {
    bare: bareWrites({ eventId: event.id, accountId: ACCOUNT, placeId: PLACE }),
    claim: plainStatement({
      accountId: ACCOUNT,
      eventId: event.id,
      places: [PLACE],
      offers: [],
      count: 1,
      terms: { holdSeconds: 300, maxPlaces },
    }),
  };
  const pgbench = await findPgbench();
  if (!pgbench)
    house.say(
      'pgbench not found: apt-get install postgresql-contrib (the raw limit is taken with a loop of the pg driver instead, which is slower)',
    );
  const size = event.seats.length;
  const seconds = Math.max(1, Math.round(house.options.rawSeconds / TURNS));
  let base = 0; // seats before this one have been asked for

  async function turn(kind: keyof typeof statements, clients: number): Promise<Turn & { times: number[]; seconds: number }> {
    const { sql: text, parameters } = statements[kind].compile(db);
    const work = { text, parameters, clients, base, size, seconds };
    const before = await count(house, event.id);
    const cpu = house.cpu();
    const { driverCpu, asked, ...driven } = pgbench
      ? await withPgbench(house, pgbench, work)
      : await inProcess<Driven>(
          'rawLoop.ts',
          { ...work, url: house.stack.databaseUrl, place: PLACE, account: ACCOUNT, buyers: BUYERS },
          seconds + 60,
        );
    base += asked;
    const claimed = (await count(house, event.id)) - before;
    return {
      ...driven,
      refused: driven.done - claimed,
      perSecond: claimed / driven.seconds,
      cpu: cpuBetween(cpu, house.cpu(), { driver: driverCpu }),
    };
  }

  return {
    how: pgbench
      ? `pgbench ${pgbench.version} -M prepared, the claim's statement`
      : "a loop of the pg driver (pgbench not found), the claim's statement",
    async run(clients) {
      await sql`checkpoint`.execute(db);
      // The relay must not start workflows for these orders, and the worker shall not compete: it is stopped, not ended, for this moment.
      process.kill(house.worker.pid!, 'SIGSTOP');
      try {
        const turns = { bare: [] as Awaited<ReturnType<typeof turn>>[], claim: [] as Awaited<ReturnType<typeof turn>>[] };
        for (let i = 0; i < TURNS; i++) for (const kind of ['bare', 'claim'] as const) turns[kind].push(await turn(kind, clients));
        return { clients, ...together(turns.claim), bare: together(turns.bare) };
      } finally {
        // So these orders never get workflows: nobody ends their holds, which the net would find.
        house.oddities.push({ id: event.id, checks: ['workflows', 'places/overdue'] });
        await sql`delete from outbox b using orders o where o.id = b.subject_id and o.event_id = ${event.id}::uuid`.execute(db);
        process.kill(house.worker.pid!, 'SIGCONT');
      }
    },
  };
}

/** Turns of one statement as one run. */
function together(turns: (Turn & { times: number[]; seconds: number })[]): Spread & Turn {
  const sum = (of: (one: (typeof turns)[number]) => number) => turns.reduce((total, one) => total + of(one), 0);
  const seconds = sum((one) => one.seconds);
  const cpu: Record<string, number> = {};
  for (const one of turns) for (const [name, spent] of Object.entries(one.cpu)) cpu[name] = round((cpu[name] ?? 0) + spent, 2);
  return {
    done: sum((one) => one.done),
    refused: sum((one) => one.refused),
    perSecond: round(sum((one) => one.perSecond * one.seconds) / seconds),
    cpu,
    ...spread(turns.flatMap((one) => one.times)),
  };
}

async function count({ db }: House, eventId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from orders where event_id = ${eventId}::uuid`.execute(db);
  return rows[0]!.n;
}

/** `asked`: how many of the seats from `base` on are used up. */
export type Driven = { done: number; seconds: number; times: number[]; driverCpu: number; asked: number };
type Work = { text: string; parameters: readonly unknown[]; clients: number; base: number; size: number; seconds: number };

async function withPgbench(house: House, pgbench: { path: string }, work: Work): Promise<Driven> {
  const { text, parameters, clients, base, size, seconds } = work;
  const dir = house.stack.dataDir;
  const script = join(dir, 'claim.pgbench');
  const logs = join(dir, `pgbench-${clients}-${base}`);
  // permute() gives every client another free seat each time, in random order, without one more round trip.
  const head = `\\set k :k + 1\n\\set n permute(:base + :k * ${clients} + :client_id, ${size}, 42)\n`;
  writeFileSync(script, `${head}${text.replace(/\$(\d+)/g, (_, i) => literal(parameters[Number(i) - 1]))};\n`);
  const { hostname, port, username, pathname } = new URL(house.stack.databaseUrl);
  const args = ['-n', '-M', 'prepared', '-f', script, '-T', String(seconds), '-c', String(clients), '-j', String(Math.min(2, clients))];
  args.push(
    '-D',
    'k=-1',
    '-D',
    `base=${base}`,
    '-l',
    `--log-prefix=${logs}`,
    '-h',
    hostname,
    '-p',
    port,
    '-U',
    username,
    pathname.slice(1),
  );
  const cpuBefore = childCpu();
  const { stdout } = await run(pgbench.path, args, { timeout: (seconds + 60) * 1000, cwd: dir });
  const times: number[] = [];
  let rounds = 0; // of the quickest client
  for (const name of readdirSync(dir)) {
    if (!join(dir, name).startsWith(`${logs}.`)) continue;
    for (const line of readFileSync(join(dir, name), 'utf8').split('\n')) {
      if (!line) continue;
      const [, nth, microseconds] = line.split(' ').map(Number);
      times.push(microseconds! / 1000);
      rounds = Math.max(rounds, nth!);
    }
    rmSync(join(dir, name));
  }
  const done = Number(/actually processed: (\d+)/.exec(stdout)?.[1] ?? 0);
  const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1] ?? 0);
  return { done, seconds: tps ? done / tps : seconds, times, driverCpu: childCpu() - cpuBefore, asked: (rounds + 2) * clients };
}

/** CPU seconds of this process' children that have ended: pgbench is one. */
function childCpu(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return 0;
  }
}

/** A parameter as SQL text; the seat and the buyer are computed from pgbench's variables. */
export function literal(value: unknown): string {
  if (value === PLACE) return `md5('place ' || :n::text)`;
  if (value === ACCOUNT) return `md5('buyer ' || (:client_id::int % ${BUYERS})::text)`;
  if (value === null) return 'null';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
}

/** pgbench on PATH or where Debian puts it; 14 or newer, for permute(). */
export async function findPgbench(): Promise<{ path: string; version: string } | undefined> {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const places = [...(process.env.PATH ?? '').split(delimiter), ...versions.map((v) => join(debian, v, 'bin'))];
  for (const path of places.map((dir) => join(dir, 'pgbench')).filter(existsSync)) {
    const version = await run(path, ['--version'], { timeout: 5000 }).then(
      ({ stdout }) => /(\d+)[.\d]*/.exec(stdout),
      () => null,
    );
    if (version && Number(version[1]) >= 14) return { path, version: version[0] };
  }
  return undefined;
}
