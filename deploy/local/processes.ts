// Starts child processes, waits until they are ready, keeps their logs, restarts those that die, and stops them in order with a deadline.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLog, tail } from './logs.ts';
import { giveWay, type NICER } from './priority.ts';
import { ClearError, type Say, since, sleep } from './say.ts';
import { unwatch, watch } from './watchdog.ts';

/** The checkout's top folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type Spec = {
  name: string;
  command: string;
  args: string[];
  /** The whole environment, not merged with ours: a private stack must not inherit the shell's DATABASE_URL. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  logFile: string;
  /** A URL that answers 200, or a function; polled until it is true. Without it, started is ready. */
  ready?: string | (() => Promise<boolean>);
  readyMs?: number;
  stopSignal?: NodeJS.Signals;
  /** After that many ms the stop signal is followed by SIGKILL. */
  stopMs?: number;
  /** Restart it, with a growing pause, when it dies without having been told to. */
  keepAlive?: boolean;
  /** It gives way to the others where the machine is short (priority.ts). */
  givesWay?: keyof typeof NICER;
  /** Whether a process that ended like this before it was ready is started again for some seconds: its obstacle goes away by itself. */
  tryAgainOn?: RegExp;
  say?: Say;
};

export type Running = {
  readonly name: string;
  readonly logFile: string;
  /** Of the process that runs now: changes with a restart. Undefined while none runs. */
  readonly pid: number | undefined;
  /** Resolves at the end of the process that runs now. */
  readonly exited: Promise<Exit>;
  /** Sends a signal to the process and what it started, as a crash or an operator would. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Orderly: stop signal, deadline, SIGKILL. Idempotent; ends keepAlive. */
  stop(): Promise<void>;
  /** SIGKILL at once, not waiting: for the second Ctrl-C. */
  abandon(): void;
  /** Starts it again with the same spec (and more environment) after a kill or stop; resolves when it is ready. */
  restart(env?: NodeJS.ProcessEnv): Promise<void>;
};

/** Starts a process and resolves when it is ready. Throws a ClearError with the end of its log when it dies or is not ready in time. */
export async function startProcess(spec: Spec): Promise<Running> {
  let current: Launched;
  let wanted = true; // false once told to stop or killed by its owner
  let restarts = 0;
  let round = 0; // a restart by hand begins a new round, and ends the reviving of the one before

  const revive = async () => {
    const mine = ++round;
    for (;;) {
      const born = Date.now();
      const exit = await current.exited;
      if (!wanted || closed || mine !== round) return;
      if (Date.now() - born > 60_000) restarts = 0;
      const pause = Math.min(30_000, 500 * 2 ** restarts++);
      spec.say?.(`${spec.name} ended unexpectedly (${describe(exit)}), restarting in ${pause / 1000} s; its log: ${spec.logFile}`);
      await sleep(pause);
      if (!wanted || closed || mine !== round) return;
      current = launch(spec);
      const again = current;
      ready(spec, again).then(
        () => spec.say?.(`${spec.name} is back`),
        () => again.signal('SIGKILL'), // never became ready: the next round starts another
      );
    }
  };

  const launchUntilReady = async () => {
    for (let tries = 1; ; tries++) {
      current = launch(spec);
      try {
        return await ready(spec, current);
      } catch (error) {
        current.signal('SIGKILL');
        await current.exited;
        if (tries === 20 || !spec.tryAgainOn?.test(String(error))) throw error;
        await sleep(500);
      }
    }
  };
  await launchUntilReady();
  if (spec.keepAlive) void revive();

  return {
    name: spec.name,
    logFile: spec.logFile,
    get pid() {
      return current.alive() ? current.child.pid : undefined;
    },
    get exited() {
      return current.exited;
    },
    async kill(signal = 'SIGKILL') {
      if (!spec.keepAlive) wanted = false;
      current.signal(signal);
      return current.exited;
    },
    async stop() {
      wanted = false;
      if (!current.alive()) return;
      current.signal(spec.stopSignal ?? 'SIGTERM');
      const deadline = setTimeout(() => {
        spec.say?.(`${spec.name} did not stop in ${(spec.stopMs ?? 10_000) / 1000} s: killed`);
        current.signal('SIGKILL');
      }, spec.stopMs ?? 10_000);
      await current.exited;
      clearTimeout(deadline);
    },
    abandon() {
      wanted = false;
      current.signal('SIGKILL');
    },
    async restart(env) {
      if (current.alive()) throw new Error(`${spec.name} still runs: kill or stop it before restart`);
      spec = env ? { ...spec, env: { ...(spec.env ?? process.env), ...env } } : spec;
      wanted = true;
      await launchUntilReady();
      if (spec.keepAlive) void revive();
    },
  };
}

/** Runs a program to its end. Throws a ClearError with the end of its log when it fails. */
export async function runToEnd(spec: Omit<Spec, 'ready' | 'keepAlive'>): Promise<void> {
  const launched = launch(spec);
  const exit = await launched.exited;
  if (exit.code === 0) return;
  const why = launched.failed?.message ?? describe(exit);
  throw new ClearError(`${spec.name} failed (${why}); the end of its log ${spec.logFile}:\n${await tail(spec.logFile, launched.logFrom)}`);
}

/** Stops whatever this process has started and is still alive: for an end in the middle of a start. */
export async function stopEverything(): Promise<void> {
  closed = true; // nothing is started or restarted from now on
  const all = [...living];
  for (const one of all) one.signal(one.stopSignal);
  const kill = setTimeout(() => all.map((one) => one.signal('SIGKILL')), 10_000);
  await Promise.all(all.map((one) => one.exited));
  clearTimeout(kill);
}

const living = new Set<Launched>();
let closed = false;

type Launched = {
  child: ChildProcess;
  exited: Promise<Exit>;
  alive(): boolean;
  signal(signal: NodeJS.Signals): void;
  stopSignal: NodeJS.Signals;
  failed?: Error;
  logFrom: number;
};

function launch(spec: Spec): Launched {
  if (closed) throw new ClearError(`${spec.name} is not started: everything is being stopped`);
  const { fd, size } = openLog(spec.logFile);
  // A process group of its own: Ctrl-C in the terminal reaches only the supervisor, which then stops things in the right order.
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd ?? ROOT,
    env: spec.env ?? process.env,
    stdio: ['ignore', fd, fd], // straight into the file: a busy supervisor never slows its children down
    detached: true,
    ...(spec.uid === undefined ? {} : { uid: spec.uid, gid: spec.gid }),
  });
  closeSync(fd);
  const pid = child.pid;
  if (pid) watch(pid, spec.stopSignal ?? 'SIGTERM');
  if (pid && spec.givesWay) giveWay(pid, spec.givesWay);
  let alive = pid !== undefined;
  const launched: Launched = {
    child,
    stopSignal: spec.stopSignal ?? 'SIGTERM',
    logFrom: size,
    alive: () => alive,
    exited: new Promise((resolve) => {
      const end = (exit: Exit) => {
        alive = false;
        living.delete(launched);
        if (pid) unwatch(pid);
        resolve(exit);
      };
      child.once('exit', (code, signal) => end({ code, signal }));
      child.once('error', (error) => {
        launched.failed = error;
        if (pid === undefined) end({ code: null, signal: null });
      });
    }),
    signal(signal) {
      if (!alive || !pid) return;
      try {
        process.kill(-pid, signal);
      } catch {
        child.kill(signal);
      }
    },
  };
  if (alive) living.add(launched);
  return launched;
}

async function ready(spec: Spec, launched: Launched): Promise<void> {
  const started = Date.now();
  const limit = spec.readyMs ?? 60_000;
  for (;;) {
    if (!launched.alive() || launched.failed) {
      const exit = await launched.exited;
      const why = launched.failed?.message ?? describe(exit);
      throw new ClearError(
        `${spec.name} did not start (${why}); the end of its log ${spec.logFile}:\n${await tail(spec.logFile, launched.logFrom)}`,
      );
    }
    if (await isReady(spec.ready)) return;
    if (Date.now() - started > limit)
      throw new ClearError(
        `${spec.name} was not ready after ${since(started)}; the end of its log ${spec.logFile}:\n${await tail(spec.logFile, launched.logFrom)}`,
      );
    await sleep(50);
  }
}

async function isReady(check: Spec['ready']): Promise<boolean> {
  if (!check) return true;
  try {
    return typeof check === 'string' ? (await fetch(check, { signal: AbortSignal.timeout(5000) })).ok : await check();
  } catch {
    return false;
  }
}

/** How a process ended, in words. */
export function describe(exit: Exit): string {
  return exit.signal ? `killed by ${exit.signal}` : `exit code ${exit.code}`;
}

/** The shell's environment without anything that configures Billetter: a private stack must not pick up settings meant for another one. */
export function baseEnv(): NodeJS.ProcessEnv {
  const ours =
    /^(DATABASE_|TEMPORAL_|STRIPE_|STANDIN_|PAYGATE_|SMTP_|MAIL_|PG|HOLD_|JWT_|TICKET_|ACCESS_|REFRESH_|BILLETTER_)|^(PORT|HOST|PUBLIC_URL|METRICS_PORT|RATE_LIMITS|TEST_ENDPOINTS|TRUST_PROXY|LOG_LEVEL|WORKFLOW_BUNDLE|MAX_PLACES_PER_ORDER|NODE_ENV|NODE_OPTIONS|VITEST.*)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
