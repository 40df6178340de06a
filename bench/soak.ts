// bench/soak: orders at a steady rate for as long as is asked, most of them paid, some left to end and some cancelled. Does memory stay within its bound?
import { sleep } from '../deploy/local/say.ts';
import { soldTwice } from './contest.ts';
import { cpuBetween } from './cpu.ts';
import { type BenchEvent, type House, makeEvent, makePeople, settleDatabase } from './house.ts';
import { round, spread, table } from './numbers.ts';

export type Sample = {
  /** Seconds since the beginning. */
  at: number;
  /** Orders confirmed a second since the sample before, and what their buyers waited for the confirm. */
  perSecond: number;
  confirmP99: number;
  /** MB by process. */
  memory: Record<string, number>;
  /** Workflows that the worker has in its cache, all queues. */
  cached: number;
};

export type SoakReport = {
  seconds: number;
  rate: number;
  /** By what became of them. */
  orders: Record<Fate, number>;
  samples: Sample[];
  /** MB an hour in the second half, by process. */
  growth: Record<string, number>;
  cpu: Record<string, number>;
  statuses: Record<string, number>;
  faults: string[];
};

type Fate = 'paid' | 'left' | 'cancelled';

/** Of ten orders: seven are paid, two are left until their hold ends, one is paid and cancelled. */
const FATES: Fate[] = ['paid', 'paid', 'left', 'paid', 'paid', 'cancelled', 'paid', 'left', 'paid', 'paid'];
const HOLD_SECONDS = 120;
const SAMPLE_MS = 30_000;
const BUYERS = 64;
const PARTS = ['gateway', 'worker', 'temporal', 'postgres'];
const ROWS = 10;

/** Runs the bench. `--rate N`: orders begun in a second, whether the earlier ones are done or not. */
export async function benchSoak(house: House): Promise<SoakReport> {
  const { seconds, rate } = house.options;
  const { buyers, organizer } = await makePeople(house, BUYERS);
  const event = await makeEvent(house, organizer, 'Bench: soak', seconds * rate + BUYERS, HOLD_SECONDS);
  await settleDatabase(house);

  house.say(`${rate} orders a second for ${seconds} s`);
  const stage: Stage = { house, event, buyers, confirms: [], statuses: {}, orders: { paid: 0, left: 0, cancelled: 0 } };
  const before = house.cpu();
  const began = performance.now();
  const watching = watch(stage, began);
  await begin(stage, began);
  const samples = await watching;
  const cpu = cpuBetween(before, house.cpu());

  house.say(`the last holds end in ${HOLD_SECONDS} s`);
  await sleep((HOLD_SECONDS + 5) * 1000);
  const odd = Object.entries(stage.statuses).filter(([name]) => !/ 20[01]$/.test(name));
  return {
    ...{ seconds, rate, orders: stage.orders, samples, growth: growthOf(samples), cpu, statuses: stage.statuses },
    faults: [...(await soldTwice(house)), ...odd.map(([name, n]) => `${n} x ${name}`)],
  };
}

type Stage = {
  house: House;
  event: BenchEvent;
  buyers: string[];
  /** What buyers waited since the last sample, ms. */
  confirms: number[];
  statuses: Record<string, number>;
  orders: Record<Fate, number>;
};

/** Begins an order whenever it is time for one, and waits for those that are under way at the end. */
async function begin(stage: Stage, began: number): Promise<void> {
  const { seconds, rate } = stage.house.options;
  const flying = new Set<Promise<void>>();
  for (let i = 0; i < seconds * rate; i++) {
    const due = began + (i / rate) * 1000;
    if (due > performance.now()) await sleep(due - performance.now());
    const one = buy(stage, i).catch((error) => note(stage, `no answer: ${(error as Error).message}`));
    flying.add(one);
    void one.then(() => flying.delete(one));
  }
  await Promise.all(flying);
}

async function buy(stage: Stage, i: number): Promise<void> {
  const { event, buyers } = stage;
  const token = buyers[i % buyers.length]!;
  const fate = FATES[i % FATES.length]!;
  const booked = await ask(stage, 'book', 'POST', '/api/v1/bookings', token, { event_id: event.id, seat_ids: [event.seats[i]!] });
  if (booked?.status !== 201) return;
  stage.orders[fate]++;
  if (fate === 'left') return;

  const { id } = booked.body.data.booking;
  const asked = performance.now();
  const payment = { payment_method: 'credit_card', payment_details: { token: 'tok_visa' } };
  const paid = await ask(stage, 'confirm', 'POST', `/api/v1/bookings/${id}/confirm`, token, payment);
  stage.confirms.push(performance.now() - asked);
  if (fate === 'cancelled' && paid?.status === 200) await ask(stage, 'cancel', 'DELETE', `/api/v1/bookings/${id}`, token);
}

async function ask(stage: Stage, name: string, method: string, path: string, token: string, body?: unknown) {
  const response = await fetch(`http://127.0.0.1:${stage.house.stack.ports.gateway}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  note(stage, `${name} ${response.status}`);
  return { status: response.status, body: (await response.json()) as any };
}

function note({ statuses }: Stage, name: string): void {
  statuses[name] = (statuses[name] ?? 0) + 1;
}

/** A sample at the beginning, one every half minute (of a short soak: every tenth), and one at the end. */
async function watch(stage: Stage, began: number): Promise<Sample[]> {
  const { house } = stage;
  const everyMs = Math.min(SAMPLE_MS, house.options.seconds * 100);
  const samples = [await sample(stage, 0, 1)];
  for (let i = 1; i * everyMs <= house.options.seconds * 1000; i++) {
    await sleep(Math.max(0, began + i * everyMs - performance.now()));
    const last = await sample(stage, (performance.now() - began) / 1000, everyMs / 1000);
    samples.push(last);
    if ((i * everyMs) % 300_000 === 0) house.say(`  ${last.at} s: ${last.perSecond} confirmed/s, memory ${JSON.stringify(last.memory)}`);
  }
  return samples;
}

async function sample(stage: Stage, at: number, since: number): Promise<Sample> {
  const confirms = stage.confirms.splice(0);
  return {
    at: round(at, 0),
    perSecond: round(confirms.length / since, 2),
    confirmP99: spread(confirms).p99,
    memory: stage.house.memory(),
    cached: await cachedWorkflows(stage.house),
  };
}

/** How many workflows the worker has in its caches, as the SDK counts them. */
export async function cachedWorkflows({ worker }: House): Promise<number> {
  const text = await fetch(`${worker.url}/metrics`, { signal: AbortSignal.timeout(10_000) }).then((r) => r.text());
  return [...text.matchAll(/^temporal_sticky_cache_size\{.*\} (\S+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
}

/** The slope of the second half's memory, by least squares, in MB an hour. */
function growthOf(samples: Sample[]): Record<string, number> {
  const half = samples.filter(({ at }) => at >= samples.at(-1)!.at / 2);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const middle = mean(half.map(({ at }) => at));
  const wide = half.reduce((sum, { at }) => sum + (at - middle) ** 2, 0);
  const slope = (part: string) => half.reduce((sum, s) => sum + (s.at - middle) * (s.memory[part] ?? 0), 0) / wide;
  return Object.fromEntries(PARTS.map((part) => [part, wide ? round(slope(part) * 3600) : 0]));
}

/** The result for people. */
export function soakReport(r: SoakReport): string {
  const last = r.samples.length - 1;
  const shown = [...new Set(Array.from({ length: ROWS }, (_, i) => Math.round((i * last) / (ROWS - 1))))].map((i) => r.samples[i]!);
  const most = (part: string) => Math.max(...r.samples.map((s) => s.memory[part] ?? 0));
  const { paid, left, cancelled } = r.orders;
  return [
    `Soak: ${r.rate} orders begun a second for ${r.seconds} s: ${paid} paid, ${left} left until their hold of ${HOLD_SECONDS} s ended, ${cancelled} paid and cancelled`,
    table(
      ['s', 'confirmed/s', 'confirm p99 ms', ...PARTS.map((part) => `${part} MB`), 'workflows cached'],
      shown.map((s) => [s.at, s.perSecond, s.confirmP99, ...PARTS.map((part) => s.memory[part] ?? 0), s.cached]),
    ),
    `  most, MB: ${PARTS.map((part) => `${part} ${most(part)}`).join(', ')}`,
    `  growth in the second half, MB an hour: ${PARTS.map((part) => `${part} ${r.growth[part]}`).join(', ')}`,
    `  CPU, % of a core: ${Object.entries(r.cpu)
      .map(([part, s]) => `${part} ${round((s / r.seconds) * 100)}`)
      .join(', ')}`,
    r.faults.length ? r.faults.map((fault) => `  FAULT: ${fault}`).join('\n') : '  no seat sold twice, every answer 200 or 201',
  ].join('\n');
}
