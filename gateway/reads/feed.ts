// Follows the stream of changes of places: one poller for all readers of this gateway, which keeps the boards as the database is.
import type { EventName } from '../../services/events/events.ts';
import { isOfEvent, type PlaceChange, prune, readChanges, type Snapshot, sees } from '../../services/inventory/placeChanges.ts';
import { readSeats } from '../../services/inventory/seats.ts';
import type { Db } from '../deps.ts';
import type { Log } from '../http/operate/log.ts';
import { Board, type Change } from './board.ts';
import { gate } from './gate.ts';
import { createNames, type Named } from './names.ts';

/**
 * `replaced`: the board is another one, and `changes` do not say how the two differ. A client that resumes from `before` gets these
 * changes again; one that resumes from `after` gets what came after them.
 */
export type News = { changes: Change[]; replaced: boolean; before: number; after: number };
export type Listener = (news: News, board: Board) => void;

export type Feed = {
  /** Resolves when everything that was committed before this call is on the boards. Calls made meanwhile share one query. */
  catchUp(): Promise<void>;
  /** The event by id, slug or number, if the public may see it; as of the last catchUp. */
  identify(name: EventName): Promise<Named | undefined>;
  /** The event's board, as of the last catchUp or newer; reads it first if it is not here. */
  board(event: Named): Promise<Board>;
  /** The event's board if it is here already. */
  peek(eventId: string): Board | undefined;
  /** Calls `listener` with every change until the returned function is called. While there is a listener, the feed polls by itself. */
  listen(eventId: string, listener: Listener): () => void;
  /** Calls `hear` with the events whose places changed, and whether any event itself (its row, offers, venue) did: for caches beside the boards. */
  onChange(hear: (events: Set<string>, catalog: boolean) => void): void;
  /** What a client that has everything resumes from: the first transaction that may still be under way (services/inventory/placeChanges.ts). */
  watermark(): number;
  /** The database's clock, never ahead of it; ms since the epoch. */
  now(): number;
  /** Begins to delete changes that are too old to be resumed from. */
  start(): void;
  stop(): Promise<void>;
};

export type FeedOptions = { pollMs?: number; verifyMs?: number };

const POLL_MS = 100;
const VERIFY_MS = 60_000;
const PRUNE_MS = 20_000;
/** Changes are deleted after ten minutes, so a feed that has not read for this long starts anew. */
const BLIND_MS = 300_000;
const KEEP_IDLE_MS = 300_000;
/** About 60 bytes a place. */
const KEEP_PLACES = 2_000_000;
/** Every query names all events with a board, so a crawler of all events must not make that list long. */
const KEEP_EVENTS = 500;

type Entry = {
  event: Named;
  board?: Board;
  listeners: Set<Listener>;
  used: number;
  checked: number;
  /** While the seats are being read: changes that may be newer than what is read, and whether the present board is known to be wrong. */
  loading?: { rows: PlaceChange[]; done: Promise<Board>; wrong: boolean };
};

/** Makes the feed. It does nothing until somebody reads. */
export function createFeed({ db, log }: { db: Db; log: Pick<Log, 'warn' | 'error'> }, options: FeedOptions = {}): Feed {
  const entries = new Map<string, Entry>();
  const hearers: ((events: Set<string>, catalog: boolean) => void)[] = [];
  const names = createNames(db);
  let last: Snapshot | undefined;
  let polledAt = 0;
  let clock = { db: 0, here: 0 };
  let ticker: NodeJS.Timeout | undefined;
  let tidier: NodeJS.Timeout | undefined;
  let stopped = false;

  const catchUp = gate(poll);
  const watermark = () => last?.xmin ?? 0;

  async function poll(): Promise<void> {
    const blind = Date.now() - polledAt > BLIND_MS;
    const seen = await readChanges(db, blind ? undefined : last, [...entries.keys()]);
    polledAt = Date.now();
    clock = { db: seen.now, here: performance.now() };
    const anew = !seen.changes || !last || seen.snapshot.xmax < last.xmax;
    const before = watermark();
    last = seen.snapshot;
    if (anew) startAnew();
    else deliver(seen.changes!, before);
    forgetIdle();
  }

  function startAnew(): void {
    names.forget();
    for (const hear of hearers) hear(new Set(), true);
    for (const [id, entry] of entries)
      if (entry.listeners.size) rebuild(entry, true);
      else if (!entry.loading) entries.delete(id);
  }

  function deliver(rows: PlaceChange[], before: number): void {
    const news = new Map<Entry, Change[]>();
    const changed = new Set<string>();
    const restructured = new Set<Entry>();
    const lines = linesOf(rows);
    // Who waits now is known before anything else is told, and who waits no longer after it: a place that was freed and offered to the
    // last in line within this look was never available.
    for (const [entry, { waited, xid }] of lines) {
      const out: Change[] = [];
      news.set(entry, out);
      entry.board!.wait([...entry.board!.waited, ...waited], xid, out);
    }
    for (const row of rows) {
      changed.add(row.event_id);
      const entry = entries.get(row.event_id);
      if (isOfEvent(row)) {
        names.forget();
        if (entry) restructured.add(entry);
      }
      if (!entry) continue;
      entry.loading?.rows.push(row);
      if (row.waited || !entry.board || sees(entry.board.snapshot, row.xid)) continue;
      const out = news.get(entry) ?? [];
      news.set(entry, out);
      entry.board.apply(row, out);
      if (entry.board.strange) restructured.add(entry);
    }
    if (changed.size) for (const hear of hearers) hear(changed, rows.some(isOfEvent));
    for (const entry of entries.values()) {
      if (!entry.board) continue;
      const out = news.get(entry) ?? [];
      entry.board.lapse(clock.db, out);
      const line = lines.get(entry);
      if (line) entry.board.wait(line.waited, line.xid, out);
      if (out.length) tell(entry, { changes: out, replaced: false, before, after: watermark() });
    }
    for (const entry of restructured) rebuild(entry, true);
  }

  /** For the boards that do not know it yet: which offers are waited for as of this look, and the last transaction that may have made it so. */
  function linesOf(rows: PlaceChange[]): Map<Entry, { waited: string[]; xid: number }> {
    const lines = new Map<Entry, { waited: string[]; xid: number }>();
    for (const { event_id: id, waited, xid } of rows) {
      const entry = entries.get(id);
      if (waited && entry?.board && !sees(entry.board.snapshot, xid))
        lines.set(entry, { waited, xid: Math.max(xid, lines.get(entry)?.xid ?? 0) });
    }
    return lines;
  }

  function tell(entry: Entry, news: News): void {
    for (const listener of entry.listeners) listener(news, entry.board!);
  }

  /** Reads the event's seats again, and puts the new board in place of the old if they differ. */
  function rebuild(entry: Entry, wrong: boolean): Promise<Board> {
    const rows: PlaceChange[] = [];
    const done = (async () => {
      // After this every poll includes the event, so no change falls between the seats read next and the stream.
      await catchUp();
      const seats = await readSeats(db, entry.event.id);
      await catchUp(); // now the old board has everything that was just read, and the two can be compared
      const fresh = new Board(entry.event, seats, clock.db);
      if (entry.loading?.rows !== rows) return entry.loading?.done ?? fresh;
      for (const row of rows) if (!sees(fresh.snapshot, row.xid)) fresh.apply(row, []);
      fresh.strange = false;
      const old = entry.board;
      const ended: Change[] = [];
      old?.lapse(clock.db, ended);
      if (old && old.etag === fresh.etag) {
        if (ended.length) tell(entry, { changes: ended, replaced: false, before: watermark(), after: watermark() });
        old.strange = false;
        return old;
      }
      if (old && old.layout === fresh.layout)
        log.error({ event: entry.event.id }, 'live seats had drifted from the database and were rebuilt');
      entry.board = fresh;
      if (old) tell(entry, { changes: [], replaced: true, before: watermark(), after: watermark() });
      return fresh;
    })();
    entry.loading = { rows, done, wrong };
    entry.checked = Date.now();
    const clear = () => {
      if (entry.loading?.rows === rows) entry.loading = undefined;
    };
    done.then(clear, (err) => {
      clear();
      if (!entry.board) entries.delete(entry.event.id);
      else entry.board.strange = true; // tried again at the next verification or reader
      log.warn({ err, event: entry.event.id }, 'seats could not be read');
    });
    return done;
  }

  function entryOf(event: Named): Entry {
    const found = entries.get(event.id);
    if (found) return found;
    const entry: Entry = { event, listeners: new Set(), used: Date.now(), checked: 0 };
    entries.set(event.id, entry);
    rebuild(entry, true).catch(() => {});
    return entry;
  }

  function forgetIdle(): void {
    let places = 0;
    const idle = [...entries.values()].filter((e) => !e.listeners.size && !e.loading).sort((a, b) => b.used - a.used);
    for (const [i, entry] of idle.entries()) {
      places += entry.board?.ids.length ?? 0;
      if (i >= KEEP_EVENTS || places > KEEP_PLACES || Date.now() - entry.used > KEEP_IDLE_MS) entries.delete(entry.event.id);
    }
  }

  /** Runs while anybody listens. One board at a time is compared with the database. */
  function tick(): void {
    ticker = undefined;
    const followed = [...entries.values()].filter((e) => e.listeners.size);
    if (stopped || !followed.length) return;
    const overdue = followed.find((e) => !e.loading && (e.board?.strange || Date.now() - e.checked > (options.verifyMs ?? VERIFY_MS)));
    if (overdue) rebuild(overdue, false).catch(() => {});
    catchUp()
      .catch((err) => log.warn({ err }, 'live seats: the database does not answer'))
      .finally(() => {
        ticker ??= setTimeout(tick, options.pollMs ?? POLL_MS);
      });
  }

  return {
    catchUp,
    identify: names.find,
    async board(event) {
      const entry = entryOf(event);
      entry.used = Date.now();
      if (entry.loading?.wrong) return entry.loading.done;
      return entry.board?.strange && !entry.loading ? rebuild(entry, true) : entry.board!;
    },
    peek: (eventId) => {
      const entry = entries.get(eventId);
      return entry?.loading?.wrong ? undefined : entry?.board;
    },
    listen(eventId, listener) {
      const entry = entries.get(eventId);
      if (!entry) throw new Error(`no board of ${eventId}`);
      entry.listeners.add(listener);
      ticker ??= setTimeout(tick, options.pollMs ?? POLL_MS);
      return () => {
        entry.listeners.delete(listener);
        entry.used = Date.now();
      };
    },
    onChange: (hear) => void hearers.push(hear),
    watermark,
    now: () => clock.db + (performance.now() - clock.here),
    start() {
      const tidy = () => prune(db).catch((err) => log.warn({ err }, 'old changes of places were not deleted'));
      tidier = setInterval(tidy, PRUNE_MS);
      tidier.unref();
    },
    async stop() {
      stopped = true;
      clearInterval(tidier);
      clearTimeout(ticker);
    },
  };
}
