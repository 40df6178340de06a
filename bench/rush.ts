// bench/rush: many holds as fast as they come, and a buyer every second beside and after them. How long does who pays wait?
import { sql } from 'kysely';
import { sleep } from '../deploy/local/say.ts';
import { stripeClient } from '../test/support/stripe.ts';
import { type BenchEvent, type House, makeEvent, makePeople, runLoad, settleDatabase } from './house.ts';
import { round, type Spread, spread, table } from './numbers.ts';
import { watchStarts } from './starts.ts';

/** What a buyer does: buys a seat and pays at once, pays for a hold of the rush, pays on the payment page (a webhook), or cancels what is paid. */
const DEEDS = ['at once', 'from the rush', 'webhook', 'cancel'] as const;
type Deed = (typeof DEEDS)[number];

export type RushRun = {
  holds: number;
  /** The holds end within the run, all in the same seconds. */
  ending: boolean;
  perSecond: number;
  /** Milliseconds until the answer ('webhook': until the order is confirmed; 'cancel': until the money is back), by deed. */
  waits: Record<Deed, Spread & { count: number }>;
  /** Answers that were not a 200. */
  odd: Record<string, number>;
  /** From the end of the rush until the last hold's workflow had looked at its order; null: not within the limit. */
  lastStartSeconds: number | null;
};

export type RushResult = { runs: RushRun[]; faults: string[] };

const RUSH_CLIENTS = 64;
const BUYERS = 64;
/** The buyers go on for so long after the rush: longer than any backlog they could meet. */
const AFTER_SECONDS = 24;
const QUIET_SECONDS = 24;
/** Holds that end while the buyers go on, once most of their workflows have been started. */
const ENDING = { holds: 1_000, seconds: 20, afterSeconds: 45 };
const TARGET_MS = 1500;

/** Runs the bench: quiet first, then each size. */
export async function benchRush(house: House): Promise<RushResult> {
  const sizes = house.options.holds ?? [1_000, 3_000, 10_000];
  const people = await makePeople(house, BUYERS);
  const seats = sizes.reduce((sum, size) => sum + size, 0) + 2_000;
  const event = await makeEvent(house, people.organizer, 'Bench: rush', seats);
  await settleDatabase(house);
  const stage: Stage = { house, event, tokens: people.buyers, next: 0 };
  const short = await makeEvent(house, people.organizer, 'Bench: holds that end', ENDING.holds, ENDING.seconds);

  house.say('warming up, then a quiet hour: nobody but a buyer every second');
  for (let i = 0; i < 8; i++) await deed(stage, DEEDS[i % DEEDS.length]!);
  const result: RushResult = { runs: [await rush(stage, 0, QUIET_SECONDS)], faults: [] };
  for (const size of sizes) {
    await settleDatabase(house);
    result.runs.push(await rush(stage, size, AFTER_SECONDS));
  }
  await settleDatabase(house);
  result.runs.push(await rush(stage, ENDING.holds, ENDING.afterSeconds, short));
  const [quiet, ...rushes] = result.runs;
  for (const run of rushes) result.faults.push(...faultsOf(run, quiet!));
  return result;
}

type Stage = { house: House; event: BenchEvent; tokens: string[]; next: number };
type Wait = { deed: Deed; ms: number; status: string };

async function rush(stage: Stage, holds: number, afterSeconds: number, ending?: BenchEvent): Promise<RushRun> {
  const { house, event, tokens } = stage;
  const waits: Wait[] = [];
  let over = false;
  const buyers = (async () => {
    const flying: Promise<void>[] = [];
    for (let i = 0; !over; i++) {
      flying.push(deed(stage, DEEDS[i % DEEDS.length]!).then((wait) => void waits.push(wait)));
      await sleep(1000);
    }
    await Promise.all(flying);
  })();
  let perSecond = 0;
  if (holds) {
    house.say(`${holds} holds as fast as they come${ending ? `, which end after ${ENDING.seconds} s` : ''}`);
    const from = ending ? 0 : stage.next;
    if (!ending) stage.next += holds;
    const job = { kind: 'claims' as const, clients: RUSH_CLIENTS, seconds: 120, maxRequests: holds, eventId: (ending ?? event).id };
    const done = await runLoad({ ...job, tokens, seats: (ending ?? event).seatsFile, from }, house.gateways);
    perSecond = round(done.done / done.seconds);
    house.say(`  ${perSecond} holds/s; buyers go on`);
  }
  const lag = holds ? watchStarts(house) : undefined;
  await sleep(1000 * afterSeconds);
  over = true;
  await buyers;
  const odd: Record<string, number> = {};
  for (const { deed: what, status } of waits) if (status !== '200') odd[`${what}: ${status}`] = (odd[`${what}: ${status}`] ?? 0) + 1;
  const of = (what: Deed) => waits.filter((wait) => wait.deed === what).map((wait) => wait.ms);
  const run: RushRun = {
    holds,
    ending: ending !== undefined,
    perSecond,
    waits: Object.fromEntries(DEEDS.map((what) => [what, { ...spread(of(what)), count: of(what).length }])) as RushRun['waits'],
    odd,
    lastStartSeconds: (await lag)?.settledAfterSeconds ?? (holds ? null : 0),
  };
  house.say(`  ${DEEDS.map((what) => `${what} ${run.waits[what].p50}/${run.waits[what].max} ms`).join(', ')}`);
  return run;
}

async function deed(stage: Stage, what: Deed): Promise<Wait> {
  const { house, event, tokens } = stage;
  const who = Math.floor(Math.random() * tokens.length);
  const mine = what === 'from the rush' ? await fromTheRush(stage) : undefined;
  const id = mine?.id ?? (await book(house, tokens[who]!, event.id, event.seats[stage.next++]!));
  const token = mine?.token ?? tokens[who]!;
  if (what === 'webhook') {
    const { data } = (await ask(house, 'POST', `/api/v1/payments/initiate/${id}`, token)).body;
    const began = performance.now();
    await stripeClient(house.stack.stripeUrl!).paymentIntents.confirm(data.payment_intent_id, { payment_method: 'pm_card_visa' });
    const status = await until(
      async () => (await column(house, sql`select status as is from orders where id = ${id}::uuid`)) === 'confirmed',
    );
    return { deed: what, ms: performance.now() - began, status };
  }
  const began = performance.now();
  const paid = await ask(house, 'POST', `/api/v1/bookings/${id}/confirm`, token, {
    payment_method: 'credit_card',
    payment_details: { token: 'tok_visa' },
  });
  if (what !== 'cancel' || paid.status !== 200) return { deed: what, ms: performance.now() - began, status: String(paid.status) };
  const asked = performance.now();
  const { status } = await ask(house, 'DELETE', `/api/v1/bookings/${id}`, token);
  const back = await until(
    async () => (await column(house, sql`select status as is from refunds where order_id = ${id}::uuid`)) === 'succeeded',
  );
  return { deed: what, ms: performance.now() - asked, status: status === 200 ? back : String(status) };
}

/** Some hold nobody has paid, whose buyer pays now; a new one where there is none. */
async function fromTheRush({ house, event, tokens }: Stage): Promise<{ id: string; token: string } | undefined> {
  const { rows } = await sql<{ id: string; email: string }>`select o.id, a.email from orders o join accounts a on a.id = o.account_id
    where o.event_id = ${event.id}::uuid and o.status = 'pending' and not exists (select from payments y where y.order_id = o.id)
    order by random() limit 1`.execute(house.db);
  return rows[0] && { id: rows[0].id, token: tokens[Number(/\d+/.exec(rows[0].email)![0])]! };
}

async function book(house: House, token: string, eventId: string, seat: string): Promise<string> {
  const answer = await ask(house, 'POST', '/api/v1/bookings', token, { event_id: eventId, seat_ids: [seat] });
  return answer.body.data.booking.id;
}

async function ask(house: House, method: string, path: string, token: string, body?: unknown): Promise<{ status: number; body: any }> {
  const response = await fetch(`http://127.0.0.1:${house.stack.ports.gateway}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const column = async (house: House, query: ReturnType<typeof sql>) => (await query.execute(house.db)).rows.map((row: any) => row.is)[0];

async function until(came: () => Promise<boolean>): Promise<string> {
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    if (await came()) return '200';
    await sleep(20);
  }
  return 'not within 60 s';
}

/** Every deed within 1.5 s or four times the quiet figure, and no answer but 200. */
function faultsOf(run: RushRun, quiet: RushRun): string[] {
  const faults = Object.entries(run.odd).map(([what, n]) => `${run.holds} holds: ${n} x ${what}`);
  for (const what of DEEDS) {
    const most = Math.max(TARGET_MS, 4 * quiet.waits[what].p50);
    if (run.waits[what].p99 > most) faults.push(`${run.holds} holds: ${what}: p99 ${run.waits[what].p99} ms, target ${round(most)} ms`);
  }
  return faults;
}

/** The result for people. */
export function rushReport({ runs, faults }: RushResult): string {
  const quiet = runs[0]!;
  return [
    'Rush: holds as fast as they come (64 clients); beside and after them a buyer every second. Milliseconds, p50 / p99',
    table(
      ['holds', 'holds/s', ...DEEDS, 'of quiet (p99, worst)', 'odd answers', 'last start ran after'],
      runs.map((run) => [
        run.ending ? `${run.holds}, ending` : run.holds || 'none (quiet)',
        run.perSecond,
        ...DEEDS.map((what) => `${run.waits[what].p50} / ${run.waits[what].p99} (${run.waits[what].count})`),
        run.holds ? round(Math.max(...DEEDS.map((what) => run.waits[what].p99 / Math.max(1, quiet.waits[what].p50)))) : '',
        Object.values(run.odd).reduce((sum, n) => sum + n, 0),
        run.holds ? (run.lastStartSeconds === null ? 'limit' : `${run.lastStartSeconds} s`) : '',
      ]),
    ),
    '  at once, from the rush: confirm answered; webhook: order confirmed after the payment page; cancel: money back at the bank',
    faults.length
      ? `  NOT met:\n${faults.map((fault) => `    ${fault}`).join('\n')}`
      : '  target p99 <= max(1.5 s, 4 x quiet), no 202, no 410: met',
  ].join('\n');
}
