// bench/live: how long after its commit a change reaches 2,000 screens: real bookings and cancellations over HTTP, and holds that end by themselves.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { sleep } from '../deploy/local/say.ts';
import { cpuBetween } from './cpu.ts';
import { type House, makeEvent, makePeople, settleDatabase } from './house.ts';
import type { Ask, Cause, Told } from './liveClients.ts';
import { round, type Spread, table } from './numbers.ts';
import { request, Wire } from './wire.ts';

export type LiveRun = {
  what: string;
  perSecond: number;
  changes: number;
  messages: number;
  missing: number;
  fromRequest: Spread;
  fromAnswer: Spread;
  openedMs: number;
  gatewayMb: { before: number; open: number; after: number };
  cores: Record<string, number>;
};
export type LiveResult = { sockets: number; runs: LiveRun[]; faults: string[] };

const SOCKETS = 2_000;
const TARGET_MS = 500;
const HOLD_SECONDS = 4;

/** Runs the bench. */
export async function benchLive(house: House): Promise<LiveResult> {
  const people = await makePeople(house, 8);
  const runs: LiveRun[] = [];
  for (const [what, rate, kind] of [
    ['book, cancel', 10, 'cancel'],
    ['book, cancel', 100, 'cancel'],
    ['hold ends by itself', 20, 'expire'],
  ] as const) {
    const event = await makeEvent(house, people.organizer, `Bench: live ${runs.length}`, 5000);
    if (kind === 'expire') await sql`update events set hold_seconds = ${HOLD_SECONDS} where id = ${event.id}::uuid`.execute(house.db);
    await settleDatabase(house);
    house.say(`${what}: ${rate} a second before ${SOCKETS} screens`);
    runs.push(await measure(house, what, kind, rate, event, people.buyers));
  }
  const faults = runs.flatMap((r) => (r.missing ? [`${r.what} ${r.perSecond}/s: ${r.missing} messages did not arrive`] : []));
  return { sockets: SOCKETS, runs, faults };
}

async function measure(
  house: House,
  what: string,
  kind: 'cancel' | 'expire',
  rate: number,
  event: { id: string; seats: string[] },
  tokens: string[],
): Promise<LiveRun> {
  const before = rss(house.gateway.pid!);
  const child = fork(fileURLToPath(new URL('liveClients.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
  const ask = <T>(message: Ask) =>
    new Promise<T>((resolve, reject) => {
      child.once('message', (told) => resolve(told as T));
      child.once('exit', () => reject(new Error('liveClients ended')));
      child.send(message);
    });
  try {
    const { opened } = await ask<Extract<Told, { opened: unknown }>>({
      open: { port: house.stack.ports.gateway, eventId: event.id, sockets: SOCKETS },
    });
    const open = rss(house.gateway.pid!);
    await sleep(1000);
    const cpu = house.cpu();
    const began = performance.now();
    const causes = await act(house, kind, rate, event, tokens);
    const seconds = (performance.now() - began) / 1000;
    await sleep(1500);
    const after = rss(house.gateway.pid!);
    const used = house.cpu();
    const { arrivals } = await ask<Extract<Told, { arrivals: unknown }>>({ report: causes });
    const cores = Object.entries(cpuBetween(cpu, used, { screens: arrivals.cpuSeconds })).map(([name, s]) => [
      name,
      round(s / (seconds + 1.5), 2),
    ]);
    return {
      what,
      perSecond: round(causes.length / seconds),
      changes: causes.length,
      messages: arrivals.messages,
      missing: arrivals.missing,
      fromRequest: arrivals.fromRequest,
      fromAnswer: arrivals.fromAnswer,
      openedMs: opened.ms,
      gatewayMb: { before, open, after },
      cores: Object.fromEntries(cores),
    };
  } finally {
    child.kill('SIGKILL');
  }
}

const now = () => performance.timeOrigin + performance.now();

/** Books a seat so many times a second, and cancels it half a second later or lets its hold end; what that caused, and when. */
async function act(
  house: House,
  kind: 'cancel' | 'expire',
  rate: number,
  event: { id: string; seats: string[] },
  tokens: string[],
): Promise<Cause[]> {
  const causes: Cause[] = [];
  const free: Wire[] = [];
  const ask = async (text: string) => {
    const wire = free.pop() ?? new Wire(house.stack.ports.gateway);
    const from = now();
    const answer = await wire.ask(text);
    free.push(wire);
    return { from, to: now(), answer };
  };
  const one = async (seat: string, token: string) => {
    const booked = await ask(request('POST', '/api/v1/bookings', token, { event_id: event.id, seat_ids: [seat] }));
    if (booked.answer?.status !== 201) throw new Error(`booking answered ${booked.answer?.status}`);
    causes.push({ seat, status: 'held', from: booked.from, to: booked.to });
    if (kind === 'expire') return;
    await sleep(500);
    const { id } = JSON.parse(booked.answer.body).data.booking;
    const cancelled = await ask(request('DELETE', `/api/v1/bookings/${id}`, token));
    if (cancelled.answer?.status !== 200) throw new Error(`cancellation answered ${cancelled.answer?.status}`);
    causes.push({ seat, status: 'available', from: cancelled.from, to: cancelled.to });
  };
  const doings: Promise<void>[] = [];
  const began = performance.now();
  const bookings = Math.min(event.seats.length, (kind === 'cancel' ? rate / 2 : rate) * house.options.seconds);
  for (let i = 0; i < bookings; i++) {
    const due = began + (i * 1000 * house.options.seconds) / bookings;
    if (due > performance.now()) await sleep(due - performance.now());
    doings.push(one(event.seats[i]!, tokens[i % tokens.length]!));
  }
  await Promise.all(doings);
  for (const wire of free) wire.close();
  if (kind === 'cancel') return causes;
  await sleep((HOLD_SECONDS + 1) * 1000);
  const { rows } = await sql<{
    seat: string;
    at: number;
  }>`select place_ids[1] as seat, (extract(epoch from held_until) * 1000)::float8 as at
    from place_changes where event_id = ${event.id}::uuid and state = 'held'`.execute(house.db);
  return rows.map(({ seat, at }) => ({ seat, status: 'available', from: at, to: at }));
}

function rss(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kb ?? 0) / 1024);
}

/** The result for people. */
export function liveReport(result: LiveResult): string {
  const four = (s: Spread) => `${s.p50} / ${s.p90} / ${s.p99} / ${s.max}`;
  const worst = Math.max(...result.runs.map((r) => r.fromRequest.max));
  return [
    `Live seats: ${result.sockets} screens on one event`,
    table(
      [
        'what',
        'changes/s',
        'messages',
        'missing',
        'ms from request sent p50/p90/p99/max',
        'ms from its answer',
        'gateway MB idle/open/after',
        'opened in ms',
      ],
      result.runs.map((r) => [
        r.what,
        r.perSecond,
        r.messages,
        r.missing,
        four(r.fromRequest),
        four(r.fromAnswer),
        `${r.gatewayMb.before}/${r.gatewayMb.open}/${r.gatewayMb.after}`,
        r.openedMs,
      ]),
    ),
    '',
    'Cores busy',
    ...result.runs.map(
      (r) =>
        `  ${r.what} ${r.perSecond}/s: ${Object.entries(r.cores)
          .map(([name, c]) => `${name} ${c}`)
          .join(', ')}`,
    ),
    '',
    '  The commit lies between "request sent" and "its answer"; a hold that ends is measured from its held_until.',
    `  target: every change at every screen within ${TARGET_MS} ms: worst ${worst} (${worst <= TARGET_MS ? 'met' : 'NOT met'})`,
  ].join('\n');
}
