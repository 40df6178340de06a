// Many callers, one at a time: everybody who asks while a run is under way shares the next one, which begins after all of them asked.

/** Runs closer together than this gain nothing and cost the database. */
const SPACING_MS = 4;

/** Wraps a task so that a call resolves with a run that began after the call. */
export function gate(task: () => Promise<void>, spacingMs = SPACING_MS): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let began = 0;

  function begin(): Promise<void> {
    began = performance.now();
    const run = task().finally(() => {
      running = undefined;
    });
    running = run;
    return run;
  }

  async function later(): Promise<void> {
    await running?.catch(() => {});
    const pause = began + spacingMs - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
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
