// bench/search: full-text search over 6,000,000 archived and 10,000 active events beside its own statements in pgbench, and how fast they are imported.
import { createReadStream, createWriteStream, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { from } from 'pg-copy-streams';
import { connectAlone } from '../db/connect.ts';
import type { DB } from '../db/tables.ts';
import { users } from '../services/accounts/importUsers.ts';
import { archive } from '../services/events/importArchive.ts';
import { events } from '../services/events/importEvents.ts';
import { findEvents, type Search } from '../services/events/search.ts';
import { type Copy, type Kind, runImport } from '../services/shared/imports.ts';
import { archiveLines, eventLines, SEARCHES, userLines } from './archiveLines.ts';
import type { House } from './house.ts';
import { round, type Spread, table } from './numbers.ts';
import { line, pgbench } from './pgbench.ts';
import { measure, type ReadRun } from './reads.ts';

type ImportRun = {
  what: string;
  lines: number;
  mb: number;
  seconds: number;
  perSecond: number;
  raw: { seconds: number; perSecond: number };
};
type SearchRun = { what: string; runs: ReadRun[]; raw: Spread & { perSecond: number }; statements: number };

export type SearchResult = { rows: number; imports: ImportRun[]; searches: SearchRun[]; faults: string[] };

const ACTIVE = 10_000;
const PEOPLE = 1_000_000;
/** Archived events have their ids after the active ones'. */
const FIRST_ARCHIVED = 1_000_000;
const CLIENTS = [16, 64];
const RAW_CLIENTS = 16;
/** So many different requests of a kind: none of them is asked for again while its answer is kept. */
const VARIANTS = 6_000;
const RAW_SCRIPTS = 40;

/** A variant of a text that says the same: blanks count for the memory of answers, and for nothing else. */
const spaced = (text: string, n: number) => `${' '.repeat(n % 80)}${text}${' '.repeat(Math.floor(n / 80))}`;

const day = (n: number) => new Date(Date.UTC(2015, 0, 1) + ((n * 37) % 3_650) * 86_400_000).toISOString().slice(0, 10);

/** What is searched, and whether the bench asks for each variant once or for one and the same again and again. */
const KINDS: { what: string; ask(n: number): Omit<Search, 'page' | 'pageSize'> & { page?: number }; hot?: true }[] = [
  { what: 'one hot query', hot: true, ask: () => ({ query: SEARCHES.common }) },
  { what: 'a rare word, each another', ask: (n) => ({ query: SEARCHES.rare(n * 13) }) },
  { what: 'no match', ask: (n) => ({ query: `${SEARCHES.none}${n}` }) },
  { what: 'a common word', ask: (n) => ({ query: spaced(SEARCHES.common, n) }) },
  { what: 'a word of every second row', ask: (n) => ({ query: spaced(SEARCHES.half, n) }) },
  { what: 'two common words', ask: (n) => ({ query: spaced(SEARCHES.two, n) }) },
  { what: 'a common word and a day', ask: (n) => ({ query: spaced(SEARCHES.common, n), date: day(n) }) },
  { what: 'a day', ask: (n) => ({ query: spaced('', n), date: day(n) }) },
  { what: 'no filter', ask: (n) => ({ query: spaced('', n) }) },
  { what: 'no filter, page 500', ask: (n) => ({ query: spaced('', n), page: 500 }) },
  { what: 'a common word, page 500', ask: (n) => ({ query: spaced(SEARCHES.common, n), page: 500 }) },
  { what: 'worst: common, in one old year', ask: (n) => ({ query: spaced(SEARCHES.ofOneYear, n) }) },
  { what: 'worst: common, never together', ask: (n) => ({ query: spaced(SEARCHES.apart, n) }) },
];

/** Runs the bench. With `--database` a database that has its archive is searched as it is. */
export async function benchSearch(house: House): Promise<SearchResult> {
  const { say, options } = house;
  const result: SearchResult = { rows: 0, imports: await fill(house), searches: [], faults: [] };
  const { rows } = await sql<{ n: number }>`select coalesce(sum(events), 0)::int as n from archived_months`.execute(house.db);
  result.rows = rows[0]!.n;

  for (const { what, ask, hot } of KINDS) {
    if (options.only && !what.includes(options.only)) continue;
    const paths = Array.from({ length: hot ? 1 : VARIANTS }, (_, n) => pathOf(ask(n)));
    await measure(house, `${what}: warm up`, { paths, seconds: 2 });
    const runs: ReadRun[] = [];
    for (const clients of CLIENTS) runs.push(await measure(house, `${what}, ${clients} clients`, { paths, clients }));
    say(`${what}: its statements in pgbench`);
    const scripts: CompiledQuery[][] = [];
    for (let n = 0; n < (hot ? 1 : RAW_SCRIPTS); n++) scripts.push(await statementsOf(house, { page: 1, pageSize: 20, ...ask(n) }));
    const raw = await pgbench(
      house,
      scripts.map((some) => some.map(line).join('\n')),
      RAW_CLIENTS,
    );
    result.searches.push({ what, runs, raw, statements: scripts[0]!.length });
    for (const run of runs)
      if (Object.keys(run.statuses).some((status) => status !== '200')) result.faults.push(`${what}: ${JSON.stringify(run.statuses)}`);
  }
  return result;
}

const pathOf = ({ query = '', date = '', page = 1 }: ReturnType<(typeof KINDS)[number]['ask']>) =>
  `/api/events?${new URLSearchParams({ ...(query && { query }), ...(date && { date }), ...(page > 1 && { page: String(page) }) })}`;

/** The statements of a search, as it asks them. */
async function statementsOf({ stack }: House, search: Search): Promise<CompiledQuery[]> {
  const asked: CompiledQuery[] = [];
  const pool = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
  const watched = new Kysely<DB>({ dialect: new PostgresDialect({ pool }), log: (event) => void asked.push(event.query) });
  await findEvents(watched, search);
  await watched.destroy();
  return asked;
}

/** Imports what is not there yet, each file beside raw COPY of the same lines into a table without indexes. */
async function fill(house: House): Promise<ImportRun[]> {
  const { rows } = await sql<{ there: boolean }>`select exists (select from archived_months) as there`.execute(house.db);
  if (rows[0]!.there) return [];
  const { rows: lines } = house.options;
  const runs = [
    await imported(house, 'users', users, PEOPLE, userLines(PEOPLE)),
    await imported(house, 'active events', events, ACTIVE, eventLines(ACTIVE)),
    await imported(house, 'archived events', archive, lines, archiveLines(lines, FIRST_ARCHIVED)),
  ];
  await sql`vacuum analyze events, accounts`.execute(house.db);
  return runs;
}

async function imported({ stack, say }: House, what: string, kind: Kind, lines: number, pieces: Iterable<string>): Promise<ImportRun> {
  say(`${lines} ${what}: a file of them`);
  const path = join(stack.dataDir, `${kind.name}.csv`);
  await pipeline(Readable.from(pieces), createWriteStream(path));
  const { db, client } = await connectAlone({ url: stack.databaseUrl, name: 'billetter-import' });
  const copy: Copy = (name, columns, bytes) =>
    pipeline(Readable.from([bytes]), client.query(from(`copy ${name} (${columns.join(', ')}) from stdin`)));
  try {
    say(`${what}: raw COPY`);
    const raw = await rawCopy(client, path);
    say(`${what}: the import`);
    let shown = 0;
    const began = performance.now();
    await runImport({ db, copy }, kind, path, ({ phase, taken }) => {
      if (taken - shown < 500_000) return;
      shown = taken;
      say(`${what}: ${phase}, ${taken}`);
    });
    const seconds = (performance.now() - began) / 1000;
    const mb = round(statSync(path).size / 2 ** 20);
    return {
      what,
      lines,
      mb,
      seconds: round(seconds),
      perSecond: round(lines / seconds),
      raw: { seconds: round(raw), perSecond: round(lines / raw) },
    };
  } finally {
    await db.destroy();
    rmSync(path);
  }
}

async function rawCopy(client: pg.Client, path: string): Promise<number> {
  const [head] = (await readHead(path)).split('\n');
  await client.query(
    `create table raw_lines (${head!
      .split(',')
      .map((name) => `${name} text`)
      .join(', ')})`,
  );
  const began = performance.now();
  await pipeline(createReadStream(path), client.query(from('copy raw_lines from stdin (format csv, header true)')));
  const seconds = (performance.now() - began) / 1000;
  await client.query('drop table raw_lines');
  return seconds;
}

async function readHead(path: string): Promise<string> {
  let text = '';
  for await (const piece of createReadStream(path, { encoding: 'utf8', end: 1_000 })) text += piece;
  return text;
}

/** The result for people. */
export function searchReport(result: SearchResult): string {
  const imports = result.imports.map((r) => [
    r.what,
    r.lines,
    r.mb,
    r.seconds,
    r.perSecond,
    r.raw.perSecond,
    round(r.perSecond / r.raw.perSecond, 2),
  ]);
  const searches = result.searches.flatMap(({ what, runs, raw, statements }) =>
    runs.map((r) => [
      ...[what, r.clients, r.perSecond, r.times.p50, r.times.p90, r.times.p99, r.times.max, r.cores.gateway ?? 0, r.cores.postgres ?? 0],
      ...[statements, raw.perSecond, raw.p50, raw.p99, round(r.perSecond / raw.perSecond, 2)],
    ]),
  );
  return [
    ...(imports.length ? ['Imports; raw: COPY of the same lines into a table without indexes', ''] : []),
    ...(imports.length ? [table(['what', 'lines', 'MB', 's', 'lines/s', 'raw/s', 'of raw'], imports), ''] : []),
    `Search over ${result.rows} archived and ${ACTIVE} active events; raw: its statements, pgbench -M prepared, ${RAW_CLIENTS} clients`,
    '',
    table(
      [
        'what',
        'clients',
        'answers/s',
        'p50 ms',
        'p90',
        'p99',
        'max',
        'gateway',
        'postgres',
        'statements',
        'raw/s',
        'raw p50',
        'raw p99',
        'of raw',
      ],
      searches,
    ),
    ...result.faults.map((fault) => `  FAULT: ${fault}`),
  ].join('\n');
}
