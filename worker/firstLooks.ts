// Notes which workflows have looked at their order, so that their starts count as run (starts.ts). Many looks are noted in one statement.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as outbox from '../services/outbox/outbox.ts';

/** Short beside the time a workflow's first task takes, long enough to gather some. */
const EVERY_MS = 40;

export type FirstLooks = { note(orderId: string): void; stop(): Promise<void> };

/** Gathers looks. One that is lost only makes its start be handed on once more, which finds the workflow. */
export function gatherFirstLooks({ db, log }: { db: Kysely<DB>; log: Log }): FirstLooks {
  let seen = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  function write(): void {
    timer = undefined;
    const ids = [...seen];
    seen = new Set();
    writing = outbox.started(db, ids).catch((err) => log.warn({ err }, 'starts that have run were not noted'));
  }

  return {
    note(orderId) {
      seen.add(orderId);
      timer ??= setTimeout(write, EVERY_MS);
    },
    async stop() {
      if (timer) {
        clearTimeout(timer);
        write();
      }
      await writing;
    },
  };
}
