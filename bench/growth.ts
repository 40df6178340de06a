// bench/growth: what grows with the number of processes, and with what the tables hold; each figure beside the smallest step's.
import { netFaults } from '../deploy/local/net.ts';
import { sleep, step } from '../deploy/local/say.ts';
import { SWEEPS, TIDYING } from '../worker/sweeps.ts';
import { type Stage as ClaimsStage, measure as measureClaims } from './claims.ts';
import { fillEvents, fillSold } from './fill.ts';
import { type House, makeEvent, makePeople, settleDatabase } from './house.ts';
import { round, table } from './numbers.ts';
import { measure as measureOrders, type Stage as OrdersStage } from './orders.ts';
import { prepareRaw, type Raw } from './raw.ts';
import { measure as measureReads } from './reads.ts';

/** Figures by what they are, milliseconds unless they say a second. */
type Step = { name: string; figures: Record<string, number> };

export type GrowthResult = { processes: Step[]; tables: Step[]; faults: string[] };

const PROCESSES = [1, 2, 4];
const TABLES = [
  { events: 10, sold: 0 },
  { events: 1_000, sold: 0 },
  { events: 100_000, sold: 0 },
  { events: 100_000, sold: 1_000_000 },
];
const CLIENTS = { claims: 16, orders: 8, reads: 8 };
/** No machine this runs on does more; they size the events. */
const CLAIMS_PER_SECOND = 2_500;
const ORDERS_PER_SECOND = 100;
const RAW_PER_SECOND = 5_000;
const RAW_SEATS = 200_000;
const WARM_SECONDS = 3;
const OURS = ['gateway', 'worker', 'temporal', 'postgres'];
/** A gateway shares one count between scrapes that follow each other in this time. */
const SCRAPE_MS = 10_500;
const SWEEP_TIMES = 3;

type Site = { claims: ClaimsStage; orders: OrdersStage; seats: string };

/** Runs the bench. `--only processes` or `--only tables` runs that part. */
export async function benchGrowth(house: House): Promise<GrowthResult> {
  const { only, seconds } = house.options;
  const wanted = (part: string) => !only || part.includes(only);
  const people = await makePeople(house, CLIENTS.claims);
  const all = (PROCESSES.length + TABLES.length) * seconds + WARM_SECONDS;
  const free = await makeEvent(house, people.organizer, 'Growth: claims', Math.min(250_000, all * CLAIMS_PER_SECOND));
  const bought = await makeEvent(house, people.organizer, 'Growth: orders', all * ORDERS_PER_SECOND);
  const read = await makeEvent(house, people.organizer, 'Growth: seats', 1_000);
  const common = { house, tokens: people.buyers, next: 0 };
  const site: Site = {
    claims: { ...common, event: free, last: free.seats.length, claimed: 0 },
    orders: { ...common, event: bought, paid: 0 },
    seats: read.id,
  };
  const result: GrowthResult = { processes: [], tables: [], faults: [] };
  await settleDatabase(house);
  await warmUp(site);

  if (wanted('processes'))
    for (const count of PROCESSES) {
      await step(house.say, `${count} gateway(s), ${count} worker(s)`, () => house.scale(count));
      if (count > 1) await warmUp(site);
      const figures = await selling(site, result.faults);
      figures['memory of a gateway, MB'] = round(house.memory().gateway! / count);
      figures['memory of a worker, MB'] = round(house.memory().worker! / count);
      const net = await netFaults(house.stack, house.options.drainSeconds * 1000, { leaveOut: house.oddities });
      result.faults.push(...net.map((line) => `${count} of each: ${line}`));
      result.processes.push({ name: `${count} of each`, figures });
    }

  if (wanted('tables')) {
    await house.scale(1);
    const seats = Math.min(RAW_SEATS, TABLES.length * 2 * house.options.rawSeconds * RAW_PER_SECOND);
    const raw = await prepareRaw(house, await makeEvent(house, people.organizer, 'Growth: raw', seats), 50);
    for (const { events, sold } of TABLES) {
      await fillEvents(house, events);
      if (sold) await fillSold(house, sold);
      const figures = { ...(await rawClaims(raw)), ...(await selling(site, result.faults)), ...(await reading(site, result.faults)) };
      result.tables.push({
        name: `${events} events${sold ? `, ${sold} sold` : ''}`,
        figures: { ...figures, ...(await sweeping(house)), 'metrics scrape': await scrape(house) },
      });
    }
  }
  return result;
}

/** What a process does for the first time is not measured. */
async function warmUp({ claims, orders }: Site): Promise<void> {
  const short = { ...claims.house, options: { ...claims.house.options, seconds: WARM_SECONDS }, say: () => {} };
  for (const [stage, measure] of [
    [claims, measureClaims],
    [orders, measureOrders],
  ] as const) {
    const house = stage.house;
    stage.house = short;
    await measure(stage as ClaimsStage & OrdersStage, CLIENTS.orders);
    stage.house = house;
  }
}

async function selling({ claims, orders }: Site, faults: string[]): Promise<Record<string, number>> {
  const claimed = await measureClaims(claims, CLIENTS.claims);
  const bought = await measureOrders(orders, CLIENTS.orders);
  faults.push(...claimed.faults, ...bought.faults);
  return {
    'claims/s': claimed.perSecond,
    'claim p99': claimed.p99,
    ...cpuEach('claim CPU', claimed.cpu, claimed.requests, ['gateway', 'postgres']),
    'orders/s': bought.perSecond,
    'order p99': bought.order.p99,
    ...cpuEach('order CPU', bought.cpu, bought.orders, OURS),
  };
}

/** CPU milliseconds of one, by process and in all. */
function cpuEach(what: string, cpu: Record<string, number>, count: number, parts: string[]): Record<string, number> {
  const each = (seconds: number) => round((seconds * 1000) / Math.max(1, count), 2);
  return {
    ...Object.fromEntries(parts.map((part) => [`${what}, ${part}`, each(cpu[part] ?? 0)])),
    [`${what}, all`]: each(parts.reduce((sum, part) => sum + (cpu[part] ?? 0), 0)),
  };
}

async function rawClaims(raw: Raw): Promise<Record<string, number>> {
  const { perSecond, p99, cpu, done } = await raw.run(CLIENTS.claims);
  return { 'raw claims/s': perSecond, 'raw claim p99': p99, ...cpuEach('raw claim CPU', cpu, done, ['postgres']) };
}

/** The first page of the list, and the seats of one event. */
async function reading({ claims: { house }, seats }: Site, faults: string[]): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [what, path] of Object.entries({ list: '/api/v1/events', seats: `/api/v1/events/${seats}/seats` })) {
    const began = performance.now();
    await fetch(house.gateway.url + path).then((answer) => answer.arrayBuffer());
    figures[`${what}, first answer`] = round(performance.now() - began);
    const { cores, perSecond, times, statuses } = await measureReads(house, what, { paths: [path], clients: CLIENTS.reads });
    figures[`${what}, answers/s`] = perSecond;
    figures[`${what} p99`] = times.p99;
    figures[`${what} CPU`] = round((((cores.gateway ?? 0) + (cores.postgres ?? 0)) * 1000) / perSecond, 2);
    if (Object.keys(statuses).some((status) => status !== '200')) faults.push(`${what}: ${JSON.stringify(statuses)}`);
  }
  return figures;
}

/** What the relay does every half minute, each the quickest of a few times. */
async function sweeping({ db }: House): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [group, works] of Object.entries({ tidy: TIDYING, sweep: SWEEPS }))
    for (const [name, work] of Object.entries(works)) {
      const times: number[] = [];
      for (let i = 0; i < SWEEP_TIMES; i++) {
        const began = performance.now();
        await work(db);
        times.push(performance.now() - began);
      }
      figures[`${group}: ${name}`] = round(Math.min(...times));
    }
  return figures;
}

async function scrape({ gateway }: House): Promise<number> {
  await sleep(SCRAPE_MS);
  const began = performance.now();
  await fetch(`${gateway.url}/metrics`).then((answer) => answer.text());
  return round(performance.now() - began);
}

/** The result for people: a column for each step, and beside each figure what it is of the first. */
export function growthReport({ processes, tables, faults }: GrowthResult): string {
  const part = (title: string, steps: Step[]) => {
    const [first] = steps;
    if (!first) return [];
    const cell = (name: string, { figures }: Step) => {
      const [now, was] = [figures[name] ?? 0, first.figures[name] ?? 0];
      return figures === first.figures || !was ? String(now) : `${now} (x${round(now / was, 2)})`;
    };
    const rows = Object.keys(first.figures).map((name) => [name, ...steps.map((one) => cell(name, one))]);
    return [title, table(['ms, or a second', ...steps.map((one) => one.name)], rows), ''];
  };
  return [
    ...part(`Processes: ${CLIENTS.claims} clients claim, ${CLIENTS.orders} buy, spread over the gateways`, processes),
    ...part('Tables: one gateway and one worker', tables),
    ...(faults.length
      ? faults.map((fault) => `  FAULT: ${fault}`)
      : ['  checked after every step: nothing sold twice, captured = ticketed']),
  ].join('\n');
}
