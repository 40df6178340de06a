// Small notes that nobody waits for: many of them are written in one statement.

export type Gathered = { note(id: string): void; stop(): Promise<void> };

/**
 * Gathers ids for `everyMs` from the first one on, and hands them to `write`, each once. `write` sees to its own errors. `stop` writes what is
 * left; a process that ends without it loses that.
 */
export function gathered(everyMs: number, write: (ids: string[]) => Promise<void>): Gathered {
  let ids = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  function writeAll(): void {
    timer = undefined;
    const found = [...ids];
    ids = new Set();
    writing = write(found);
  }

  return {
    note(id) {
      ids.add(id);
      timer ??= setTimeout(writeAll, everyMs).unref();
    },
    async stop() {
      if (timer) {
        clearTimeout(timer);
        writeAll();
      }
      await writing;
    },
  };
}
