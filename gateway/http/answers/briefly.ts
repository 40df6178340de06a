// Answers that are good for a moment: who asks the same again gets the same, and who asks while it is being made waits for that one.
import { createCache } from './lru.ts';

export type Briefly<V> = {
  /** An answer, made by `make` unless there is one. */
  answer(key: string, make: () => Promise<V>): Promise<V>;
  /** What was answered so far is not so any more. */
  forget(): void;
};

/** Keeps at most so many answers, each for `ms` after it was made. One that could not be made is not kept. */
export function createBriefly<V>(ms: number, maxEntries: number): Briefly<V> {
  const kept = createCache<{ value: Promise<V>; until: number }>(maxEntries, Number.MAX_SAFE_INTEGER);
  const answer: Briefly<V>['answer'] = (key, make) => {
    const known = kept.get(key);
    if (known && known.until > performance.now()) return known.value;

    const entry = { value: make(), until: Number.POSITIVE_INFINITY };
    entry.value.then(
      () => {
        entry.until = performance.now() + ms;
      },
      () => {
        if (kept.get(key) === entry) kept.delete(key);
      },
    );
    kept.set(key, entry, 0);
    return entry.value;
  };
  return { answer, forget: kept.clear };
}
