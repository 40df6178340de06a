// Work of which only so much may run at once in a process.
import { DomainError } from './errors.ts';

/**
 * Runs at most `running` tasks at once and lets at most `waiting` wait; more are refused with `unavailable` and the sentence. `running` may be
 * asked each time, by how many wait.
 */
export function limited(running: number | ((waiting: number) => number), waiting: number, sentence: string) {
  const most = typeof running === 'number' ? () => running : running;
  let busy = 0;
  const queue: (() => void)[] = [];
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (busy < most(queue.length)) busy++;
    else if (queue.length >= waiting) throw new DomainError('unavailable', sentence);
    else await new Promise<void>((go) => queue.push(go));
    try {
      return await task();
    } finally {
      busy--;
      while (queue.length && busy < most(queue.length)) {
        busy++;
        queue.shift()!();
      }
    }
  };
}
