// Many callers, one at a time: everybody who asks while a run is under way shares the next one, which begins after all of them asked.

/** Wraps a task so that a call resolves with a run that began after the call. No pause between runs: each serves all who came during the one before. */
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

/** Wraps a load of many so that each is asked for by itself: one run serves all who asked during the one before, and begins after they asked. */
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
