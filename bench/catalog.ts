// bench/catalog: EasyTicket's list of 10,000 events with three filters and a search, beside its own two statements in pgbench.
import { sql } from 'kysely';
import { statements } from '../services/events/catalog.ts';
import { type House, settleDatabase } from './house.ts';
import { round, table } from './numbers.ts';
import { line, pgbench } from './pgbench.ts';
import { measure, type ReadRun } from './reads.ts';

export type CatalogResult = { runs: (ReadRun & { raw: { perSecond: number; p99: number } })[]; faults: string[] };

const EVENTS = 10_000;
const CLIENTS = 64;
/** Each stands in a fiftieth of the events; every fourth of those fits the other filters. */
const WORDS = Array.from(
  { length: 50 },
  (_, i) => `wort${String.fromCharCode(97 + (i % 26))}${String.fromCharCode(97 + Math.floor(i / 26))}k`,
);

/** Runs the bench. */
export async function benchCatalog(house: House): Promise<CatalogResult> {
  const { db, say } = house;
  say(`${EVENTS} events`);
  const category = await makeEvents(house);
  await settleDatabase(house);

  const kinds = [
    { what: 'first page, no filter', words: [undefined], filtered: false },
    { what: 'three filters and a search', words: WORDS, filtered: true },
    { what: 'a search alone', words: WORDS, filtered: false },
  ];
  const result: CatalogResult = { runs: [], faults: [] };
  for (const { what, words, filtered } of kinds) {
    const paths = words.map((word) => {
      const query = { ...(filtered && { category, is_free: 'false', pricing_type: 'tiered' }), ...(word && { search: word }) };
      return `/api/events/?${new URLSearchParams(query)}`;
    });
    await measure(house, `${what}: warm up`, { paths, seconds: 3 });
    const run = await measure(house, what, { paths });
    say(`${what}: its statements in pgbench`);
    const scripts = words.map((search) => {
      const filter = { ...(filtered && { categoryId: category, isFree: false, pricingType: 'tiered' as const }), search };
      const { rows, count } = statements(undefined, filter, { page: 1, perPage: 20 });
      return [rows, count].map((statement) => line(statement.compile(db))).join('\n');
    });
    const raw = await pgbench(house, scripts, CLIENTS);
    result.runs.push({ ...run, raw });
    if (Object.keys(run.statuses).some((status) => status !== '200')) result.faults.push(`${what}: ${JSON.stringify(run.statuses)}`);
  }
  return result;
}

async function makeEvents({ db }: House): Promise<string> {
  const { rows } = await sql<{ id: string }>`insert into event_categories (name, slug)
    select 'Category ' || n, 'category-' || n from generate_series(1, 4) n returning id`.execute(db);
  const ids = rows.map((row) => row.id);
  await sql`with venue as (
      insert into venues (name, city, capacity, of_event) select 'Hall ' || n, 'City ' || n % 40, 1000, true from generate_series(1, ${EVENTS}::int) n returning id, name)
    insert into events (slug, venue_id, name, description, starts_at, ends_at, capacity, status, category_id, pricing_type, tags)
    select 'bench-' || v.name, v.id, 'Bench event ' || v.name, repeat('What happens there. ', 10) || (${WORDS}::text[])[1 + n % ${WORDS.length}::int],
      now() + make_interval(hours => n), now() + make_interval(hours => n + 2), 1000, 'published', (${ids}::uuid[])[1 + n / 50 % 4],
      (case when n / 50 % 4 = 0 then 'tiered' else 'simple' end)::pricing_type, array['music', 'night']
    from venue v, lateral (select substr(v.name, 6)::int as n) x`.execute(db);
  return ids[0]!;
}

/** The result for people. */
export function catalogReport(result: CatalogResult): string {
  const head = [
    'EasyTicket list',
    'clients',
    'answers/s',
    'p50 ms',
    'p90',
    'p99',
    'max',
    'gateway',
    'postgres',
    'raw/s',
    'raw p99',
    'of raw',
  ];
  return [
    `Catalog of ${EVENTS} events; raw: the page's two statements, pgbench -M prepared, ${CLIENTS} clients`,
    table(
      head,
      result.runs.map((r) => [
        ...[
          r.what,
          r.clients,
          r.perSecond,
          r.times.p50,
          r.times.p90,
          r.times.p99,
          r.times.max,
          r.cores.gateway ?? 0,
          r.cores.postgres ?? 0,
        ],
        ...[r.raw.perSecond, r.raw.p99, round(r.perSecond / r.raw.perSecond, 2)],
      ]),
    ),
    ...result.faults.map((fault) => `  FAULT: ${fault}`),
  ].join('\n');
}
