// bench/claims: bookings per second over HTTP, on free seats and on one hot seat, beside the raw limit of the same statement in the same run.
import { sql } from 'kysely';
import { cpuBetween } from './cpu.ts';
import { type BenchEvent, type House, makeEvent, makePeople, profiled, runLoad, settleDatabase } from './house.ts';
import { round, type Spread } from './numbers.ts';
import { prepareRaw, type RawResult } from './raw.ts';
import { type Lag, rawStarts, waitingStarts, watchStarts } from './starts.ts';

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

/** A sale that ends: so many claims, and how long until the last of their workflows is at the engine. `raw`: starts a second that the engine can do. */
export type Sale = { clients: number; claims: number; seconds: number; starts: Lag; raw: number; faults: string[] };

export type ClaimsResult = {
  raw: RawResult[];
  rawHow: string;
  runs: ClaimsRun[];
  ratios: { clients: number; ofRaw: number; ofBare: number }[];
  sale: Sale;
  faults: string[];
};

/** No machine this runs on claims faster; it sizes the events, and a run that comes to their end stops. */
const FREE_PER_SECOND = 2500;
const RAW_PER_SECOND = 8000;
const MAX_SEATS = 250_000;
const MAX_PLACES = 50;
const WARM_SECONDS = 3;
const SALE = 3000;
/** Claims do not come slower than this. */
const SALE_SECONDS = 60;

/** Runs the bench. */
export async function benchClaims(house: House): Promise<ClaimsResult> {
  const { options, say } = house;
  const levels = options.clients ?? [1, 8, 64];
  const people = await makePeople(house, Math.max(...levels));
  const seats = Math.min(MAX_SEATS, Math.ceil((levels.length * options.seconds + WARM_SECONDS) * FREE_PER_SECOND));
  const event = await makeEvent(house, people.organizer, 'Bench: claims', seats);
  const rawSeats = Math.min(MAX_SEATS, Math.ceil(levels.length * 2 * options.rawSeconds * RAW_PER_SECOND));
  const raw = await prepareRaw(house, await makeEvent(house, people.organizer, 'Bench: raw', rawSeats), MAX_PLACES);
  const sold = await makeEvent(house, people.organizer, 'Bench: a sale', SALE);
  await settleDatabase(house);

  // The last seats of the event are the hot ones, one for each run.
  const hot = event.seats.slice(-levels.length);
  const stage: Stage = { house, event, tokens: people.buyers, last: event.seats.length - levels.length, next: 0, claimed: 0 };
  say(`warming up for ${WARM_SECONDS} s`);
  const warm = await load(stage, 8, WARM_SECONDS);
  stage.claimed += warm.statuses['201'] ?? 0;
  await leaveUnstarted(stage);

  const runs: Omit<ClaimsResult, 'sale' | 'faults'> = { raw: [], rawHow: raw.how, runs: [], ratios: [] };
  for (const [i, clients] of levels.entries()) {
    say(`raw limit and bare writes in turns, ${clients} client(s), ${options.rawSeconds} s each`);
    const limit = await raw.run(clients);
    say(`  ${limit.perSecond} claims/s, p50 ${limit.p50} ms, p99 ${limit.p99} ms; bare writes ${limit.bare.perSecond}/s`);
    runs.raw.push(limit);
    const free = await measure(stage, clients);
    const [ofRaw, ofBare] = [round(free.perSecond / limit.perSecond, 2), round(limit.perSecond / limit.bare.perSecond, 2)];
    runs.ratios.push({ clients, ofRaw, ofBare });
    runs.runs.push(free, await measure(stage, clients, hot[i]));
  }
  const sale = await sell({ house, event: sold, tokens: people.buyers, last: SALE, next: 0, claimed: 0 }, Math.max(...levels));
  return { ...runs, sale, faults: [...runs.runs, sale].flatMap((one) => one.faults) };
}

/** A sale that ends, and the wait until all of its workflows have started. */
async function sell(stage: Stage, clients: number): Promise<Sale> {
  const { house } = stage;
  house.say(`a sale of ${SALE} seats, ${clients} client(s)`);
  const done = await load(stage, clients, SALE_SECONDS);
  const claims = done.statuses['201'] ?? 0;
  const starts = await watchStarts(house);
  const faults = await verify({ ...stage, claimed: claims }, 'the sale', done.statuses['no answer'] ?? 0);
  if (claims !== SALE) faults.push(`the sale: ${claims} of ${SALE} seats were sold: ${statusText(done.statuses)}`);
  house.say(`  starts: ${starts.perSecond ?? '-'} a second; now the engine's own limit`);
  return { clients, claims, seconds: round(done.seconds, 2), starts, raw: await rawStarts(house), faults };
}

/** Nobody waits for the workflows of the runs' orders that have not started: their starts are dropped, and nothing ends these holds. */
async function leaveUnstarted({ house, event }: Stage): Promise<Lag> {
  const left = await waitingStarts(house);
  house.oddities.push({ id: event.id, checks: ['workflows', 'places/overdue'] });
  await sql`delete from outbox b using orders o where b.topic = 'order.created' and o.id = b.subject_id and o.event_id = ${event.id}::uuid`.execute(
    house.db,
  );
  return { ...(await watchStarts(house)), ...left };
}

/** Where claims are measured. `last`: seats before this one are asked for, from `next` on. */
export type Stage = {
  house: House;
  event: BenchEvent;
  tokens: string[];
  last: number;
  next: number /** orders there must be */;
  claimed: number;
};

async function load(stage: Stage, clients: number, seconds: number, hotSeat?: string) {
  const { house, event, tokens } = stage;
  const maxRequests = hotSeat ? 1_000_000 : stage.last - stage.next;
  const result = await runLoad(
    { kind: 'claims', clients, seconds, maxRequests, eventId: event.id, tokens, seats: event.seatsFile, from: stage.next, hotSeat },
    house.gateways,
  );
  stage.next = result.next;
  return result;
}

/** Measures claims of free seats, or of one hot seat, over HTTP; what they leave to the engine is dropped. */
export async function measure(stage: Stage, clients: number, hotSeat?: string): Promise<ClaimsRun> {
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
  const starts = await leaveUnstarted(stage);
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

/** How many answers of each kind there were. */
export const statusText = (statuses: Record<string, number>) =>
  Object.entries(statuses)
    .map(([status, n]) => `${n} x ${status}`)
    .join(', ');
