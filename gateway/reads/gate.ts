// Shares runs of a task: all who call while it runs share the next run, which begins after their calls.

/** Wraps a task so that a call resolves with a run that began after the call. One run at a time, without pauses: each serves all calls made during the one before. */
export function gate(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  function begin(): Promise<void> {
    const run = task().finally(() => {
      running = undefined;
    });
    running = run;
    return run;
  }

  async function later(): Promise<void> {
    await running?.catch(() => {});
    next = undefined;
    return begin();
  }

  return () => {
    if (next) return next;
    if (!running) return begin();
    next = later();
    return next;
  };
}

/** Wraps a load of many keys as a load of one: a run loads all keys that were asked for during the run before. */
export function batched<V>(load: (keys: string[]) => Promise<Map<string, V>>): (key: string) => Promise<V | undefined> {
  const empty = () => ({ keys: new Set<string>(), found: new Map<string, V>() });
  let open = empty();
  const run = gate(async () => {
    const batch = open;
    open = empty();
    batch.found = await load([...batch.keys]);
  });
  return async (key) => {
    const batch = open;
    batch.keys.add(key);
    await run();
    return batch.found.get(key);
  };
}
