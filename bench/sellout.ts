// bench/sellout: a whole stadium sold and paid by simulated buyers of ten seats each, while another event goes on selling.
import { sql } from 'kysely';
import { sleep } from '../deploy/local/say.ts';
import { contestants, makeBuyers, makeStadium, memory, type Stadium, soldTwice } from './contest.ts';
import { basic, type ContestResult } from './contestClients.ts';
import { type House, settleDatabase } from './house.ts';
import { round, table } from './numbers.ts';

export type SelloutReport = {
  seats: number;
  buyers: number;
  /** Until every seat was in a booking with its payment begun, and until every seat was sold and every booking had its tickets. */
  takenSeconds: number;
  soldSeconds: number;
  conflicts: number;
  /** From the moment a payment was begun to its order's tickets, seconds: of the first hundredth that paid, and of all. */
  waited: { first: number; p50: number; most: number };
  /** Of the other event, idle and meanwhile. */
  beside: { idle: ContestResult; rush: ContestResult };
  /** MB, the most that was seen. */
  memory: Record<string, number>;
  resetMs: number;
  faults: string[];
};

const SEATS_EACH = 10;
const CLIENTS = 128;
/** Buyers of the other event are others. */
const OTHERS_FROM = 50_000;
const BESIDE = { kind: 'booking' as const, clients: 4, pauseMs: 250, from: OTHERS_FROM, most: 1_000_000 };
/** What a gateway does for the first time is not measured: bookings, then buyers who also pay. */
const PAYING_FIRST = 200;
const WARM_UP = { kind: 'booking' as const, clients: 32, pauseMs: 0, seconds: 10, most: 1_500, from: OTHERS_FROM - 5_000 };
const CALM_MS = 10_000;
const IDLE_SECONDS = 60;
const LONGEST_S = 3_600;
const WATCH_MS = 2_000;

/** Runs the bench. `--holds N`: so many seats in place of 100,000. */
export async function benchSellout(house: House): Promise<SelloutReport> {
  const { say, options } = house;
  const seats = options.holds?.[0] ?? 100_000;
  await makeBuyers(house);
  const zone = {
    name: 'Зона',
    rows: Array.from({ length: seats / 100 }, (_, i) => String(i + 1)),
    seatsPerRow: 100,
    priceMinor: 4_000_000,
  };
  const event = await makeStadium(house, 'Sold out', options.holds ? [zone] : undefined);
  const other = await makeStadium(house, 'Goes on');
  say(`warm-up: ${WARM_UP.most} bookings of a third event, ${PAYING_FIRST} that are paid, then ${CALM_MS / 1000} s of quiet`);
  const before = await makeStadium(house, 'Warm-up');
  await contestants(house, { ...WARM_UP, event: before.number });
  await contestants(
    house,
    { ...saleOf(house, before), from: OTHERS_FROM - PAYING_FIRST, most: PAYING_FIRST, seconds: LONGEST_S },
    { givesWay: true },
  );
  await watch(house, before, PAYING_FIRST * SEATS_EACH, {});
  await settleDatabase(house);
  await sleep(CALM_MS);

  say(`the other event alone, ${IDLE_SECONDS} s`);
  const idle = await contestants(house, { ...BESIDE, event: other.number, seconds: IDLE_SECONDS });

  say(`${seats / SEATS_EACH} buyers of ${SEATS_EACH} seats each, ${CLIENTS} at once`);
  const began = performance.now();
  const most = { gateway: 0, worker: 0 };
  const sold = watch(house, event, seats, most).then(() => round((performance.now() - began) / 1000));
  const selling = contestants(house, { ...saleOf(house, event), most: seats / SEATS_EACH, seconds: LONGEST_S }, { givesWay: true });
  const job = { ...BESIDE, from: OTHERS_FROM + 5_000, event: other.number, seconds: LONGEST_S };
  const [taken, rush] = await Promise.all([selling, contestants(house, job, { until: selling })]);
  say(`  all taken after ${round(taken.seconds)} s`);
  const soldSeconds = await sold;

  const faults = [...(await soldTwice(house)), ...(await miscounted(house, event, seats))];
  for (const failed of [taken.failed, rush.failed]) for (const [what, n] of Object.entries(failed)) faults.push(`${n} x ${what}`);
  const waited = await waits(house, event);
  const ratio = rush.times.select!.p99 / idle.times.select!.p99;
  if (ratio > 2) faults.push(`the other event: p99 of selecting is ${round(ratio)} times that of idle, target 2`);
  const resetMs = await reset(house);
  return {
    seats,
    buyers: seats / SEATS_EACH,
    takenSeconds: round(taken.seconds),
    soldSeconds,
    conflicts: taken.conflicts,
    waited,
    beside: { idle, rush },
    memory: most,
    resetMs,
    faults,
  };
}

const saleOf = ({ stack }: House, { number }: Stadium) => ({
  ...{ kind: 'sellout' as const, clients: CLIENTS, event: number, from: 0, pauseMs: 0, seats: SEATS_EACH, paygate: stack.paygateUrl },
});

/** Says how far it is, and notes the memory, until every seat is sold. */
async function watch(house: House, { id }: Stadium, seats: number, most: Record<string, number>): Promise<void> {
  for (let said = 0; ; ) {
    const { rows } = await sql<{ sold: number; taken: number }>`select count(*) filter (where sold_at is not null)::int as sold,
      count(*) filter (where order_id is not null)::int as taken from places where event_id = ${id}::uuid`.execute(house.db);
    const { sold, taken } = rows[0]!;
    for (const [name, mb] of Object.entries(memory(house))) most[name] = Math.max(most[name] ?? 0, mb);
    if (sold >= seats) return;
    if (performance.now() - said > 30_000) {
      house.say(`  ${taken} taken, ${sold} sold; memory ${JSON.stringify(memory(house))}`);
      said = performance.now();
    }
    await sleep(WATCH_MS);
  }
}

/** How long the tickets took. The first who paid wait least, where orders are served in their turn. */
async function waits({ db }: House, { id }: Stadium): Promise<SelloutReport['waited']> {
  const { rows } = await sql<SelloutReport['waited']>`
    with waited as (
      select extract(epoch from o.confirmed_at - y.created_at)::float8 as s, percent_rank() over (order by y.created_at) as place
      from orders o join payments y on y.order_id = o.id and y.status = 'succeeded' where o.event_id = ${id}::uuid and o.status = 'confirmed')
    select coalesce(max(s) filter (where place <= 0.01), 0) as first, coalesce(percentile_cont(0.5) within group (order by s), 0) as p50, coalesce(max(s), 0) as most
    from waited`.execute(db);
  return rows[0]!;
}

/** Seats, tickets, bookings, payments and the API's own figures say the same. */
async function miscounted({ db, stack }: House, event: Stadium, seats: number): Promise<string[]> {
  const { rows } = await sql<Record<'sold' | 'tickets' | 'bookings' | 'payments' | 'minor' | 'captured', number>>`
    with mine as materialized (select id, total_minor from orders where event_id = ${event.id}::uuid and status = 'confirmed')
    select (select count(*) from places where event_id = ${event.id}::uuid and sold_at is not null)::int as sold,
      (select count(*) from tickets where event_id = ${event.id}::uuid and voided_at is null)::int as tickets,
      (select count(*) from mine)::int as bookings, (select sum(total_minor) from mine)::bigint as minor,
      (select count(*) from payments y join mine on mine.id = y.order_id where y.status = 'succeeded')::int as payments,
      (select sum(amount_minor) from payments y join mine on mine.id = y.order_id where y.status = 'succeeded')::bigint as captured`.execute(
    db,
  );
  const { sold, tickets, bookings, payments, minor, captured } = rows[0]!;

  const answer = await fetch(`http://127.0.0.1:${stack.ports.gateway}/api/analytics?id=${event.number}`, {
    headers: { authorization: basic(0) },
  });
  const told = (await answer.json()) as { sold_seats: number; free_seats: number; total_revenue: string; bookings_count: number };
  const pairs: [string, unknown, unknown][] = [
    ['seats sold', sold, seats],
    ['tickets', tickets, seats],
    ['bookings', bookings, seats / SEATS_EACH],
    ['payments', payments, seats / SEATS_EACH],
    ['money captured', captured, minor],
    ['sold_seats', told.sold_seats, seats],
    ['free_seats', told.free_seats, 0],
    ['bookings_count', told.bookings_count, bookings],
    ['total_revenue', told.total_revenue, (minor / 100).toFixed(2)],
  ];
  return pairs.filter(([, is, should]) => is !== should).map(([what, is, should]) => `${what}: ${is}, should be ${should}`);
}

async function reset({ stack }: House): Promise<number> {
  const began = performance.now();
  const { status } = await fetch(`http://127.0.0.1:${stack.ports.gateway}/api/reset`, { method: 'POST' });
  return status === 200 ? round(performance.now() - began, 0) : -1;
}

/** The result for people. */
export function selloutReport(r: SelloutReport): string {
  const beside = (name: string, run: ContestResult) => [
    ...[name, run.good, run.conflicts, Object.values(run.failed).reduce((a, b) => a + b, 0)],
    ...['book', 'list', 'select', 'look', 'round'].map((step) => `${run.times[step]?.p50 ?? '-'} / ${run.times[step]?.p99 ?? '-'}`),
  ];
  return [
    `Sell-out: ${r.seats} seats by ${r.buyers} buyers, ${CLIENTS} at once: all taken after ${r.takenSeconds} s (${round(r.seats / r.takenSeconds)} seats/s, ${r.conflicts} met another buyer), all paid and with their tickets after ${r.soldSeconds} s (${round(r.buyers / r.soldSeconds)} orders/s)`,
    `  memory at most, MB: gateway ${r.memory.gateway}, worker ${r.memory.worker}; reset of it all: ${r.resetMs} ms`,
    `  from the payment's beginning to the tickets, s: the first hundredth that paid ${round(r.waited.first)} at most, p50 ${round(r.waited.p50)}, most ${round(r.waited.most)}`,
    'The other event meanwhile (ms, p50 / p99)',
    table(
      ['', 'good', 'conflicts', 'failed', 'book', 'list', 'select', 'look', 'round'],
      [beside('idle', r.beside.idle), beside('rush', r.beside.rush)],
    ),
    r.faults.length ? r.faults.map((fault) => `  FAULT: ${fault}`).join('\n') : '  no seat sold twice, every count right',
  ].join('\n');
}
