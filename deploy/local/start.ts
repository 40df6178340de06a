// `npm start`: the whole system on this machine, from nothing to a table of what runs where. Ctrl-C stops it; the next start finds its data.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runs } from './alive.ts';
import { startGateway, startWorker } from './apps.ts';
import { portFaults } from './ports.ts';
import { baseEnv, ROOT, runToEnd, stopEverything } from './processes.ts';
import { ClearError, fail, say, since, step } from './say.ts';
import { readSettings, type Settings } from './settings.ts';
import { onStop } from './signals.ts';
import { type Stack, startStack } from './stack.ts';
import { outliveReaders } from './surroundings.mjs';

outliveReaders();
const began = Date.now();
let stack: Stack | undefined;
let up = false;
let stopping = false;

/** The numbers of the contest's events in the demo data: what is sold of them is paid at the contest's payment gateway. */
const CONTEST = '1,2';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  claimDataDir(settings.dataDir); // first: a second `npm start` should hear that it runs already, not eight lines about ports
  const faults = await portFaults(settings.wanted);
  if (faults.length) throw new ClearError(faults.join('\n'));

  stack = await startStack({
    dataDir: settings.dataDir,
    ports: settings.ports,
    keepAlive: true,
    env: { PAYGATE_EVENTS: CONTEST, ...process.env },
    say,
  });
  await step(say, 'database schema and demo data', () => seed(stack!));
  // Test endpoints may forget every order, so they are for databases and payments that are nobody's but the stack's.
  // The shell's settings (RATE_LIMITS=off, HOLD_SECONDS_EVENTLY=30, keys) reach gateway and worker; the stack's own come after them.
  const own = stack.postgres.process && stack.stripeUrl;
  const env = { ...(process.env as Record<string, string>), ...stack.env, TEST_ENDPOINTS: own ? 'on' : 'off' };
  await Promise.all([
    step(say, 'worker', () => startWorker(stack!, { ...env, METRICS_PORT: String(settings.ports.workerMetrics) })),
    step(say, 'gateway', () => startGateway(stack!, { ...env, METRICS_PORT: '' })),
  ]);
  if (stopping) return;
  up = true;
  console.log(table(stack, settings));
}

function seed({ env, logDir }: Stack): Promise<void> {
  return runToEnd({
    name: 'seed',
    command: process.execPath,
    args: ['--import', 'tsx', 'deploy/local/seed.ts'],
    cwd: ROOT,
    env: { ...baseEnv(), DATABASE_URL: env.DATABASE_URL },
    logFile: join(logDir, 'seed.log'),
  });
}

/** One stack for one data folder: two would share a database, and Temporal's file does not survive that. */
function claimDataDir(dataDir: string): void {
  const file = join(dataDir, 'start.pid');
  const pid = Number(readOr(file, ''));
  if (pid && pid !== process.pid && runs(pid, (command) => command.includes('deploy/local/start.ts')))
    throw new ClearError(
      `Billetter already runs on ${dataDir} (pid ${pid}): stop it with Ctrl-C or kill ${pid}, or set BILLETTER_DATA and other ports for a second one`,
    );
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(file, String(process.pid));
  } catch (error) {
    throw new ClearError(`cannot write to ${dataDir} (${(error as NodeJS.ErrnoException).code}): set BILLETTER_DATA to a folder of yours`);
  }
  process.once('exit', () => {
    if (readOr(file, '') === String(process.pid)) rmSync(file, { force: true });
  });
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return otherwise;
  }
}

/** The table that is printed when all is up: addresses, accounts, what to try next. */
function table(s: Stack, { ports }: Settings): string {
  const database = s.postgres.process ? s.databaseUrl : 'as DATABASE_URL says';
  const rows = [
    ['Gateway', s.gatewayUrl],
    ['API docs', `${s.gatewayUrl}/api/docs/`],
    ['Door', `${s.gatewayUrl}/door/ (scan tickets)`],
    ['Temporal UI', s.temporalUiUrl],
    ['Mail', s.env.SMTP_URL === s.smtpUrl ? s.mailUrl : 'goes where SMTP_URL says'],
    ['Payments', s.stripeUrl ? `${s.stripeUrl} (stand-in; test card 4242 4242 4242 4242)` : 'Stripe, with STRIPE_SECRET_KEY'],
    [
      '',
      s.paygate ? `${s.paygateUrl} (stand-in of the payment gateway: events ${s.env.PAYGATE_EVENTS})` : 'and the gateway of PAYGATE_URL',
    ],
    ['Event prov.', s.eventProvider ? `${s.eventProviderUrl} (stand-in)` : 'as EVENT_PROVIDER_URL says'],
    ['Worker', `http://localhost:${ports.workerMetrics}/metrics`],
    ['PostgreSQL', database],
    ['Temporal', s.temporalAddress],
    [
      'Data, logs',
      `${s.dataDir}${s.postgres.dataDir && !s.postgres.dataDir.startsWith(s.dataDir) ? `; PostgreSQL's in ${s.postgres.dataDir}` : ''}`,
    ],
  ] as const;
  const people = ['test@evently.com', 'organizer@billetter.test', 'admin@billetter.test'];
  const lines = [
    ...rows.map(([what, where]) => `  ${what.padEnd(12)}${where}`),
    '',
    `  ${'Sign in as'.padEnd(12)}${people.join(', ')}`,
    `  ${''.padEnd(12)}password TestPass123!`,
    `  ${'API key'.padEnd(12)}bk_test_hackathon_2025, for the event test-hackathon-2025`,
    `  ${'Hackload'.padEnd(12)}HTTP Basic with the same; event 2 has 100,000 seats: curl -s '${s.gatewayUrl}/api/seats?event_id=2&status=FREE'`,
    `  ${'Try'.padEnd(12)}curl -s ${s.gatewayUrl}/api/v1/events`,
    `  ${'Buy'.padEnd(12)}npm run demo`,
  ];
  const rule = '-'.repeat(Math.max(...lines.map((line) => line.length)) + 2);
  return [rule, `  Billetter runs (${since(began)}). Ctrl-C stops it; its data stays.`, '', ...lines, rule].join('\n');
}

async function stop(): Promise<void> {
  stopping = true;
  const started = Date.now();
  say('stopping (Ctrl-C again kills at once)');
  if (up) await stack!.stop();
  await stopEverything(); // when it was not up yet: what it had begun, all at once
  say(`stopped (${since(started)})`);
  process.exit(0);
}

onStop(
  () => void stop().catch(fail),
  () => {
    say('killed');
    stack?.abandon();
    process.exit(1); // the watchdog takes care of anything left
  },
);
main().catch(async (error) => {
  if (stopping) return; // its parts are being taken away under it
  stopping = true;
  await stopEverything();
  fail(error);
});
