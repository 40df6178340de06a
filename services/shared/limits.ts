// Rate limits: each process counts in memory and exchanges its counts with the others. No request waits for the database.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';

export type Verdict = { allowed: boolean; limit: number; remaining: number /** ms since the epoch */; resetsAt: number };

export type Limiter = {
  /** Counts one call against `key`: at most `limit` in a window of `seconds` that begins with the first call. */
  take(key: string, limit: number, seconds: number): Verdict;
  /** The same without counting: whether one more would be too many. */
  look(key: string, limit: number, seconds: number): Verdict;
  /** Exchanges counts with the other processes now. */
  sync(): Promise<void>;
  /** Exchanges every `everyMs` until stopped. */
  start(everyMs: number): void;
  stop(): Promise<void>;
};

/** `hits`: all calls that this process knows of; `unsent`: those of them that it has not told the others yet. */
type Window = { hits: number; unsent: number; resetsAt: number };

const PRUNE_MS = 60_000;

/**
 * Makes a limiter. Between two exchanges each process knows its own counts only, so with n gateways a caller may get up to
 * n times the limit within the first half second, and the right limit after it. A database that is away only means that
 * every process counts alone. Past `maxKeys` the oldest window is forgotten: a flood of addresses costs precision, never memory.
 */
export function createLimiter(db: Kysely<DB>, options: { maxKeys?: number; onError?: (error: unknown) => void } = {}): Limiter {
  const maxKeys = options.maxKeys ?? 50_000;
  const windows = new Map<string, Window>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let prunedAt = Date.now();

  function windowOf(key: string, seconds: number, now: number): Window {
    const known = windows.get(key);
    if (known && known.resetsAt > now) return known;
    if (known)
      windows.delete(key); // put back at the end: the Map's order is the order of their beginnings
    else if (windows.size >= maxKeys) forgetOldest();
    const fresh = { hits: 0, unsent: 0, resetsAt: now + seconds * 1000 };
    windows.set(key, fresh);
    return fresh;
  }

  function forgetOldest(): void {
    const oldest = windows.keys().next().value!;
    windows.delete(oldest);
    changed.delete(oldest);
  }

  async function exchange(): Promise<void> {
    const now = Date.now();
    const sent: { key: string; window: Window; hits: number }[] = [];
    for (const key of changed) {
      const window = windows.get(key);
      if (window && window.resetsAt > now) sent.push({ key, window, hits: window.unsent });
    }
    changed.clear();
    for (const { window } of sent) window.unsent = 0;
    if (sent.length) {
      try {
        for (const row of await add(db, sent)) {
          const window = windows.get(row.key);
          if (!window) continue;
          window.hits = row.hits + window.unsent;
          window.resetsAt = row.resets_at.getTime();
        }
      } catch (error) {
        for (const { key, window, hits } of sent) {
          window.unsent += hits;
          changed.add(key);
        }
        options.onError?.(error);
      }
    }
    if (now - prunedAt > PRUNE_MS) await prune(now).catch((error) => options.onError?.(error));
  }

  async function prune(now: number): Promise<void> {
    prunedAt = now;
    for (const [key, window] of windows) if (window.resetsAt <= now) windows.delete(key);
    await sql`delete from rate_limits where resets_at < now()`.execute(db);
  }

  const sync = async (): Promise<void> => {
    running ??= exchange().finally(() => {
      running = undefined;
    });
    return running;
  };

  const verdict = ({ hits, resetsAt }: Window, limit: number, allowed: boolean): Verdict => {
    return { allowed, limit, remaining: Math.max(0, limit - hits), resetsAt };
  };

  return {
    take(key, limit, seconds) {
      const window = windowOf(key, seconds, Date.now());
      // Refused calls are not counted, so that a caller who keeps trying is let in when the window ends, as it was told.
      const allowed = window.hits < limit;
      if (allowed) {
        window.hits++;
        window.unsent++;
        changed.add(key);
      }
      return verdict(window, limit, allowed);
    },
    look(key, limit, seconds) {
      const now = Date.now();
      const known = windows.get(key);
      const window = known && known.resetsAt > now ? known : { hits: 0, unsent: 0, resetsAt: now + seconds * 1000 };
      return verdict(window, limit, window.hits < limit);
    },
    sync,
    start(everyMs) {
      timer = setInterval(() => void sync(), everyMs);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await running;
      await sync();
    },
  };
}

/** Adds the counts and reads the sums back, for all keys in one statement. A window that has ended begins anew. */
async function add(db: Kysely<DB>, sent: { key: string; window: Window; hits: number }[]) {
  // Sorted, so that two processes lock the same rows in the same order.
  const rows = [...sent].sort((a, b) => (a.key < b.key ? -1 : 1));
  const result = await sql<{ key: string; hits: number; resets_at: Date }>`
    insert into rate_limits as r (key, hits, resets_at)
    select * from unnest(${rows.map((r) => r.key)}::text[], ${rows.map((r) => r.hits)}::int[], ${rows.map((r) => new Date(r.window.resetsAt))}::timestamptz[])
    on conflict (key) do update set
      hits = case when r.resets_at <= now() then excluded.hits else r.hits + excluded.hits end,
      resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
    returning key, hits, resets_at`.execute(db);
  return result.rows;
}

/**
 * Writes one row that means nothing: whether the database takes writes is known by nothing less. It is a row of this table because nobody
 * misses it. Throws what the database says.
 */
export async function probe(db: Kysely<DB>): Promise<void> {
  await sql`insert into rate_limits (key, hits, resets_at) values ('probe', 0, now())
    on conflict (key) do update set resets_at = excluded.resets_at`.execute(db);
}
