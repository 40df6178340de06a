// bench/webhooks: deliveries per second at receivers that answer in 5 ms, beside bare POSTs to the same receivers in the same run.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { DEV_SECRETS } from '../config.ts';
import { createPost } from '../services/delivery/webhookPost.ts';
import { secretBox } from '../services/delivery/webhookSecrets.ts';
import { openReceiver, organizer, type Receiver } from '../test/support/hooks.ts';
import { type House, settleDatabase } from './house.ts';
import { round, table } from './numbers.ts';

const ANSWER_MS = 5;
const DELIVERIES = 1_000;
/** Each of an owner of its own. One has the room of one endpoint; with several the worker and the engine are what is busy. */
const ENDPOINTS = [1, 8];
/** What an endpoint is sent at once (services/outbox/webhooks.ts). */
const AT_ONCE = 8;
const RAW_SECONDS = 3;
const LIMIT_MS = 180_000;

export type WebhookRun = {
  endpoints: number;
  /** Bare POSTs a second, as many at once, each over a connection of its own as a delivery's is. */
  rawPerSecond: number;
  perSecond: number;
  ofRaw: number;
  /** How often a receiver was called for one delivery. */
  callsEach: number;
  cpuMsEach: Record<string, number>;
};

export type WebhooksResult = { runs: WebhookRun[]; faults: string[] };

/** Announces 1,000 at once, and waits until all are delivered. */
export async function benchWebhooks(house: House): Promise<WebhooksResult> {
  const result: WebhooksResult = { runs: [], faults: [] };
  await run(house, 1, 100); // warms worker, engine and receiver up
  for (const endpoints of ENDPOINTS) {
    await settleDatabase(house);
    const { fault, ...one } = await run(house, endpoints, DELIVERIES);
    result.runs.push(one);
    if (fault) result.faults.push(fault);
  }
  return result;
}

async function run(house: House, endpoints: number, deliveries: number): Promise<WebhookRun & { fault?: string }> {
  const receivers = await Promise.all(
    Array.from({ length: endpoints }, () => openReceiver((response) => void setTimeout(() => response.writeHead(204).end(), ANSWER_MS))),
  );
  const rawPerSecond = await raw(receivers);
  for (const receiver of receivers) receiver.got.length = 0;

  const worlds = await Promise.all(receivers.map(() => organizer(house.db, secretBox(DEV_SECRETS.WEBHOOKS_SECRET))));
  const hooks = await Promise.all(worlds.map((world, i) => world.endpoint(receivers[i]!.url)));
  house.say(`${deliveries} deliveries to ${endpoints} endpoint(s)`);
  const cpu = house.cpu();
  const began = performance.now();
  await Promise.all(worlds.map((world) => world.announce(deliveries / endpoints)));
  const left = async () => {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from webhook_deliveries
      where endpoint_id = any(${hooks.map((hook) => hook.id)}::uuid[]) and delivered_at is null`.execute(house.db);
    return rows[0]!.n;
  };
  let waiting = deliveries;
  while (waiting && performance.now() - began < LIMIT_MS) {
    await sleep(20);
    waiting = await left();
  }
  const seconds = (performance.now() - began) / 1000;
  const used = cpuBetweenEach(cpu, house.cpu(), deliveries);
  const calls = receivers.reduce((sum, receiver) => sum + receiver.got.length, 0);
  for (const receiver of receivers) receiver.close();
  const perSecond = round((deliveries - waiting) / seconds);
  house.say(`  ${perSecond}/s; bare POSTs ${rawPerSecond}/s`);
  return {
    endpoints,
    rawPerSecond,
    perSecond,
    ofRaw: round(perSecond / rawPerSecond, 3),
    callsEach: round(calls / deliveries, 3),
    cpuMsEach: used,
    ...(waiting && { fault: `${waiting} of ${deliveries} were not delivered within ${LIMIT_MS / 1000} s` }),
  };
}

/** Bare POSTs by the same sender, as many at once as endpoints have room for. */
async function raw(receivers: Receiver[]): Promise<number> {
  const post = createPost({ local: true });
  const end = performance.now() + RAW_SECONDS * 1000;
  let done = 0;
  const client = async (url: string) => {
    for (; performance.now() < end; done++) await post(url, { 'content-type': 'application/json' }, '{}');
  };
  await Promise.all(receivers.flatMap(({ url }) => Array.from({ length: AT_ONCE }, () => client(url))));
  return round(done / RAW_SECONDS);
}

type Cpu = ReturnType<House['cpu']>;

function cpuBetweenEach(before: Cpu, after: Cpu, deliveries: number): Record<string, number> {
  const names = ['worker', 'postgres', 'temporal'] as const;
  return Object.fromEntries(
    names.map((name) => [name, round((1000 * ((after.parts[name] ?? 0) - (before.parts[name] ?? 0))) / deliveries, 2)]),
  );
}

/** The result for people. */
export function webhooksReport({ runs, faults }: WebhooksResult): string {
  return [
    `Webhooks: ${DELIVERIES} announced at once to receivers that answer in ${ANSWER_MS} ms; the limit of 500 a minute is lifted`,
    table(
      ['endpoints', 'bare POSTs/s', 'deliveries/s', 'of raw', 'calls each', 'CPU ms each: worker', 'postgres', 'temporal'],
      runs.map((run) => [
        run.endpoints,
        run.rawPerSecond,
        run.perSecond,
        run.ofRaw,
        run.callsEach,
        run.cpuMsEach.worker ?? 0,
        run.cpuMsEach.postgres ?? 0,
        run.cpuMsEach.temporal ?? 0,
      ]),
    ),
    ...faults.map((fault) => `  FAULT: ${fault}`),
  ].join('\n');
}
