// `npm test`: the whole proof. Sees that the tools the tests need are there, runs every check and every test, and closes with one line of counts.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.ts';
import { ROOT } from './processes.ts';
import { ClearError, fail, say, since, step } from './say.ts';
import { onStop } from './signals.ts';
import { findTemporal } from './temporal-cli.ts';
import { findTestServer } from './test-server.ts';

type Counts = { passed: number; failed: number; skipped: number };

const args = process.argv.slice(2);
let running: ReturnType<typeof spawn> | undefined;

async function main(): Promise<void> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const env = { ...process.env, ...(await tools()) };

  // Arguments pick tests, as in `npm test -- test/local`: then it is not the whole proof that is wanted, and the checks are left out.
  for (const name of args.length ? [] : checks()) {
    const started = Date.now();
    const ok = (await run('npm', ['run', '--silent', name], env)) === 0;
    counts[ok ? 'passed' : 'failed']++;
    say(`check ${name}: ${ok ? 'passed' : 'FAILED'} (${since(started)})`);
  }
  add(counts, await tests(env));

  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed || !counts.passed ? 1 : 0);
}

/** What tests should find without looking again (and without printing how). */
async function tools(): Promise<Record<string, string>> {
  const cli = await step(say, 'Temporal CLI', () => findTemporal());
  say(`Temporal CLI: ${cli.path} (${cli.how}, ${cli.version})`);
  const server = await step(say, 'time-skipping test server', () => findTestServer());
  if ('reason' in server) say(`no time-skipping test server: ${server.reason}; those tests run with short timers or are skipped`);
  const browser = await step(say, 'Chromium', () => findChromium()).catch((error) => {
    if (!(error instanceof ClearError)) throw error;
    // The tests that open pages say the same, and fail.
    say(error.message);
    return undefined;
  });
  return {
    TEMPORAL_CLI: cli.path,
    ...(browser && { BILLETTER_CHROMIUM: browser.path }),
    ...('path' in server ? { BILLETTER_TEST_SERVER: server.path } : {}),
  };
}

/** The steps of `npm run check`, each of which counts as one: read from package.json, so that a step added there is run here. */
function checks(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  return [...(scripts.check ?? '').matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]!);
}

async function tests(env: NodeJS.ProcessEnv): Promise<Counts> {
  const dir = mkdtempSync(join(tmpdir(), 'billetter-test-'));
  const file = join(dir, 'results.json');
  process.once('exit', () => rmSync(dir, { recursive: true, force: true })); // Ctrl-C in the middle
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const code = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], env);
    const counts = count(readOr(file));
    // A failure that is no test's: an error outside of any test, a crash of the runner, no test found.
    if (code !== 0 && counts.failed === 0) counts.failed++;
    return counts;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function readOr(file: string): any {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

/** Counts vitest's JSON report. A file that failed before its first test is one failure. */
export function count(report: any): Counts {
  const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  const broken = (report.testResults ?? []).filter(
    (one: any) => one.status === 'failed' && !one.assertionResults?.some((t: any) => t.status === 'failed'),
  );
  return { passed: report.numPassedTests ?? 0, failed: (report.numFailedTests ?? 0) + broken.length, skipped };
}

function add(to: Counts, more: Counts): void {
  for (const key of ['passed', 'failed', 'skipped'] as const) to[key] += more[key];
}

function run(command: string, argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    running = spawn(command, argv, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] });
    running.once('error', (error) => {
      say(`cannot run ${command}: ${error.message}`);
      resolve(1);
    });
    running.once('exit', (code) => resolve(code ?? 1));
  });
}

onStop(
  () => {
    running?.kill('SIGINT'); // vitest ends its files in order, and the watchdogs of its stacks see to the rest
    setTimeout(() => process.exit(130), 10_000).unref();
  },
  () => {
    running?.kill('SIGKILL');
    process.exit(130);
  },
);
main().catch(fail);
