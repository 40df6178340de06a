// A memory of answers: so many entries and so many bytes, the oldest forgotten first. Who asks in ever new ways costs a query, never the process.

export type Kept<V> = {
  get(key: string): V | undefined;
  /** Again with the same key: another value or weight in the same place. */
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
    get: (key) => entries.get(key)?.value,
    set(key, value, bytes) {
      sum += bytes - (entries.get(key)?.bytes ?? 0);
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
