// bench/baskets: EasyTicket orders of four items each, made and paid, beside the claim of the same four in pgbench.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { DB } from '../db/tables.ts';
import { claimStatement } from '../services/orders/claim/statement.ts';
import { cpuBetween } from './cpu.ts';
import { type House, makePeople, profiled, settleDatabase } from './house.ts';
import { round, type Spread, spread, table } from './numbers.ts';
import { line, pgbench } from './pgbench.ts';
import { request, Wire } from './wire.ts';

type Run = {
  what: string;
  clients: number;
  perSecond: number;
  times: Spread;
  statuses: Record<string, number>;
  cpu: Record<string, number>;
};
export type BasketsResult = { runs: Run[]; raw: (Spread & { clients: number; perSecond: number })[]; faults: string[] };

const ITEMS = 4;
const TICKETS = 200_000;

/** Runs the bench. */
export async function benchBaskets(house: House): Promise<BasketsResult> {
  const { db, options, say } = house;
  const levels = options.clients ?? [1, 16];
  const people = await makePeople(house, Math.max(...levels));
  say('an event of a day and four tiers, and one for the raw limit');
  const [event, rawEvent] = [await makeStock(db, 'Bench: baskets'), await makeStock(db, 'Bench: raw baskets')];
  await settleDatabase(house);

  const result: BasketsResult = { runs: [], raw: [], faults: [] };
  await load(house, event, people.buyers.slice(0, 4), 'warm up', true, 5);
  for (const clients of levels)
    for (const paid of [false, true]) {
      const what = paid ? 'made and paid' : 'made';
      say(`${what}, ${clients} client(s), ${options.seconds} s`);
      result.runs.push(await profiled(house, () => load(house, event, people.buyers.slice(0, clients), what, paid, options.seconds)));
    }
  for (const clients of levels) {
    say(`the claim of four items in pgbench, ${clients} client(s)`);
    result.raw.push({ clients, ...(await raw(house, rawEvent, clients)) });
  }
  for (const run of result.runs)
    if (Object.keys(run.statuses).some((status) => !/ 20[01]$/.test(status)))
      result.faults.push(`${run.what}: ${JSON.stringify(run.statuses)}`);
  return result;
}

type Stock = { event: string; pool: string; cells: string[] };

async function makeStock(db: Kysely<DB>, name: string): Promise<Stock> {
  const { rows } = await sql<{ event: string; pool: string; cells: string[] }>`
    with e as (insert into events (slug, name, starts_at, ends_at, capacity, status, pricing_type)
        values (${randomUUID()}, ${name}, now() + interval '30 days', now() + interval '31 days', ${TICKETS}, 'published', 'tier_and_day') returning id),
      pool as (insert into offers (event_id, name, price_minor, currency, quantity, is_pool, total)
        select id, 'Pass', 0, 'USD', ${TICKETS}, true, ${TICKETS} from e returning id, event_id),
      cells as (insert into offers (event_id, name, price_minor, currency, quantity, pool_id, capped, tier_number, tier_name, day_number, day_name, day_date)
        select event_id, 'Day 1 T' || n, 5000, 'USD', ${TICKETS / ITEMS}::int, id, true, n, 'T' || n, 1, 'Day 1', current_date + 30
        from pool, generate_series(1, ${ITEMS}::int) n returning id),
      p as (insert into places (event_id, offer_id, position) select event_id, id, n from pool, generate_series(0, ${TICKETS - 1}::int) n),
      s as (insert into slots (offer_id, position) select id, n from cells, generate_series(0, ${TICKETS / ITEMS - 1}::int) n)
    select (select id from e) as event, (select id from pool) as pool, array(select id::text from cells) as cells`.execute(db);
  return rows[0]!;
}

async function load(house: House, stock: Stock, tokens: string[], what: string, paid: boolean, seconds: number): Promise<Run> {
  const statuses: Record<string, number> = {};
  const times: number[] = [];
  const began = performance.now();
  const until = began + seconds * 1000;
  const before = house.cpu();
  const body = {
    event: stock.event,
    items: stock.cells.map((cell) => ({ ticket_type_id: stock.pool, day_tier_price_id: cell, quantity: 1 })),
  };
  const client = async (token: string) => {
    const wire = new Wire(house.stack.ports.gateway);
    const step = async (name: string, path: string, sent: unknown) => {
      const answer = await wire.ask(request('POST', path, token, sent));
      const key = `${name} ${answer?.status ?? 'no answer'}`;
      statuses[key] = (statuses[key] ?? 0) + 1;
      return answer;
    };
    while (performance.now() < until) {
      const start = performance.now();
      const made = await step('make', '/api/orders/', body);
      if (made?.status !== 201) continue;
      const { id } = JSON.parse(made.body) as { id: string };
      if (paid && (await step('pay', `/api/orders/${id}/confirm_payment/`, {}))?.status !== 200) continue;
      times.push(performance.now() - start);
    }
    wire.close();
  };
  await Promise.all(tokens.map(client));
  const took = (performance.now() - began) / 1000;
  const perSecond = round(times.length / took);
  const perOrder = Object.entries(cpuBetween(before, house.cpu(), {})).map(([name, s]) => [
    name,
    round((1000 * s) / Math.max(1, times.length)),
  ]);
  return { what, clients: tokens.length, perSecond, times: spread(times), statuses, cpu: Object.fromEntries(perOrder) };
}

/** The claim itself, of the same four items. Its orders never get workflows, so the net leaves their event out. */
async function raw(house: House, stock: Stock, clients: number): Promise<Spread & { perSecond: number }> {
  const { db } = house;
  const account = randomUUID();
  await sql`insert into accounts (id, email, password_hash) values (${account}::uuid, ${`${account}@bench.test`}, '')`.execute(db);
  const offers = stock.cells.map((offerId) => ({ offerId, quantity: 1 }));
  const statement = claimStatement({
    accountId: account,
    eventId: stock.event,
    places: [],
    offers,
    count: ITEMS,
    terms: { holdSeconds: 900, maxPlaces: 50, feeBasisPoints: 500 },
  });
  process.kill(house.worker.pid!, 'SIGSTOP');
  try {
    return await pgbench(house, [line(statement.compile(db))], clients);
  } finally {
    house.oddities.push({ id: stock.event, checks: ['workflows', 'places/overdue'] });
    await sql`delete from outbox b using orders o where o.id = b.subject_id and o.event_id = ${stock.event}::uuid`.execute(db);
    process.kill(house.worker.pid!, 'SIGCONT');
  }
}

/** The result for people. */
export function basketsReport({ runs, raw, faults }: BasketsResult): string {
  const parts = ['gateway', 'worker', 'temporal', 'postgres'];
  return [
    `Orders of ${ITEMS} items; raw: their claim alone, pgbench -M prepared`,
    table(
      ['orders', 'clients', 'orders/s', 'p50 ms', 'p90', 'p99', 'max', ...parts.map((p) => `${p} ms`)],
      runs.map((r) => [
        r.what,
        r.clients,
        r.perSecond,
        r.times.p50,
        r.times.p90,
        r.times.p99,
        r.times.max,
        ...parts.map((p) => r.cpu[p] ?? 0),
      ]),
    ),
    '',
    table(
      ['raw claim', 'clients', 'claims/s', 'p50 ms', 'p90', 'p99', 'made over HTTP'],
      raw.map((r) => {
        const made = runs.find((run) => run.what === 'made' && run.clients === r.clients);
        return ['four items', r.clients, r.perSecond, r.p50, r.p90, r.p99, made ? `${round(made.perSecond / r.perSecond, 2)} of raw` : ''];
      }),
    ),
    ...faults.map((fault) => `  FAULT: ${fault}`),
  ].join('\n');
}
