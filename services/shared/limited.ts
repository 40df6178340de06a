// Work of which only so much may run at once in a process.
import { DomainError } from './errors.ts';

/**
 * Runs at most `running` tasks at once and lets at most `waiting` wait; more are refused with `unavailable` and the sentence. `running` may be
 * asked each time, by how many wait. `rest`: so many ms after a task that took so long its place stays empty; whoever asked for it waits for none of it.
 */
export function limited(
  running: number | ((waiting: number) => number),
  waiting: number,
  sentence: string,
  rest: (tookMs: number, waiting: number) => number = () => 0,
) {
  const most = typeof running === 'number' ? () => running : running;
  let busy = 0;
  const queue: (() => void)[] = [];

  function leave(): void {
    busy--;
    while (queue.length && busy < most(queue.length)) {
      busy++;
      queue.shift()!();
    }
  }

  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (busy < most(queue.length)) busy++;
    else if (queue.length >= waiting) throw new DomainError('unavailable', sentence);
    else await new Promise<void>((go) => queue.push(go));
    const began = performance.now();
    try {
      return await task();
    } finally {
      const ms = rest(performance.now() - began, queue.length);
      if (ms > 0) setTimeout(leave, ms);
      else leave();
    }
  };
}
