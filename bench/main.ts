// `npm run bench -- [claims|orders|rush|live|reads|catalog|baskets|webhooks|door|contest|sellout|search|idle|soak|growth] [options]`: starts a private stack, measures, prints a table, writes bench/results/, stops everything.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { netFaults } from '../deploy/local/net.ts';
import { ROOT } from '../deploy/local/processes.ts';
import { ClearError, say, step } from '../deploy/local/say.ts';
import type { Stack } from '../deploy/local/stack.ts';
import { runTool } from '../deploy/local/tool.ts';
import { basketsReport, benchBaskets } from './baskets.ts';
import { benchCatalog, catalogReport } from './catalog.ts';
import { benchClaims } from './claims.ts';
import { claimsReport } from './claimsReport.ts';
import { benchContest, contestReport } from './contest.ts';
import { benchDoor, doorReport } from './door.ts';
import { benchGrowth, growthReport } from './growth.ts';
import { type House, type Options, startHouse } from './house.ts';
import { benchIdle, idleReport } from './idle.ts';
import { benchLive, liveReport } from './live.ts';
import { describeMachine, load, machineLines } from './machine.ts';
import { benchOrders, ordersReport } from './orders.ts';
import { benchReads, readsReport } from './reads.ts';
import { benchRush, rushReport } from './rush.ts';
import { benchSearch, searchReport } from './search.ts';
import { benchSellout, selloutReport } from './sellout.ts';
import { benchSoak, soakReport } from './soak.ts';
import { benchWebhooks, webhooksReport } from './webhooks.ts';

const USAGE = `npm run bench -- [claims|orders|rush|live|reads|catalog|baskets|webhooks|door|contest|sellout|search|idle|soak|growth] [options]     (without a name: claims and orders)
  --seconds N        length of each run (10; at most 120; soak 14000)
  --clients 1,8,64   concurrency levels (claims 1,8,64; orders 1,8,16)
  --holds 1000,3000  rush: how many holds; sellout: how many seats (100,000)
  --rate N           soak: orders begun in a second (5)
  --raw-seconds N    length of each run of the raw limit (5)
  --drain N          wait at most so long for workflow starts and mails after a run (180)
  --temporal disk    disk as npm start has it, or memory
  --only TEXT        reads: only the runs with this in their name; growth: processes or tables
  --rows N           search: how many archived events (6000000)
  --database URL     use this database, and leave it as it is then: search fills it once (15 minutes)
  --profile DIR      write V8 CPU profiles of gateway and worker to DIR
  --env NAME=VALUE   a setting for gateway and worker, may be repeated`;

const BENCHES = {
  claims: async (house: House) => {
    const result = await benchClaims(house);
    return { result, text: claimsReport(result), faults: result.faults };
  },
  orders: async (house: House) => {
    const result = await benchOrders(house);
    return { result, text: ordersReport(result), faults: result.faults };
  },
  rush: async (house: House) => {
    const result = await benchRush(house);
    return { result, text: rushReport(result), faults: result.faults };
  },
  live: async (house: House) => {
    const result = await benchLive(house);
    return { result, text: liveReport(result), faults: result.faults };
  },
  reads: async (house: House) => {
    const result = await benchReads(house);
    return { result, text: readsReport(result), faults: result.faults };
  },
  catalog: async (house: House) => {
    const result = await benchCatalog(house);
    return { result, text: catalogReport(result), faults: result.faults };
  },
  baskets: async (house: House) => {
    const result = await benchBaskets(house);
    return { result, text: basketsReport(result), faults: result.faults };
  },
  webhooks: async (house: House) => {
    const result = await benchWebhooks(house);
    return { result, text: webhooksReport(result), faults: result.faults };
  },
  door: async (house: House) => {
    const result = await benchDoor(house);
    return { result, text: doorReport(result), faults: result.faults };
  },
  contest: async (house: House) => {
    const result = await benchContest(house);
    return { result, text: contestReport(result), faults: result.faults };
  },
  sellout: async (house: House) => {
    const result = await benchSellout(house);
    return { result, text: selloutReport(result), faults: result.faults };
  },
  search: async (house: House) => {
    const result = await benchSearch(house);
    return { result, text: searchReport(result), faults: result.faults };
  },
  idle: async (house: House) => {
    const result = await benchIdle(house);
    return { result, text: idleReport(result), faults: result.faults };
  },
  growth: async (house: House) => {
    const result = await benchGrowth(house);
    return { result, text: growthReport(result), faults: result.faults };
  },
  soak: async (house: House) => {
    const result = await benchSoak(house);
    return { result, text: soakReport(result), faults: result.faults };
  },
};
/** Settings of gateway and worker that a bench needs. */
const SETTINGS: Partial<Record<Name, Record<string, string>>> = { sellout: { PAYGATE_EVENTS: 'all' }, idle: { RATE_LIMITS: 'on' } };
/** The net may find thousands of the same kind. */
const NET_LINES = 20;
type Name = keyof typeof BENCHES;

async function main(own: (stack: Stack | undefined) => void): Promise<number> {
  const { names, options } = readOptions();
  const before = load();
  let faults = 0;
  for (const name of names) {
    say(`bench ${name}: a private stack on free ports`);
    const house = await startHouse({ ...options, env: { ...SETTINGS[name], ...options.env } }, say, own);
    const began = new Date();
    const machine = await describeMachine(house, before);
    const { result, text, faults: found } = await BENCHES[name](house);
    const net = await step(say, 'the net', () => netFaults(house.stack, options.drainSeconds * 1000, { leaveOut: house.oddities }));
    for (const line of net.slice(0, NET_LINES)) say(`the net finds: ${line}`);
    faults += found.length + net.length;
    await house.stop();
    own(undefined);
    const file = join(ROOT, 'bench', 'results', `${began.toISOString().slice(0, 16).replace(':', '')}-${name}.json`);
    mkdirSync(join(ROOT, 'bench', 'results'), { recursive: true });
    writeFileSync(file, `${JSON.stringify({ bench: name, began, machine, options, ...result }, null, 2)}\n`);
    console.log(`\n${machineLines(machine)}\n\n${text}\n\n  written: ${relative(process.cwd(), file)}\n`);
  }
  return faults ? 1 : 0;
}

function readOptions(): { names: Name[]; options: Options } {
  const options = {
    seconds: { type: 'string', default: '10' },
    clients: { type: 'string' },
    holds: { type: 'string' },
    rate: { type: 'string', default: '5' },
    'raw-seconds': { type: 'string', default: '5' },
    drain: { type: 'string', default: '180' },
    temporal: { type: 'string', default: 'disk' },
    only: { type: 'string' },
    rows: { type: 'string', default: '6000000' },
    database: { type: 'string' },
    profile: { type: 'string' },
    env: { type: 'string', multiple: true, default: [] as string[] },
    help: { type: 'boolean', default: false },
  } as const;
  let given: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    given = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new ClearError(`${(error as Error).message}\n${USAGE}`);
  }
  const { values, positionals } = given;
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const unknown = positionals.filter((name) => !(name in BENCHES));
  if (unknown.length) throw new ClearError(`there is no bench called ${unknown.join(', ')}\n${USAGE}`);
  if (values.temporal !== 'disk' && values.temporal !== 'memory') throw new ClearError(`--temporal is disk or memory\n${USAGE}`);
  return {
    names: positionals.length ? (positionals as Name[]) : ['claims', 'orders'],
    options: {
      seconds: whole('--seconds', values.seconds, positionals.includes('soak') ? 14_000 : 120),
      rate: whole('--rate', values.rate, 1000),
      rawSeconds: whole('--raw-seconds', values['raw-seconds'], 60),
      drainSeconds: whole('--drain', values.drain, 900),
      clients: values.clients?.split(',').map((text) => whole('--clients', text, 256)),
      holds: values.holds?.split(',').map((text) => whole('--holds', text, 100_000)),
      temporal: values.temporal,
      only: values.only,
      rows: whole('--rows', values.rows, 100_000_000),
      database: values.database,
      profile: values.profile && resolve(values.profile),
      env: Object.fromEntries(values.env.map((pair) => [pair.split('=')[0]!, pair.slice(pair.indexOf('=') + 1)])),
    },
  };
}

function whole(name: string, text: string | undefined, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new ClearError(`${name} takes whole numbers from 1 to ${most}\n${USAGE}`);
  return value;
}

runTool(main);
