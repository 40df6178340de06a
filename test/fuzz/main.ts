// `npm run fuzz -- [--minutes 10]`: starts a private stack, lets schemathesis loose on the API as each kind of caller, says what it found, stops everything.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../bench/numbers.ts';
import { netFaults } from '../../deploy/local/net.ts';
import { baseEnv } from '../../deploy/local/processes.ts';
import { ClearError, say, step } from '../../deploy/local/say.ts';
import type { Stack } from '../../deploy/local/stack.ts';
import { runTool } from '../../deploy/local/tool.ts';
import { unwatch, watch } from '../../deploy/local/watchdog.ts';
import { pythonWith } from '../support/python.ts';
import { configuration, exemplify } from './config.ts';
import { type Caller, startWorld, type World } from './world.ts';

/** Pinned: the checks and their configuration change between releases. */
const SCHEMATHESIS = { packages: ['schemathesis==4.32.5'], modules: ['schemathesis.cli'] };

const USAGE = `npm run fuzz -- [options]
  --minutes N      how long, for all callers together (10; at most 240)
  --api NAME       evently, easyticket, hackload or registrations (evently)
  --as NAME        only as anonymous, user, organizer or admin; may be repeated
  --seed N         the same requests again (it is printed with every run)
  --only REGEX     only paths that fit`;

/** How the time is shared out: what a buyer can do is the most. */
const SHARE: Record<string, number> = { anonymous: 0.2, user: 0.4, organizer: 0.2, admin: 0.2 };

/** What the last requests have begun may take so long to end. */
const NET_MS = 120_000;

/** Where each API's document is. */
const DOCUMENTS: Record<string, string> = {
  evently: '/api/v1/openapi.json',
  easyticket: '/api/schema/easyticket/',
  hackload: '/api/schema/hackload/',
  registrations: '/api/schema/registrations/',
};

type Options = { seconds: number; api: string; as: string[]; seed: number; only: string | undefined };
type Summary = { caller: string; cases: number; operations: string; failures: number; found: string[]; ok: boolean };

let fuzzer: ReturnType<typeof spawn> | undefined;

async function main(own: (stack: Stack | undefined) => void): Promise<number> {
  const options = readOptions();
  const python = await pythonWith(SCHEMATHESIS, say);
  say('fuzz: a private stack on free ports');
  const world = await startWorld(say, own);
  const callers = world.callers.filter(({ name }) => options.as.includes(name));
  const shares = callers.reduce((sum, { name }) => sum + SHARE[name]!, 0);
  const summaries: Summary[] = [];
  for (const caller of callers)
    summaries.push(await fuzz(python, world, caller, options, Math.max(10, Math.round((options.seconds * SHARE[caller.name]!) / shares))));
  const { requests, faults } = heard(world);
  const net = await step(say, 'the net', () => netFaults(world.stack, NET_MS));
  for (const line of net) say(`the net finds: ${line}`);
  await world.stack.stop();
  own(undefined);
  console.log(report(summaries, requests, faults, options));
  return summaries.every((s) => s.ok) && faults.length === 0 && net.length === 0 ? 0 : 1;
}

/** One caller's run. Its failures, with a curl command for each, are printed by schemathesis itself. */
async function fuzz(python: string, world: World, caller: Caller, options: Options, seconds: number): Promise<Summary> {
  const dir = join(world.stack.dataDir, 'fuzz', caller.name);
  mkdirSync(dir, { recursive: true });
  const [config, schema, result] = ['schemathesis.toml', 'openapi.json', 'result.json'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(config, configuration(caller));
  const document = await (await fetch(world.url + DOCUMENTS[options.api]!)).json();
  writeFileSync(schema, JSON.stringify(exemplify(document, caller.known)));
  say(`fuzz: as ${caller.name}, ${seconds} s, seed ${options.seed}`);
  const args = ['-m', 'schemathesis.cli', '--config-file', config, 'run', schema, '--url', world.url];
  args.push('--max-time', String(seconds), '--seed', String(options.seed), '--report', 'json', '--report-json-path', result);
  // A caller who signs out, or ends its own key, is nobody for the rest of the run.
  if (caller.name !== 'anonymous') args.push('--exclude-path-regex', caller.key ? '/auth/logout/?$|/billetter/keys/' : '/auth/logout/?$');
  if (options.only) args.push('--include-path-regex', options.only);
  const code = await run(python, args, dir);
  if (!existsSync(result)) throw new ClearError(`schemathesis ended with exit code ${code} and without a result`);
  const { operations, test_cases: cases, failures, errors } = JSON.parse(readFileSync(result, 'utf8'));
  return {
    caller: caller.name,
    cases: cases.generated,
    operations: `${operations.tested} of ${operations.selected}`,
    failures: cases.unique_failures + errors.length,
    found: [...failures, ...errors].map((f: any) => `${f.count} x ${f.title}: ${(f.operations ?? []).join(', ')}`),
    ok: code === 0,
  };
}

function run(command: string, args: string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // A group of its own, as all parts have: Ctrl-C reaches this process alone, which then stops things in the right order.
    const child = spawn(command, args, { cwd, env: baseEnv(), stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    fuzzer = child;
    if (child.pid) watch(child.pid, 'SIGTERM');
    child.once('error', reject);
    child.once('exit', (code) => {
      if (child.pid) unwatch(child.pid);
      fuzzer = undefined;
      resolve(code ?? 1);
    });
  });
}

/** The gateway's own view: how many requests it answered, and what it called an unexpected error, whoever saw it. */
function heard({ stack: { logDir } }: World): { requests: number; faults: string[] } {
  const lines = readFileSync(join(logDir, 'gateway.log'), 'utf8').split('\n');
  const faults = lines.filter((line) => /"msg":"(unexpected error|response failed)"/.test(line)).map((line) => JSON.parse(line));
  return {
    requests: lines.filter((line) => line.includes('"msg":"request"')).length,
    faults: [...new Set(faults.map(({ route, err }) => `${route ?? '?'}: ${err?.message}`))],
  };
}

function report(summaries: Summary[], requests: number, faults: string[], { seed }: Options): string {
  const failures = summaries.reduce((sum, s) => sum + s.failures, 0);
  return [
    '',
    table(
      ['as', 'test cases', 'operations', 'failures'],
      summaries.map((s) => [s.caller, s.cases, s.operations, s.failures]),
    ),
    ...summaries.flatMap((s) => s.found.map((line) => `  as ${s.caller}: ${line}`)),
    ...faults.map((line) => `  in the gateway's log: ${line}`),
    '',
    `${requests} requests, ${failures} failures, ${faults.length} unexpected errors in the gateway (seed ${seed})`,
  ].join('\n');
}

function readOptions(): Options {
  const options = {
    minutes: { type: 'string', default: '10' },
    api: { type: 'string', default: 'evently' },
    as: { type: 'string', multiple: true, default: Object.keys(SHARE) },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  } as const;
  let given: ReturnType<typeof parseArgs<{ options: typeof options }>>;
  try {
    given = parseArgs({ options });
  } catch (error) {
    throw new ClearError(`${(error as Error).message}\n${USAGE}`);
  }
  const { minutes, api, as, seed, only, help } = given.values;
  if (help) {
    console.log(USAGE);
    process.exit(0);
  }
  const seconds = Math.round(Number(minutes) * 60);
  if (!(seconds >= 10 && seconds <= 240 * 60)) throw new ClearError(`--minutes takes a number up to 240\n${USAGE}`);
  const unknown = as.filter((name) => !(name in SHARE));
  if (unknown.length) throw new ClearError(`there is no caller called ${unknown.join(', ')}\n${USAGE}`);
  if (!(api in DOCUMENTS)) throw new ClearError(`there is no API called ${api}\n${USAGE}`);
  if (!/^\d{1,9}$/.test(seed)) throw new ClearError(`--seed takes a whole number\n${USAGE}`);
  return { seconds, api, as: [...as], seed: Number(seed), only };
}

runTool(main, (signal) => {
  if (fuzzer?.pid) process.kill(-fuzzer.pid, signal);
});
