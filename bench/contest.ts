// bench/contest: the contest's booking scenario with 10, 100 and 1,000 buyers, and selecting at 64 clients beside the raw statement in the same run.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { stadium } from '../deploy/local/stadium.ts';
import { importedHash } from '../services/accounts/imported.ts';
import { create } from '../services/events/eventCreation.ts';
import { claimStatement } from '../services/orders/claim/statement.ts';
import { type ContestJob, type ContestResult, PASSWORD } from './contestClients.ts';
import { cpuBetween } from './cpu.ts';
import { type Child, type House, inProcess, profiled, settleDatabase } from './house.ts';
import { round, type Spread, table } from './numbers.ts';
import { line, pgbench } from './pgbench.ts';

export type Stadium = { id: string; number: number };

type ScenarioRun = ContestResult & { buyers: number; share: number; perSecond: number };
type SelectRun = {
  clients: number;
  perSecond: number;
  raw: Spread & { perSecond: number };
  ofRaw: number;
  times: Spread;
  cpuMsEach: Record<string, number>;
};

export type ContestReport = { scenario: ScenarioRun[]; select: SelectRun[]; memory: Record<string, number>; faults: string[] };

const BUYERS = 100_000;
const SEATS_OF_A_BOOKING = 20;
const LIMITS = { maxPlaces: 50, maxPerAccount: 50 };
const [PLACE, ORDER, ACCOUNT] = ['a', 'b', 'c'].map((one) => `00000000-0000-4000-8000-${one.repeat(12)}`) as [string, string, string];

/** Runs the bench. */
export async function benchContest(house: House): Promise<ContestReport> {
  const { options, say } = house;
  say(`${BUYERS} buyers with imported passwords, three stadiums of 100,000 seats`);
  await makeBuyers(house);
  const [contest, selecting, raw] = [
    await makeStadium(house, 'Contest'),
    await makeStadium(house, 'Selecting'),
    await makeStadium(house, 'Raw'),
  ];
  await makeRawBookings(house, raw);
  await settleDatabase(house);

  const report: ContestReport = { scenario: [], select: [], memory: {}, faults: [] };
  let next = 0;
  const run = async (job: Pick<ContestJob, 'kind' | 'clients' | 'event'>, seconds = options.seconds) => {
    const done = await contestants(house, { ...job, seconds, from: next, most: 1_000_000, pauseMs: 0 });
    next = done.next;
    return done;
  };

  await run({ kind: 'booking', clients: 8, event: contest.number }, 2);
  for (const buyers of [10, 100, 1_000]) {
    say(`the contest's scenario, ${buyers} buyers, ${options.seconds} s`);
    const done = await run({ kind: 'booking', clients: buyers, event: contest.number });
    const failed = Object.values(done.failed).reduce((a, b) => a + b, 0);
    const share = round(done.good / Math.max(1, done.good + done.conflicts + failed), 4);
    say(`  ${round(done.good / done.seconds)} bookings/s, ${round(share * 100, 2)} % good; ${JSON.stringify(done.failed)}`);
    report.scenario.push({ ...done, buyers, share, perSecond: round(done.good / done.seconds) });
    if (share < 0.99) report.faults.push(`${buyers} buyers: ${round(share * 100, 2)} % good, target 99 %`);
  }

  let base = 0;
  for (const clients of options.clients ?? [8, 64]) {
    say(`selecting: the statement in pgbench, ${clients} client(s)`);
    const limit = await pgbench(house, [rawScript(house, raw, clients)], clients, { k: -1, base });
    base += (Math.ceil(limit.perSecond * options.rawSeconds) + clients) * 2;
    say(`  ${limit.perSecond}/s; over HTTP, ${options.seconds} s`);
    const before = house.cpu();
    const done = await profiled(house, () => run({ kind: 'select', clients, event: selecting.number }));
    const used = Object.entries(cpuBetween(before, house.cpu(), { 'load gen': done.cpuSeconds }));
    const perSecond = round(done.good / done.seconds);
    const cpuMsEach = Object.fromEntries(used.map(([name, s]) => [name, round((1000 * s) / Math.max(1, done.good), 2)]));
    report.select.push({
      clients,
      perSecond,
      raw: limit,
      ofRaw: round(perSecond / limit.perSecond, 2),
      times: done.times.select!,
      cpuMsEach,
    });
    if (Object.keys(done.failed).length) report.faults.push(`selecting, ${clients} client(s): ${JSON.stringify(done.failed)}`);
  }
  report.memory = memory(house);
  report.faults.push(...(await soldTwice(house)));
  return report;
}

/** Runs buyers in a process of their own. */
export const contestants = (
  house: House,
  job: Omit<ContestJob, 'port' | 'seats' | 'paygate'> & Partial<ContestJob>,
  how?: Child,
): Promise<ContestResult> =>
  inProcess('contestClients.ts', { seats: 0, paygate: '', ...job, port: house.stack.ports.gateway }, job.seconds + 120, how);

/** Buyers as an import leaves them: SHA-256 of their password. */
export async function makeBuyers({ db }: House, count = BUYERS): Promise<void> {
  const hash = importedHash(createHash('sha256').update(PASSWORD).digest('hex'))!;
  await sql`insert into accounts (id, email, password_hash, email_verified_at)
    select md5('buyer ' || n)::uuid, 'buyer' || n || '@contest.test', ${hash}, now() from generate_series(0, ${count - 1}::int) n`.execute(
    db,
  );
}

/** The contest's event: 100,000 seats in five price zones. */
export async function makeStadium({ db }: House, name: string, sections = stadium()): Promise<Stadium> {
  const [startsAt, endsAt] = [30, 31].map((days) => new Date(Date.now() + days * 86_400_000)) as [Date, Date];
  const event = { organizerId: null, name, description: '', venueId: null, startsAt, endsAt, currency: 'KZT', holdSeconds: 7200 };
  const id = await create(db, { ...event, status: 'published', sections }, {});
  const { number } = await db.selectFrom('events').select('number').where('id', '=', id).executeTakeFirstOrThrow();
  return { id, number };
}

/** Empty bookings and seats whose ids can be computed from a number. */
async function makeRawBookings(house: House, { id }: Stadium): Promise<void> {
  await sql`update places p set id = md5('place ' || r.n)::uuid
    from (select id, row_number() over (order by random()) - 1 as n from places where event_id = ${id}::uuid) r where p.id = r.id`.execute(
    house.db,
  );
  await sql`insert into orders (id, event_id, account_id, total_minor, currency, expires_at)
    select md5('booking ' || n)::uuid, ${id}::uuid, md5('buyer ' || n)::uuid, 0, 'KZT', now() + interval '2 hours'
    from generate_series(0, ${100_000 / SEATS_OF_A_BOOKING - 1}::int) n`.execute(house.db);
  await sql`vacuum (full, analyze) places`.execute(house.db);
  house.oddities.push({ id, checks: ['workflows', 'places/overdue'] });
}

/** What selecting a seat is to the database: the claim. */
function rawScript({ db }: House, { id }: Stadium, clients: number): string {
  const claim = claimStatement({
    ...{ accountId: ACCOUNT, eventId: id, into: ORDER, want: { places: [PLACE] }, places: [PLACE], offers: [], count: 1 },
    terms: { holdSeconds: 900, ...LIMITS },
  }).compile(db);
  const booking = `:n / ${SEATS_OF_A_BOOKING}`;
  const text = line(claim)
    .replaceAll(`'${PLACE}'`, "md5('place ' || :n::text)")
    .replaceAll(`'{${PLACE}}'`, "array[md5('place ' || :n::text)]")
    .replaceAll(`'${ORDER}'`, `md5('booking ' || (${booking})::text)`)
    .replaceAll(`'${ACCOUNT}'`, `md5('buyer ' || (${booking})::text)`);
  return `\\set k :k + 1\n\\set n permute(:base + :k * ${clients} + :client_id, 100000, 42)\n${text}`;
}

/** Resident memory of gateway and worker, in MB. */
export function memory({ gateway, worker }: House): Record<string, number> {
  const of = (pid: number | undefined) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  return { gateway: round(of(gateway.pid), 0), worker: round(of(worker.pid), 0) };
}

/** No place in two live orders, and each that a live order has is held by it. */
export async function soldTwice({ db }: House): Promise<string[]> {
  const live = sql`(o.status = 'confirmed' or (o.status = 'pending' and o.expires_at > now()))`;
  const { rows } = await sql<{ twice: number; astray: number }>`
    with mine as materialized (select i.place_id, o.id from order_items i join orders o on o.id = i.order_id where ${live})
    select (select count(*)::int from (select place_id from mine group by 1 having count(*) > 1) d) as twice,
      (select count(*)::int from mine join places p on p.id = mine.place_id where p.order_id is distinct from mine.id) as astray`.execute(
    db,
  );
  const { twice, astray } = rows[0]!;
  return [
    ...(twice ? [`${twice} seats are in two live bookings`] : []),
    ...(astray ? [`${astray} seats are not held by their booking`] : []),
  ];
}

/** The result for people. */
export function contestReport({ scenario, select, memory: used, faults }: ContestReport): string {
  const cell = (s: Spread | undefined) => (s ? `${s.p50} / ${s.p99}` : '-');
  return [
    "The contest's scenario: book, list free seats, select the first, find it among the bookings; a new buyer each time (ms: p50 / p99)",
    table(
      ['buyers', 'rounds/s', 'good', 'conflicts', 'failed', 'good %', 'book', 'list', 'select', 'look', 'round'],
      scenario.map((r) => [
        ...[r.buyers, r.perSecond, r.good, r.conflicts, Object.values(r.failed).reduce((a, b) => a + b, 0), round(r.share * 100, 2)],
        ...['book', 'list', 'select', 'look', 'round'].map((name) => cell(r.times[name])),
      ]),
    ),
    '',
    'Selecting a seat; raw: the claim in pgbench -M prepared',
    table(
      ['by', 'clients', 'per second', 'p50 ms', 'p99', 'of raw', 'gateway ms', 'postgres ms'],
      select.flatMap((r) => [
        ['raw', r.clients, r.raw.perSecond, r.raw.p50, r.raw.p99, 1, '', ''],
        ['HTTP', r.clients, r.perSecond, r.times.p50, r.times.p99, r.ofRaw, r.cpuMsEach.gateway ?? 0, r.cpuMsEach.postgres ?? 0],
      ]),
    ),
    `  memory at the end, MB: gateway ${used.gateway}, worker ${used.worker}`,
    ...faults.map((fault) => `  FAULT: ${fault}`),
  ].join('\n');
}
