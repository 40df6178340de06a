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
