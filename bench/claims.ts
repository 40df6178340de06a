// bench/claims: bookings per second over HTTP, on free seats and on one hot seat, beside the raw limit of the same statement in the same run.
import { sql } from 'kysely';
import { cpuBetween } from './cpu.ts';
import { type BenchEvent, type House, makeEvent, makePeople, profiled, runLoad, settleDatabase } from './house.ts';
import { round, type Spread, table } from './numbers.ts';
import { prepareRaw, type RawResult } from './raw.ts';
import { type Lag, watchStarts } from './starts.ts';

export type ClaimsRun = Spread & {
  seats: 'free' | 'hot';
  clients: number;
  requests: number;
  seconds: number;
  perSecond: number;
  statuses: Record<string, number>;
  /** CPU seconds, by process. */
  cpu: Record<string, number>;
  /** CPU milliseconds of gateway and postgres per request. */
  cpuMsPerRequest: number;
  starts: Lag;
  faults: string[];
};

export type ClaimsResult = {
  raw: RawResult[];
  rawHow: string;
  runs: ClaimsRun[];
  ratios: { clients: number; ofRaw: number }[];
  faults: string[];
};

/** No machine this runs on claims faster; it sizes the events, and a run that comes to their end stops. */
const FREE_PER_SECOND = 2500;
const RAW_PER_SECOND = 8000;
const MAX_SEATS = 250_000;
const MAX_PLACES = 50;
const WARM_SECONDS = 3;

/** Runs the bench. */
export async function benchClaims(house: House): Promise<ClaimsResult> {
  const { options, say } = house;
  const levels = options.clients ?? [1, 8, 64];
  const people = await makePeople(house, Math.max(...levels));
  const seats = Math.min(MAX_SEATS, Math.ceil((levels.length * options.seconds + WARM_SECONDS) * FREE_PER_SECOND));
  const event = await makeEvent(house, people.organizer, 'Bench: claims', seats);
  const rawSeats = Math.min(MAX_SEATS, Math.ceil(levels.length * options.rawSeconds * RAW_PER_SECOND));
  const raw = await prepareRaw(house, await makeEvent(house, people.organizer, 'Bench: raw', rawSeats), MAX_PLACES);
  await settleDatabase(house);

  // The last seats of the event are the hot ones, one for each run.
  const hot = event.seats.slice(-levels.length);
  const stage: Stage = { house, event, tokens: people.buyers, last: event.seats.length - levels.length, next: 0, claimed: 0 };
  say(`warming up for ${WARM_SECONDS} s`);
  const warm = await load(stage, 8, WARM_SECONDS);
  stage.claimed += warm.statuses['201'] ?? 0;
  await watchStarts(house);

  const result: ClaimsResult = { raw: [], rawHow: raw.how, runs: [], ratios: [], faults: [] };
  for (const [i, clients] of levels.entries()) {
    say(`raw limit, ${clients} client(s), ${options.rawSeconds} s`);
    const limit = await raw.run(clients);
    say(`  ${limit.perSecond} claims/s, p50 ${limit.p50} ms, p99 ${limit.p99} ms`);
    result.raw.push(limit);
    const free = await measure(stage, clients);
    result.ratios.push({ clients, ofRaw: round(free.perSecond / limit.perSecond, 2) });
    result.runs.push(free, await measure(stage, clients, hot[i]));
  }
  result.faults = result.runs.flatMap((one) => one.faults);
  return result;
}

type Stage = { house: House; event: BenchEvent; tokens: string[]; last: number; next: number /** orders there must be */; claimed: number };

async function load(stage: Stage, clients: number, seconds: number, hotSeat?: string) {
  const { house, event, tokens } = stage;
  const maxRequests = hotSeat ? 1_000_000 : stage.last - stage.next;
  const result = await runLoad(
    { kind: 'claims', clients, seconds, maxRequests, eventId: event.id, tokens, seats: event.seatsFile, from: stage.next, hotSeat },
    house.stack.ports.gateway,
  );
  stage.next = result.next;
  return result;
}

async function measure(stage: Stage, clients: number, hotSeat?: string): Promise<ClaimsRun> {
  const { house } = stage;
  const seats = hotSeat ? 'hot' : 'free';
  house.say(`${seats === 'hot' ? 'one hot seat' : 'free seats'} over HTTP, ${clients} client(s), ${house.options.seconds} s`);
  await sql`checkpoint`.execute(house.db);
  const before = house.cpu();
  const done = await profiled(house, () => load(stage, clients, house.options.seconds, hotSeat));
  const cpu = cpuBetween(before, house.cpu(), { 'load gen': done.cpuSeconds });
  const perSecond = round(done.done / done.seconds);
  const times = done.times.all ?? { p50: 0, p90: 0, p99: 0, max: 0 };
  house.say(`  ${perSecond} requests/s, p50 ${times.p50} ms, p99 ${times.p99} ms; ${statusText(done.statuses)}`);
  const starts = await watchStarts(house);
  stage.claimed += done.statuses['201'] ?? 0;
  const faults = await verify(stage, `${seats} seats, ${clients} client(s)`, done.statuses['no answer'] ?? 0);
  if (hotSeat && done.statuses['201'] !== 1) faults.push(`hot seat, ${clients} client(s): sold ${done.statuses['201'] ?? 0} times`);
  const odd = Object.entries(done.statuses).filter(([status]) => status !== '201' && !(hotSeat && status === '409'));
  if (odd.length) faults.push(`${seats} seats, ${clients} client(s): unexpected answers ${statusText(Object.fromEntries(odd))}`);
  const cpuMsPerRequest = round((((cpu.gateway ?? 0) + (cpu.postgres ?? 0)) * 1000) / Math.max(1, done.done), 2);
  return {
    seats,
    clients,
    requests: done.done,
    seconds: round(done.seconds, 2),
    perSecond,
    ...times,
    statuses: done.statuses,
    cpu,
    cpuMsPerRequest,
    starts,
    faults,
  };
}

/** What must hold after every run: each place in one live order at most and held by that one, and as many orders as claims were answered. */
async function verify({ house, event, claimed }: Stage, run: string, unanswered: number): Promise<string[]> {
  const live = sql`(o.status = 'confirmed' or (o.status = 'pending' and o.expires_at > now()))`;
  const { rows } = await sql<{ twice: number; astray: number; orders: number; held: number }>`select
    (select count(*)::int from (select i.place_id from order_items i join orders o on o.id = i.order_id
      where o.event_id = ${event.id}::uuid and ${live} group by 1 having count(*) > 1) d) as twice,
    (select count(*)::int from order_items i join orders o on o.id = i.order_id join places p on p.id = i.place_id
      where o.event_id = ${event.id}::uuid and ${live} and p.order_id is distinct from o.id) as astray,
    (select count(*)::int from orders where event_id = ${event.id}::uuid) as orders,
    (select count(*)::int from places where event_id = ${event.id}::uuid and order_id is not null) as held`.execute(house.db);
  const { twice, astray, orders, held } = rows[0]!;
  const faults: string[] = [];
  if (twice) faults.push(`${run}: ${twice} places are in two live orders`);
  if (astray) faults.push(`${run}: ${astray} places of live orders are not held by them`);
  if (orders < claimed || orders > claimed + unanswered)
    faults.push(`${run}: ${claimed} claims were answered, but there are ${orders} orders`);
  if (held !== orders) faults.push(`${run}: ${held} places are held, but there are ${orders} orders of one place each`);
  return faults;
}

const statusText = (statuses: Record<string, number>) =>
  Object.entries(statuses)
    .map(([status, n]) => `${n} x ${status}`)
    .join(', ');

/** The result for people. */
export function claimsReport(result: ClaimsResult): string {
  const parts = ['gateway', 'postgres', 'temporal', 'worker', 'load gen', 'others'];
  const lag = ({ starts }: ClaimsRun) =>
    starts.drainedAfterSeconds === null ? `${starts.left} left after limit` : `${starts.drainedAfterSeconds} s`;
  const free = result.runs.filter((r) => r.seats === 'free');
  const top = free.at(-1);
  const refused = result.runs.filter((r) => r.seats === 'hot').at(-1);
  const verdict = (good: boolean) => (good ? 'met' : 'NOT met');
  return [
    'Claims: POST /api/v1/bookings, one seat each; the raw limit is the same statement without HTTP',
    table(
      ['seats', 'clients', 'req/s', 'p50 ms', 'p90', 'p99', 'max', 'of raw', 'CPU ms/req', 'answers'],
      result.raw.flatMap((raw) => [
        [
          'raw',
          raw.clients,
          raw.perSecond,
          raw.p50,
          raw.p90,
          raw.p99,
          raw.max,
          1,
          round(((raw.cpu.postgres ?? 0) * 1000) / raw.done, 2),
          `${raw.done}${raw.refused ? `, ${raw.refused} refused` : ''}`,
        ],
        ...result.runs
          .filter((r) => r.clients === raw.clients)
          .map((r) => [
            r.seats,
            r.clients,
            r.perSecond,
            r.p50,
            r.p90,
            r.p99,
            r.max,
            r.seats === 'free' ? round(r.perSecond / raw.perSecond, 2) : '',
            r.cpuMsPerRequest,
            statusText(r.statuses),
          ]),
      ]),
    ),
    `  raw: ${result.rawHow}; CPU ms/req: gateway and postgres together (raw: postgres)`,
    '',
    'CPU seconds by process during the run',
    table(
      ['seats', 'clients', 'run s', ...parts],
      result.runs.map((r) => [r.seats, r.clients, r.seconds, ...parts.map((p) => r.cpu[p] ?? 0)]),
    ),
    '',
    'Workflow starts behind the claims',
    table(
      [
        'clients',
        'claims',
        'started in the run',
        'waiting at its end',
        'oldest s',
        'all started after',
        'starts/s alone',
        'first steps done after',
      ],
      free.map((r) => [
        r.clients,
        r.statuses['201'] ?? 0,
        (r.statuses['201'] ?? 0) - r.starts.rows,
        r.starts.rows,
        r.starts.oldestSeconds,
        lag(r),
        r.starts.perSecond ?? '-',
        r.starts.settledAfterSeconds === null ? 'limit' : `${r.starts.settledAfterSeconds} s`,
      ]),
    ),
    '',
    ...(top && refused
      ? [
          `  target >= 800 claims/s at ${top.clients} clients: ${top.perSecond} (${verdict(top.perSecond >= 800)}); p99 <= 150 ms: ${top.p99} (${verdict(top.p99 <= 150)}); >= 0.3 of raw: ${result.ratios.at(-1)!.ofRaw} (${verdict(result.ratios.at(-1)!.ofRaw >= 0.3)})`,
          `  target refusals cheaper than successes: ${refused.cpuMsPerRequest} against ${top.cpuMsPerRequest} ms of CPU each (${verdict(refused.cpuMsPerRequest < top.cpuMsPerRequest)})`,
        ]
      : []),
    result.faults.length
      ? `  FAULTS:\n${result.faults.map((f) => `    ${f}`).join('\n')}`
      : '  checked with SQL after every run: no place held or sold twice, claims = orders = held places',
  ].join('\n');
}
