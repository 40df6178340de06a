// Work of which only so much may run at once in a process.
import { DomainError } from './errors.ts';

/** Runs a task when there is room for it. `isFull`: one that comes now would be refused. */
export type Limited = (<T>(task: () => Promise<T>) => Promise<T>) & { isFull(): boolean };

/**
 * Runs at most `running` tasks at once and lets at most `waiting` wait; more are refused with `unavailable` and the sentence. `running` may be
 * asked each time, by how many wait. `rest`: so many ms after a task that took so long its place stays empty; whoever asked for it waits for none of it.
 */
export function limited(
  running: number | ((waiting: number) => number),
  waiting: number,
  sentence: string,
  rest: (tookMs: number, waiting: number) => number = () => 0,
): Limited {
  const most = typeof running === 'number' ? () => running : running;
  let busy = 0;
  const queue: (() => void)[] = [];
  const hasRoom = () => busy < most(queue.length);
  const isFull = () => !hasRoom() && queue.length >= waiting;

  function leave(): void {
    busy--;
    while (queue.length && hasRoom()) {
      busy++;
      queue.shift()!();
    }
  }

  async function run<T>(task: () => Promise<T>): Promise<T> {
    if (isFull()) throw new DomainError('unavailable', sentence);
    if (hasRoom()) busy++;
    else await new Promise<void>((go) => queue.push(go));
    const began = performance.now();
    try {
      return await task();
    } finally {
      const ms = rest(performance.now() - began, queue.length);
      if (ms > 0) setTimeout(leave, ms).unref();
      else leave();
    }
  }

  return Object.assign(run, { isFull });
}
