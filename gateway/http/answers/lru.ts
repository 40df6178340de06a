// A bounded LRU cache: at most `maxEntries` and `maxBytes`, so that requests in ever new forms cost queries, never memory.

export type Cache<V> = {
  get(key: string): V | undefined;
  set(key: string, value: V, bytes: number): void;
  delete(key: string): void;
  clear(): void;
};

/** Makes a cache. `bytes` of an entry is what its caller says it weighs; one entry alone may be larger than the limit. */
export function createCache<V>(maxEntries: number, maxBytes: number): Cache<V> {
  const entries = new Map<string, { value: V; bytes: number }>();
  let sum = 0;
  const forget = (key: string) => {
    sum -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, bytes) {
      forget(key);
      sum += bytes;
      entries.set(key, { value, bytes });
      while (entries.size > maxEntries || (sum > maxBytes && entries.size > 1)) forget(entries.keys().next().value!);
    },
    delete: forget,
    clear() {
      entries.clear();
      sum = 0;
    },
  };
}
