// Work of which only so much may run at once in a process.
import { DomainError } from './errors.ts';

/** Runs at most `running` tasks at once and lets at most `waiting` wait; more are refused with `unavailable` and the sentence. */
export function limited(running: number, waiting: number, sentence: string) {
  let free = running;
  const queue: (() => void)[] = [];
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else if (queue.length >= waiting) throw new DomainError('unavailable', sentence);
    else await new Promise<void>((go) => queue.push(go));
    try {
      return await task();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free++;
    }
  };
}
