// Starts the product's own processes, gateways and workers, against a running stack.
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { baseEnv, type Running, startProcess } from './processes.ts';
import type { Stack } from './stack.ts';

/** A gateway or worker: where it answers, and the process, which tests may kill and restart. */
export type App = Running & { url: string };

/**
 * MB of heap for each thread of a worker, as a container of 1 GB would have it. Without a limit near what is needed V8 leaves garbage lie: after
 * 6,000 holds a worker on a machine with 23 GB stood at 751 MB, of which 190 were alive (bench/README.md, soak).
 */
const WORKER_HEAP_MB = 512;

/** Starts a gateway and resolves when its /readyz answers 200. `env` is added last; a second gateway needs a PORT of its own. */
export async function startGateway(stack: Stack, env: Record<string, string> = {}): Promise<App> {
  const port = env.PORT ?? stack.env.PORT!;
  return start(stack, 'gateway', ['gateway/main.ts'], env, `http://127.0.0.1:${port}`, `http://localhost:${port}`);
}

/** Starts a worker for some task queues (default: all) and resolves when its /readyz answers 200. Its url serves /readyz and /metrics. */
export async function startWorker(stack: Stack, env: Record<string, string> = {}, queues = 'all'): Promise<App> {
  const port = env.METRICS_PORT ?? String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  return start(
    stack,
    'worker',
    [`--max-old-space-size=${WORKER_HEAP_MB}`, 'worker/main.ts', '--queues', queues],
    { ...env, METRICS_PORT: port },
    url,
    url,
  );
}

async function start(stack: Stack, kind: string, args: string[], env: Record<string, string>, probe: string, url: string): Promise<App> {
  const alike = stack.apps.filter((app) => app.name.startsWith(kind)).length;
  const name = alike ? `${kind}-${alike + 1}` : kind;
  const running = await startProcess({
    name,
    command: process.execPath,
    args: ['--import', 'tsx', ...args],
    env: { ...baseEnv(), ...stack.env, ...env },
    logFile: join(stack.logDir, `${name}.log`),
    ready: `${probe}/readyz`,
    readyMs: 90_000,
    stopMs: 20_000,
    keepAlive: stack.keepAlive,
    givesWay: kind === 'worker' ? 'background' : undefined,
    say: stack.say,
  });
  stack.apps.push(running);
  return Object.defineProperty(running, 'url', { value: url }) as App;
}
