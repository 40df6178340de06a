// Runs the Temporal development server with its UI, tuned for one small machine.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import { freePort } from './ports.ts';
import { type Running, startProcess } from './processes.ts';
import type { Say } from './say.ts';

export { findTemporal } from './temporal-cli.ts';

/** What operators search orders by in the UI; registered when the server starts. */
export const SEARCH_ATTRIBUTES: Record<string, string> = {
  BilletterEvent: 'Keyword',
  BilletterOrder: 'Keyword',
  BilletterStatus: 'Keyword',
  BilletterOwner: 'Keyword',
};

const DYNAMIC_CONFIG: Record<string, string> = {
  // One partition per task queue: with the default four, a poll on one node often waits at an empty one.
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
  // Without it 1.29 knows no priorities (PRIORITY in workflows/messages.ts).
  'matching.useNewMatcher': 'true',
  'system.enableActivityEagerExecution': 'true',
  // The limits that protect a shared cluster from one namespace; here the one namespace is all there is.
  'frontend.namespaceRPS': '100000',
  'frontend.namespaceCount': '100000',
  'frontend.namespaceRPS.visibility': '1000',
  'frontend.rps': '100000',
  'history.rps': '100000',
  'matching.rps': '100000',
  'frontend.persistenceMaxQPS': '100000',
  'history.persistenceMaxQPS': '100000',
  'matching.persistenceMaxQPS': '100000',
};

/**
 * Measured: server CPU per workflow (start, signal, two activities) 72 ms with SQLite's defaults, 43 with WAL alone, 35 with these two, 34 in memory;
 * synchronous=off gains nothing more. They survive a crash of the process whole; a power cut may lose the last moments, never the file.
 */
const PRAGMAS: Record<string, string> = { journal_mode: 'wal', synchronous: 'normal' };

export type TemporalOptions = {
  cli: string;
  port: number;
  /** Without it there is no UI. */
  uiPort?: number;
  /** Without it everything is in memory. */
  dbFile?: string;
  searchAttributes?: Record<string, string>;
  pragmas?: Record<string, string>;
  logFile: string;
  say?: Say;
  keepAlive?: boolean;
};

export type Temporal = { address: string; uiUrl: string | undefined; metricsUrl: string; process: Running; stop(): Promise<void> };

/** Starts the server and resolves when its gRPC service answers and the default namespace is there. */
export async function startTemporal(options: TemporalOptions): Promise<Temporal> {
  const address = `127.0.0.1:${options.port}`;
  const metricsPort = await freePort();
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port), '--log-format', 'json'];
  args.push('--http-port', String(await freePort()), '--metrics-port', String(metricsPort));
  if (options.uiPort) args.push('--ui-port', String(options.uiPort));
  else args.push('--headless');
  if (options.dbFile) {
    await mkdir(dirname(options.dbFile), { recursive: true });
    args.push('--db-filename', options.dbFile);
    for (const [key, value] of Object.entries(options.pragmas ?? PRAGMAS)) args.push('--sqlite-pragma', `${key}=${value}`);
  }
  for (const [key, type] of Object.entries(options.searchAttributes ?? SEARCH_ATTRIBUTES))
    args.push('--search-attribute', `${key}=${type}`);
  for (const [key, value] of Object.entries(DYNAMIC_CONFIG)) args.push('--dynamic-config-value', `${key}=${value}`);

  const running = await startProcess({
    name: 'temporal',
    command: options.cli,
    args,
    // The CLI reads TEMPORAL_* of its own (a profile, an address, a key): what the shell has set for another cluster must not leak in.
    // GOGC=400: a tenth less CPU for 130 MB more memory.
    env: { GOGC: '400', ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'))) },
    logFile: options.logFile,
    ready: () => answers(address),
    readyMs: 60_000,
    stopSignal: 'SIGINT', // the CLI handles SIGINT and SIGTERM alike
    stopMs: 15_000,
    keepAlive: options.keepAlive,
    givesWay: 'background',
    say: options.say,
  });
  const uiUrl = options.uiPort ? `http://localhost:${options.uiPort}` : undefined;
  return { address, uiUrl, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`, process: running, stop: () => running.stop() };
}

async function answers(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1000 });
  try {
    await connection.withDeadline(Date.now() + 2000, () => connection.workflowService.describeNamespace({ namespace: 'default' }));
    return true;
  } finally {
    await connection.close();
  }
}
