// What the local stack's commands print: progress lines with seconds, and faults as one clear line.

/** A fault whose message is the whole story: printed as one line, without a stack trace. */
export class ClearError extends Error {}

export type Say = (line: string) => void;

/** Prints one progress line. On stderr, so that a command's result can be piped. */
export const say: Say = (line) => void process.stderr.write(`billetter: ${line}\n`);

/** Seconds since `started`, as progress lines show them. */
export function since(started: number): string {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

/** Runs one step and says how long it took; says nothing at all when `tell` is a no-op. */
export async function step<T>(tell: Say, what: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const slow = setInterval(() => tell(`${what} ... ${since(started)}`), 10_000);
  try {
    const result = await work();
    tell(`${what}: ready (${since(started)})`);
    return result;
  } finally {
    clearInterval(slow);
  }
}

/** The end of a main that failed: a ClearError is its message, anything else is a bug and shows its stack. */
export function fail(error: unknown): never {
  for (const line of (error instanceof ClearError ? error.message : String((error as Error)?.stack ?? error)).split('\n')) say(line);
  process.exit(1);
}

/** Resolves after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Polls until `check` is true; false when the deadline passes first. */
export async function until(check: () => boolean | Promise<boolean>, deadlineMs: number, everyMs = 50): Promise<boolean> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    if (await check()) return true;
    if (Date.now() >= end) return false;
    await sleep(everyMs);
  }
}
