// A memory of answers: so many entries and so many bytes, what was not asked for the longest forgotten first. Who asks in ever new ways costs a query, never the process.

export type Kept<V> = {
  get(key: string): V | undefined;
  set(key: string, value: V, bytes: number): void;
  delete(key: string): void;
  clear(): void;
};

/** Makes the memory. */
export function createKept<V>(maxEntries: number, maxBytes: number): Kept<V> {
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
