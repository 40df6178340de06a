// bench/door: tickets validated per second, at a gate and by the Ticket API, beside the statement that admits in pgbench.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { DEV_SECRETS } from '../config.ts';
import type { DB } from '../db/tables.ts';
import { admissionStatement } from '../services/tickets/admission.ts';
import { signCode } from '../services/tickets/codes.ts';
import { ticketKeys } from '../services/tickets/keys.ts';
import { cpuBetween } from './cpu.ts';
import { type House, makePeople, profiled, settleDatabase } from './house.ts';
import { round, type Spread, spread, table } from './numbers.ts';
import { line, pgbench } from './pgbench.ts';
import { request, Wire } from './wire.ts';

type Run = Spread & { what: string; clients: number; perSecond: number; ofRaw: number; cpuMsEach: Record<string, number> };
export type DoorResult = { raw: (Spread & { clients: number; perSecond: number })[]; runs: Run[]; faults: string[] };

/** Tickets for each of the two: no run comes to their end. */
const TICKETS = 100_000;
const ID = '00000000-0000-4000-8000-00000000cccc';
const TICKET = '00000000-0000-4000-8000-00000000dddd';
const NONCE = 'a nonce of its own';

/** Runs the bench. */
export async function benchDoor(house: House): Promise<DoorResult> {
  const { db, options, say } = house;
  const levels = options.clients ?? [1, 16, 64];
  const { organizer } = await makePeople(house, 1);
  const account = await db.selectFrom('accounts').select('id').where('email', '=', 'organizer@bench.test').executeTakeFirstOrThrow();
  say(`two events of ${TICKETS} tickets`);
  const [event, rawEvent] = [await makeStock(db, account.id, 'scanned'), await makeStock(db, account.id, 'raw')];
  const keys = ticketKeys({ secret: DEV_SECRETS.TICKET_SECRET, former: [] });
  const codes = event.tickets.map((ticketId) => signCode(keys, { eventId: event.id, ticketId }));
  // Made by hand: no payment, no workflow, no mail.
  for (const { id } of [event, rawEvent]) house.oddities.push({ id, checks: ['workflows', 'orders', 'money', 'deliveries', 'places'] });
  await settleDatabase(house);

  const result: DoorResult = { raw: [], runs: [], faults: [] };
  const stage: Stage = { house, token: organizer, event: event.id, codes, next: 0 };
  await scanAll(stage, 'gate', 8, 2);
  let base = 0;
  for (const clients of levels) {
    say(`the statement in pgbench, ${clients} client(s)`);
    const raw = await pgbench(house, [rawScript(house, account.id, rawEvent.id, clients)], clients, { k: -1, base });
    base += Math.ceil(raw.perSecond * options.rawSeconds) + clients;
    result.raw.push({ clients, ...raw });
    for (const what of ['gate', 'ticket api'] as const) {
      say(`${what}, ${clients} client(s), ${options.seconds} s`);
      const run = await profiled(house, () => scanAll(stage, what, clients, options.seconds));
      result.runs.push({ ...run, ofRaw: round(run.perSecond / raw.perSecond, 2) });
      if (run.refused) result.faults.push(`${what}, ${clients} client(s): ${run.refused} tickets were not admitted`);
    }
  }
  return result;
}

/** An event with sold seats, an order for each; the ids of the raw one's tickets can be computed from a number. */
async function makeStock(db: Kysely<DB>, organizerId: string, name: string): Promise<{ id: string; tickets: string[] }> {
  const { rows } = await sql<{ event: string; offer: string }>`
    with e as (insert into events (slug, name, starts_at, ends_at, capacity, status, organizer_id)
        values (${randomUUID()}, ${name}, now() + interval '30 days', now() + interval '31 days', ${TICKETS}, 'published', ${organizerId}::uuid) returning id, currency)
    insert into offers (event_id, name, price_minor, currency, quantity) select id, 'Pass', 0, currency, ${TICKETS} from e returning event_id as event, id as offer`.execute(
    db,
  );
  const { event, offer } = rows[0]!;
  const id = (kind: string) => sql`md5(${`${kind} ${name} `}::text || n)::uuid`;
  const all = sql`generate_series(0, ${TICKETS - 1}::int) n`;
  await sql`insert into orders (id, event_id, account_id, status, total_minor, currency, expires_at, confirmed_at, buyer_name)
    select ${id('order')}, ${event}::uuid, ${organizerId}::uuid, 'confirmed', 0, (select currency from events where id = ${event}::uuid), now(), now(), 'Guest ' || n from ${all}`.execute(
    db,
  );
  await sql`insert into places (id, event_id, offer_id, position, order_id, sold_at) select ${id('place')}, ${event}::uuid, ${offer}::uuid, n, ${id('order')}, now() from ${all}`.execute(
    db,
  );
  await sql`insert into order_items (id, order_id, place_id, offer_id, price_minor) select ${id('item')}, ${id('order')}, ${id('place')}, ${offer}::uuid, 0 from ${all}`.execute(
    db,
  );
  const tickets = await sql<{
    id: string;
  }>`insert into tickets (id, code, order_id, order_item_id, event_id, offer_id, place_id, holder_name)
    select ${id('ticket')}, ${name}::text || n, ${id('order')}, ${id('item')}, ${event}::uuid, ${offer}::uuid, ${id('place')}, 'Guest ' || n from ${all} returning id`.execute(
    db,
  );
  return { id: event, tickets: tickets.rows.map((row) => row.id) };
}

/** Each client admits another ticket each time, in random order and without one more round trip. */
function rawScript({ db }: House, accountId: string, eventId: string, clients: number): string {
  const asked = { id: ID, ticketId: TICKET, orderId: null, nonce: NONCE, at: null, letIn: null };
  const text = line(admissionStatement([asked], { accountId, admin: false, eventId, gate: 'North' }).compile(db))
    .replaceAll(`'${ID}'`, 'gen_random_uuid()')
    .replaceAll(`'${NONCE}'`, 'gen_random_uuid()::text')
    .replaceAll(`'${TICKET}'`, "md5('ticket raw ' || :n::text)");
  return `\\set k :k + 1\n\\set n permute(:base + :k * ${clients} + :client_id, ${TICKETS}, 42)\n${text}`;
}

type Stage = { house: House; token: string; event: string; codes: string[]; next: number };

async function scanAll(
  stage: Stage,
  what: 'gate' | 'ticket api',
  clients: number,
  seconds: number,
): Promise<Omit<Run, 'ofRaw'> & { refused: number }> {
  const { house, token, event, codes } = stage;
  const times: number[] = [];
  let refused = 0;
  const before = house.cpu();
  const began = performance.now();
  const until = began + seconds * 1000;
  const asked = (code: string) =>
    what === 'gate'
      ? request('POST', `/door/api/events/${event}/scans`, token, { gate: 'North', scans: [{ nonce: randomUUID(), code }] })
      : request('POST', '/api/tickets/check-in/', token, { qr_code_data: code, nonce: randomUUID() });
  const client = async () => {
    const wire = new Wire(house.stack.ports.gateway);
    while (performance.now() < until && stage.next < codes.length) {
      const sent = performance.now();
      const answer = await wire.ask(asked(codes[stage.next++]!));
      times.push(performance.now() - sent);
      if (answer?.status !== 200 || (what === 'gate' && !answer.body.includes('"outcome":"admitted"'))) refused++;
    }
    wire.close();
  };
  await Promise.all(Array.from({ length: clients }, client));
  const took = (performance.now() - began) / 1000;
  const used = Object.entries(cpuBetween(before, house.cpu(), {}));
  const cpuMsEach = Object.fromEntries(used.map(([name, s]) => [name, round((1000 * s) / Math.max(1, times.length), 2)]));
  return { what, clients, perSecond: round(times.length / took), refused, cpuMsEach, ...spread(times) };
}

/** The result for people. */
export function doorReport({ raw, runs, faults }: DoorResult): string {
  const at = (level: number) => runs.find(({ what, clients }) => what === 'gate' && clients === level);
  const top = at(raw.at(-1)!.clients);
  return [
    'Validations: one ticket each; raw: the statement that admits, pgbench -M prepared',
    table(
      ['by', 'clients', 'per second', 'p50 ms', 'p90', 'p99', 'max', 'of raw', 'gateway ms', 'postgres ms'],
      raw.flatMap((limit) => [
        ['raw', limit.clients, limit.perSecond, limit.p50, limit.p90, limit.p99, limit.max, 1, '', ''],
        ...runs
          .filter(({ clients }) => clients === limit.clients)
          .map((r) => [
            r.what,
            r.clients,
            r.perSecond,
            r.p50,
            r.p90,
            r.p99,
            r.max,
            r.ofRaw,
            r.cpuMsEach.gateway ?? 0,
            r.cpuMsEach.postgres ?? 0,
          ]),
      ]),
    ),
    ...(top ? [`  target >= 0.4 of raw at ${top.clients} scanners: ${top.ofRaw} (${top.ofRaw >= 0.4 ? 'met' : 'NOT met'})`] : []),
    ...faults.map((fault) => `  FAULT: ${fault}`),
  ].join('\n');
}
