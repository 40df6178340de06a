// bench/reads: the seat map and the page of a 100,000-seat event (cold, warm, unchanged, delta, while it sells) and the list of 10,000 events.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { sleep } from '../deploy/local/say.ts';
import { create } from '../services/events/eventCreation.ts';
import { cpuBetween } from './cpu.ts';
import { type House, inProcess, makePeople, profiled, settleDatabase } from './house.ts';
import { round, type Spread, table } from './numbers.ts';
import type { RawAnswer } from './rawHttp.ts';
import type { ReadJob, ReadResult } from './readClients.ts';
import { request, Wire } from './wire.ts';

export type ReadRun = {
  what: string;
  clients: number;
  perSecond: number;
  times: Spread;
  kb: number;
  statuses: Record<string, number>;
  cores: Record<string, number>;
  /** The same bytes from node's own HTTP server, right after. */
  raw?: { perSecond: number; p99: number };
};
export type ReadsResult = { cold: { what: string; ms: number; kb: number }[]; runs: ReadRun[]; faults: string[] };

const SECTIONS = 100;
const EVENTS = 10_000;
const TARGET_MS = 20;
const CLIENTS = 64;
const WARM_UP = 'warm up';

/** Runs the bench. */
export async function benchReads(house: House): Promise<ReadsResult> {
  const { say, db, stack } = house;
  const { buyers } = await makePeople(house, 4);
  say('an event of 100,000 seats, 10,000 events of 20');
  const big = await makeBig(house);
  await makeMany(house);
  await settleDatabase(house);
  const url = `http://127.0.0.1:${stack.ports.gateway}`;
  const seats = `/api/v1/events/${big}/seats`;
  const detail = `/api/v1/events/${big}`;
  const cold = [await once('event, cold', url + detail, 'gzip'), await once('seats, first, gzip', url + seats, 'gzip')];
  cold.push(
    await once('seats, all, the second form', `${url + seats}?status=all`, 'gzip'),
    await once('seats, again', url + seats, 'gzip'),
    await once('events, cold', `${url}/api/v1/events`, 'gzip'),
  );
  const runs: ReadRun[] = [];
  const run = async (what: string, job: Partial<ReadJob>, beside?: 'raw') => {
    if (house.options.only && !what.includes(house.options.only) && what !== WARM_UP) return;
    const measured = await profiled(house, () => measure(house, what, job));
    if (beside) measured.raw = await rawOf(house, job);
    runs.push(measured);
  };
  const gzip = 'Accept-Encoding: gzip\r\n';
  const etag = (await fetch(url + seats)).headers.get('etag')!;
  const same = `${gzip}If-None-Match: ${etag}\r\n`;
  await run(WARM_UP, { paths: [seats], headers: same, seconds: 5 });
  await run('seats unchanged (304)', { paths: [seats], headers: same }, 'raw');
  await run(
    'seats of one section of 1,000',
    {
      paths: Array.from({ length: SECTIONS }, (_, i) => `${seats}?section=S${i}`),
      headers: gzip,
    },
    'raw',
  );
  await run('seats whole, gzip, each once in 2 s', { paths: [seats], headers: gzip, everyMs: 2000 });
  await run('seats whole, plain, each once in 5 s', { paths: [seats], headers: '', everyMs: 5000 });
  await run('seats whole, gzip, as fast as it goes', { paths: [seats], headers: gzip });
  await run('event', { paths: [detail], headers: gzip }, 'raw');
  const { number } = await db.selectFrom('events').select('number').where('id', '=', big).executeTakeFirstOrThrow();
  await run("Hackload's free seats, five", { paths: [`/api/seats?event_id=${number}&status=FREE&pageSize=5`], headers: '' }, 'raw');
  const detailTag = (await fetch(url + detail)).headers.get('etag')!;
  await run('event unchanged (304)', { paths: [detail], headers: `${gzip}If-None-Match: ${detailTag}\r\n` });
  const selling = sell(house, big, buyers);
  await sleep(500);
  const seq = (await fetch(url + seats)).headers.get('x-seats-seq')!;
  await run('while 20/s are sold: delta', { paths: [`${seats}?since=${seq}`], headers: gzip });
  await run('while 20/s are sold: seats of one section', {
    paths: Array.from({ length: SECTIONS }, (_, i) => `${seats}?section=S${i}`),
    headers: gzip,
  });
  await run('while 20/s are sold: whole, gzip, each once in 2 s', { paths: [seats], headers: gzip, everyMs: 2000 });
  await run('while 20/s are sold: event', { paths: [detail], headers: gzip });
  await run('while 20/s are sold: events, page 1', { paths: ['/api/v1/events'], headers: gzip });
  const faults = await selling.stop();
  for (let i = 1; !house.options.only && i <= EVENTS / 20; i += 1)
    for (const status of ['', '&status=upcoming']) await (await fetch(`${url}/api/v1/events?page=${i}${status}`)).arrayBuffer(); // warm means read before
  await run('events, page 1', { paths: ['/api/v1/events'], headers: gzip }, 'raw');
  await run('events, any of 500 pages', {
    paths: Array.from({ length: EVENTS / 20 }, (_, i) => `/api/v1/events?page=${i + 1}`),
    headers: gzip,
  });
  await run('events, status=upcoming, any page', {
    paths: Array.from({ length: EVENTS / 20 }, (_, i) => `/api/v1/events?status=upcoming&page=${i + 1}`),
    headers: gzip,
  });
  await run('event, any of 200', { paths: await pathsOfMany(house, 200), headers: gzip });
  await run('event, any of 10,000', { paths: await pathsOfMany(house, EVENTS), headers: gzip });
  for (const r of runs)
    if (Object.keys(r.statuses).some((s) => s !== '200' && s !== '304')) faults.push(`${r.what}: ${JSON.stringify(r.statuses)}`);
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from places p where event_id = ${big}::uuid and sold_at is null
    and (order_id is null or held_until <= now())`.execute(db);
  const said = ((await (await fetch(`${url}${seats}?section=none`)).json()) as any).data.summary.total_available;
  if (said !== rows[0]!.n) faults.push(`the seat map says ${said} are available, the database ${rows[0]!.n}`);
  const page = ((await (await fetch(url + detail)).json()) as any).data.available_seats;
  if (page !== rows[0]!.n) faults.push(`the event's page says ${page} are available, the database ${rows[0]!.n}`);
  return { cold, runs: runs.slice(1), faults };
}

async function makeBig({ db }: House): Promise<string> {
  const startsAt = new Date(Date.now() + 30 * 86_400_000);
  const sections = Array.from({ length: SECTIONS }, (_, i) => ({
    name: `S${i}`,
    rows: ['A', 'B', 'C', 'D'],
    seatsPerRow: 250,
    priceMinor: 5000 + i,
  }));
  return create(
    db,
    {
      organizerId: null,
      name: 'Bench: stadium',
      description: '',
      venueId: null,
      startsAt,
      endsAt: new Date(startsAt.getTime() + 7_200_000),
      currency: 'USD',
      holdSeconds: 3600,
      status: 'published',
      sections,
    },
    {},
  );
}

async function makeMany({ db }: House): Promise<void> {
  await sql`with venue as (insert into venues (name, city, capacity) values ('Bench Hall', 'Aarhus', 1000) returning id),
    e as (insert into events (slug, venue_id, name, description, starts_at, ends_at, capacity, status)
      select 'bench-' || n, venue.id, 'Bench event ' || n, repeat('What happens there. ', 10), now() + make_interval(hours => n), now() + make_interval(hours => n + 2), 20, 'published'
      from venue, generate_series(1, ${EVENTS}::int) n returning id)
    insert into offers (event_id, name, price_minor, currency, quantity, seated) select id, t.name, t.price, 'USD', 10, true
    from e, (values ('Front', 9000), ('Back', 4000)) as t (name, price)`.execute(db);
  await sql`insert into places (event_id, offer_id, section, row_label, seat_label, position)
    select o.event_id, o.id, o.name, 'A', s::text, s - 1 from offers o join events e on e.id = o.event_id, generate_series(1, 10) s where e.slug like 'bench-%' and o.quantity = 10`.execute(
    db,
  );
}

async function pathsOfMany({ db }: House, count: number): Promise<string[]> {
  const rows = await db.selectFrom('events').select('id').where('slug', 'like', 'bench-%').limit(count).execute();
  return rows.map(({ id }) => `/api/v1/events/${id}`);
}

async function once(what: string, url: string, encoding: string) {
  const began = performance.now();
  const response = await fetch(url, { headers: { 'accept-encoding': encoding } });
  const length = Number(response.headers.get('content-length') ?? 0);
  await response.arrayBuffer();
  return { what, ms: round(performance.now() - began), kb: round(length / 1024) };
}

/** What node's own HTTP server does with the same answer and the same readers, so that the rest is ours. */
async function rawOf(house: House, job: Partial<ReadJob>): Promise<{ perSecond: number; p99: number }> {
  const sent = Object.fromEntries(
    (job.headers ?? '')
      .split('\r\n')
      .filter(Boolean)
      .map((line) => line.split(': ') as [string, string]),
  );
  const sample = await fetch(`http://127.0.0.1:${house.stack.ports.gateway}${job.paths![0]}`, { headers: sent });
  const kb = Number(sample.headers.get('content-length') ?? 0) / 1024;
  await sample.arrayBuffer();
  const unset = new Set(['connection', 'keep-alive', 'content-length', 'date', 'transfer-encoding']);
  const headers = Object.fromEntries([...sample.headers].filter(([name]) => !unset.has(name)));
  const server = await rawServer({ status: sample.status, headers, kb });
  try {
    const full: ReadJob = {
      port: server.port,
      clients: CLIENTS,
      seconds: house.options.rawSeconds,
      paths: ['/'],
      headers: job.headers ?? '',
      everyMs: 0,
    };
    const done = await inProcess<ReadResult>('readClients.ts', full, full.seconds + 60);
    return { perSecond: round(done.done / done.seconds), p99: done.times.p99 };
  } finally {
    server.child.disconnect();
  }
}

function rawServer(answer: RawAnswer): Promise<{ port: number; child: ChildProcess }> {
  const child = fork(fileURLToPath(new URL('rawHttp.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
  child.send(answer);
  return new Promise((resolve, reject) => {
    child.once('message', (port) => resolve({ port: port as number, child }));
    child.once('exit', (code) => reject(new Error(`the raw server ended with ${code}`)));
  });
}

export async function measure(house: House, what: string, job: Partial<ReadJob>): Promise<ReadRun> {
  house.say(what);
  const full: ReadJob = {
    port: house.stack.ports.gateway,
    clients: CLIENTS,
    seconds: house.options.seconds,
    paths: [],
    headers: '',
    everyMs: 0,
    ...job,
  };
  const before = house.cpu();
  const done = await inProcess<ReadResult>('readClients.ts', full, full.seconds + 60);
  const cores = Object.entries(cpuBetween(before, house.cpu(), { readers: done.cpuSeconds })).map(([name, s]) => [
    name,
    round(s / done.seconds, 2),
  ]);
  return {
    what,
    clients: full.clients,
    perSecond: round(done.done / done.seconds),
    times: done.times,
    kb: round(done.bytes / done.done / 1024),
    statuses: done.statuses,
    cores: Object.fromEntries(cores),
  };
}

/** Books twenty seats a second, one at a time, until stopped. */
function sell(house: House, eventId: string, tokens: string[]) {
  let selling = true;
  const faults: string[] = [];
  const wire = new Wire(house.stack.ports.gateway);
  const loop = (async () => {
    const { rows } = await sql<{
      id: string;
    }>`select id from places where event_id = ${eventId}::uuid order by md5(id::text) limit 3000`.execute(house.db);
    for (const [i, { id }] of rows.entries()) {
      if (!selling) break;
      const answer = await wire.ask(request('POST', '/api/v1/bookings', tokens[i % tokens.length]!, { event_id: eventId, seat_ids: [id] }));
      if (answer?.status !== 201) faults.push(`booking answered ${answer?.status}`);
      await sleep(50);
    }
    wire.close();
  })();
  return {
    async stop() {
      selling = false;
      await loop;
      return faults;
    },
  };
}

/** The result for people. */
export function readsReport(result: ReadsResult): string {
  return [
    'Reads: an event of 100,000 seats, 10,000 events',
    ...result.cold.map((c) => `  ${c.what}: ${c.ms} ms, ${c.kb} KB`),
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
        'KB each',
        'gateway',
        'postgres',
        'readers',
        'others',
        `p99 <= ${TARGET_MS}`,
        'raw/s',
        'raw p99',
        'of raw',
      ],
      result.runs.map((r) => [
        r.what,
        r.clients,
        r.perSecond,
        r.times.p50,
        r.times.p90,
        r.times.p99,
        r.times.max,
        r.kb,
        ...['gateway', 'postgres', 'readers', 'others'].map((c) => r.cores[c] ?? 0),
        r.times.p99 <= TARGET_MS ? 'met' : 'NOT met',
        ...(r.raw ? [r.raw.perSecond, r.raw.p99, round(r.perSecond / r.raw.perSecond, 2)] : ['', '', '']),
      ]),
    ),
    ...(result.faults.length ? ['', '  FAULTS:', ...result.faults.map((f) => `    ${f}`)] : []),
  ].join('\n');
}
