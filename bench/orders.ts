// bench/orders: from booking to ticket, whole: book, pay, ticket, mail, for one event; and what keeps it from being faster.
import { sql } from 'kysely';
import { sleep } from '../deploy/local/say.ts';
import { type Floor, startBare } from './bare.ts';
import { cpuBetween } from './cpu.ts';
import { type BenchEvent, type House, makeEvent, makePeople, profiled, runLoad, settleDatabase } from './house.ts';
import { round, type Spread, spread, table } from './numbers.ts';

export type OrdersRun = {
  clients: number;
  orders: number;
  seconds: number;
  perSecond: number;
  perMinute: number;
  book: Spread;
  confirm: Spread;
  order: Spread;
  statuses: Record<string, number>;
  cpu: Record<string, number>;
  mail: { waiting: number; drainedAfterSeconds: number | null; inCatcher: number; lagSeconds: Spread };
  faults: string[];
};

/** `floor`: what the engine does of bare workflows, before the orders and after them. */
export type OrdersResult = { runs: OrdersRun[]; floor: Floor[]; faults: string[] };

const FREE_PER_SECOND = 300;
const FLOOR_CLIENTS = 8;
/**
 * A process that has just begun is no measure: node compiles what has run often, for a minute where the machine is full, and an order costs a
 * third more meanwhile. The bare workflow, which has little code, is warm after some seconds.
 */
const WARM_UP = { clients: 16, seconds: 45 };
const FLOOR_WARM_SECONDS = 8;
/** Parts of an order that are ours. */
const OURS = ['gateway', 'worker', 'temporal', 'postgres'];
/** CPU milliseconds an order of the best known open system, measured beside us once (issue 14). */
const THEIRS_MS = 1020;
const NONE: Spread = { p50: 0, p90: 0, p99: 0, max: 0 };

/** Runs the bench. */
export async function benchOrders(house: House): Promise<OrdersResult> {
  const { options, say } = house;
  const levels = options.clients ?? [1, 8, 16];
  const people = await makePeople(house, Math.max(WARM_UP.clients, ...levels));
  const seats = Math.ceil((levels.length * options.seconds + WARM_UP.seconds) * FREE_PER_SECOND);
  const event = await makeEvent(house, people.organizer, 'Bench: orders', seats);
  await settleDatabase(house);
  const stage: Stage = { house, event, tokens: people.buyers, next: 0, paid: 0 };
  say(`warming up: ${WARM_UP.clients} clients, ${WARM_UP.seconds} s`);
  stage.paid += (await load(stage, WARM_UP.clients, WARM_UP.seconds)).done;
  await mailsSent(stage);
  const bare = await startBare(house);
  const floorOf = async () => {
    say(`the engine's floor: bare workflows, ${FLOOR_CLIENTS} client(s), ${options.rawSeconds} s`);
    const found = await bare.measure(FLOOR_CLIENTS, options.rawSeconds);
    say(`  ${found.perSecond}/s, ${found.cpuMsEach.all} ms of CPU each`);
    return found;
  };
  await bare.measure(FLOOR_CLIENTS, FLOOR_WARM_SECONDS);
  const floor = [await floorOf()];
  const runs: OrdersRun[] = [];
  for (const clients of levels) runs.push(await measure(stage, clients));
  floor.push(await floorOf());
  bare.stop();
  return { runs, floor, faults: runs.flatMap((r) => r.faults) };
}

/** Where orders are measured: seats from `next` on are bought. */
export type Stage = { house: House; event: BenchEvent; tokens: string[]; next: number; paid: number };

async function load(stage: Stage, clients: number, seconds: number) {
  const { house, event, tokens } = stage;
  const result = await runLoad(
    {
      kind: 'orders',
      clients,
      seconds,
      maxRequests: event.seats.length - stage.next,
      eventId: event.id,
      tokens,
      seats: event.seatsFile,
      from: stage.next,
    },
    house.gateways,
  );
  stage.next = result.next;
  return result;
}

/** Measures whole orders. All of a stack's payments must be of one stage. */
export async function measure(stage: Stage, clients: number): Promise<OrdersRun> {
  const { house } = stage;
  house.say(`book, pay, ticket: ${clients} client(s), ${house.options.seconds} s`);
  await fetch(`${house.stack.mailUrl}/api/messages`, { method: 'DELETE', signal: AbortSignal.timeout(10_000) });
  await sql`checkpoint`.execute(house.db);
  const since = new Date();
  const before = house.cpu();
  const done = await profiled(house, () => load(stage, clients, house.options.seconds));
  const cpu = cpuBetween(before, house.cpu(), { 'load gen': done.cpuSeconds });
  const perSecond = round(done.done / done.seconds, 2);
  house.say(`  ${perSecond} orders/s (${round(perSecond * 60)} a minute)`);
  const drained = await mailsSent(stage);
  stage.paid += done.done;
  const mail = { ...drained, ...(await arrivals(stage, since)) };
  house.say(`  mail: ${drained.waiting} to send at the end of the run, ${drained.drainedAfterSeconds ?? 'not'} s until all had arrived`);
  const faults = await verify(stage, `${clients} client(s)`);
  const odd = Object.entries(done.statuses).filter(([name]) => name !== 'book 201' && name !== 'confirm 200');
  if (odd.length) faults.push(`${clients} client(s): unexpected answers ${odd.map(([name, n]) => `${n} x ${name}`).join(', ')}`);
  return {
    clients,
    orders: done.done,
    seconds: round(done.seconds, 2),
    perSecond,
    perMinute: round(perSecond * 60),
    book: done.times.book ?? NONE,
    confirm: done.times.confirm ?? NONE,
    order: done.times.order ?? NONE,
    statuses: done.statuses,
    cpu,
    mail,
    faults,
  };
}

/** Waits, within the limit, until every promised mail of the event has been taken by the mail server. */
async function mailsSent({ house, event }: Stage): Promise<{ waiting: number; drainedAfterSeconds: number | null }> {
  const unsent = async () => {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from mails m join orders o on o.id = m.order_id
      where o.event_id = ${event.id}::uuid and m.sent_at is null`.execute(house.db);
    return rows[0]!.n;
  };
  const began = performance.now();
  const waiting = await unsent();
  let left = waiting;
  while (left && performance.now() - began < house.options.drainSeconds * 1000) {
    await sleep(100);
    left = await unsent();
  }
  return { waiting, drainedAfterSeconds: left ? null : round((performance.now() - began) / 1000, 2) };
}

/** How long after its order's confirmation each mail lay in the catcher; the catcher keeps the newest 2,000. */
async function arrivals({ house, event }: Stage, since: Date): Promise<{ inCatcher: number; lagSeconds: Spread }> {
  const response = await fetch(`${house.stack.mailUrl}/api/messages`, { signal: AbortSignal.timeout(60_000) });
  const messages = (await response.json()) as { date: string; subject: string }[];
  const { rows } = await sql<{ number: number; confirmed_at: Date }>`select number, confirmed_at from orders
    where event_id = ${event.id}::uuid and confirmed_at >= ${since}`.execute(house.db);
  const confirmed = new Map(rows.map((r) => [r.number, r.confirmed_at.getTime()]));
  const lags: number[] = [];
  for (const { date, subject } of messages) {
    const number = Number(/\(EVT\d{8}(\d+)\)/.exec(subject)?.[1]);
    const at = confirmed.get(number);
    if (at !== undefined) lags.push((Date.parse(date) - at) / 1000);
  }
  return { inCatcher: lags.length, lagSeconds: spread(lags) };
}

/** What must hold: every paid order has a ticket for each place, and the money captured is what the tickets cost. */
async function verify({ house, event, paid }: Stage, run: string): Promise<string[]> {
  const { rows } = await sql<{ confirmed: number; ticketless: number; unsettled: number; total: number; twice: number }>`select
    (select count(*)::int from orders where event_id = ${event.id}::uuid and status = 'confirmed') as confirmed,
    (select count(*)::int from orders o where event_id = ${event.id}::uuid and status = 'confirmed' and
      (select count(*) from order_items i where i.order_id = o.id) <> (select count(*) from tickets t where t.order_id = o.id and voided_at is null)) as ticketless,
    (select count(*)::int from payments y join orders o on o.id = y.order_id where o.event_id = ${event.id}::uuid
      and y.status = 'succeeded' and (y.settled_at is null or o.status <> 'confirmed')) as unsettled,
    (select coalesce(sum(i.price_minor), 0)::bigint from tickets t join order_items i on i.id = t.order_item_id
      where t.event_id = ${event.id}::uuid and t.voided_at is null) as total,
    (select count(*)::int from (select place_id from tickets where event_id = ${event.id}::uuid and voided_at is null
      group by 1 having count(*) > 1) d) as twice`.execute(house.db);
  const now = rows[0]!;
  const state = (await fetch(`${house.stack.stripeUrl}/_standin/state`, { signal: AbortSignal.timeout(60_000) }).then((r) =>
    r.json(),
  )) as any;
  const captured = Number(state.totals?.usd?.net ?? 0);
  const faults: string[] = [];
  if (now.confirmed < paid) faults.push(`${run}: ${paid} orders were answered as confirmed, ${now.confirmed} are`);
  if (now.ticketless) faults.push(`${run}: ${now.ticketless} confirmed orders have not a ticket for each place`);
  if (now.unsettled) faults.push(`${run}: ${now.unsettled} captured payments rest without tickets`);
  if (now.twice) faults.push(`${run}: ${now.twice} places have two live tickets`);
  if (captured !== now.total) faults.push(`${run}: captured ${captured}, but tickets for ${now.total}`);
  return faults;
}

/** The result for people. */
export function ordersReport(result: OrdersResult): string {
  const parts = ['gateway', 'worker', 'temporal', 'postgres', 'stand-in', 'mail', 'load gen', 'others'];
  const best = Math.max(0, ...result.runs.map((r) => r.perSecond));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
  const [floor, floorMs] = [mean(result.floor.map((f) => f.perSecond)), mean(result.floor.map((f) => f.cpuMsEach.all))];
  const ours = (r: OrdersRun) => (OURS.reduce((sum, part) => sum + (r.cpu[part] ?? 0), 0) * 1000) / Math.max(1, r.orders);
  const least = Math.min(...result.runs.map(ours));
  const verdict = (good: boolean) => (good ? 'met' : 'NOT met');
  const three = (s: Spread) => `${s.p50} / ${s.p99} / ${s.max}`;
  return [
    'Orders: book, pay (tok_visa), ticket; one seat each, one event',
    table(
      ['clients', 'orders', 'orders/s', '/min', 'book p50/p99/max ms', 'confirm p50/p99/max ms', 'booking to ticket p50/p99/max ms'],
      result.runs.map((r) => [r.clients, r.orders, r.perSecond, r.perMinute, three(r.book), three(r.confirm), three(r.order)]),
    ),
    '',
    'CPU milliseconds per order, by process',
    table(
      ['clients', ...parts, 'cores busy'],
      result.runs.map((r) => [
        r.clients,
        ...parts.map((p) => round(((r.cpu[p] ?? 0) * 1000) / Math.max(1, r.orders), 1)),
        round(Object.values(r.cpu).reduce((a, b) => a + b, 0) / r.seconds, 2),
      ]),
    ),
    '',
    'Mail after the confirmation',
    table(
      ['clients', 'lag s p50/p99/max', 'in the catcher', 'unsent at the end', 'all sent after s'],
      result.runs.map((r) => [
        r.clients,
        three(r.mail.lagSeconds),
        `${r.mail.inCatcher} of ${r.orders}`,
        r.mail.waiting,
        r.mail.drainedAfterSeconds ?? 'not within limit',
      ]),
    ),
    '',
    "The engine's floor: a bare workflow (update-with-start, one local activity), same server, before and after",
    table(
      ['', 'clients', 'per second', 'p50 ms', 'p99', 'CPU ms each', 'client', 'worker', 'temporal'],
      result.floor.map((f, i) => [
        ...[i ? 'after' : 'before', f.clients, f.perSecond, f.times.p50, f.times.p99],
        ...[f.cpuMsEach.all, f.cpuMsEach.client, f.cpuMsEach.worker, f.cpuMsEach.temporal],
      ]),
    ),
    '',
    `  target orders >= 0.5 of the floor: ${best} of ${round(floor)} = ${round(best / floor, 2)} (${verdict(best / floor >= 0.5)})`,
    `  target CPU of an order (gateway, worker, Temporal, Postgres) <= 2.2 bare workflows: ${round(least)} of ${round(floorMs)} ms = ${round(least / floorMs, 1)} (${verdict(least / floorMs <= 2.2)}); the best known open system: ${THEIRS_MS} ms = ${round(THEIRS_MS / least, 1)} times ours`,
    result.faults.length
      ? `  FAULTS:\n${result.faults.map((f) => `    ${f}`).join('\n')}`
      : '  checked after every run: a ticket for each paid place, captured = ticketed amounts, no place ticketed twice',
  ].join('\n');
}
