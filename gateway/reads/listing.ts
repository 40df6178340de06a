// Lists of events with what is available of each: pages are kept until an event changes, counts until one of their places does.
import * as events from '../../services/events/events.ts';
import type { Db } from '../deps.ts';
import { createKept } from '../http/answers/lru.ts';
import type { Board } from './board.ts';
import type { Feed } from './feed.ts';

export type ListedEvent = events.EventCard & { available: number; status: events.Phase };
export type Listed = { rows: ListedEvent[]; total: number /** equal for equal answers of this gateway */; stamp: string };

export type Listing = { page(filter: events.EventFilter): Promise<Listed> };

type Page = { rows: events.EventCard[]; total: number };
/** A page as it was answered; good until one of these moves on. */
type Memo = { listed: Listed; serial: number; until: number; boards: [Board, number][] };
type Count = { available: number; until: number; dirty: boolean; at: number; tookMs: number };

const KEPT_PAGES = 2_000;
/** As their text would be; in memory it is some more. */
const KEPT_BYTES = 64 * 1024 * 1024;
/** A count that took long is not made again at once, but is never older than this. */
const STALE_MS = 500;

/** Makes the listing. Counting all places for each request would cost the sale its database; so would a counter row in each sale. */
export function createListing({ feed, db }: { feed: Feed; db: Db }): Listing {
  const pages = createKept<Promise<Page>>(KEPT_PAGES, KEPT_BYTES);
  const counts = new Map<string, Count>();
  const memos = new WeakMap<Page, Memo>();
  const counting = new Map<string, Promise<void>>();
  let edition = 0;
  let turn: Promise<number> | undefined;
  let serial = 0;
  const changedIn = new Map<string, number>();

  feed.onChange((changed, catalog) => {
    serial++;
    for (const id of changed) {
      if (!counts.has(id) && !counting.has(id)) continue;
      changedIn.set(id, serial);
      const count = counts.get(id);
      if (count) count.dirty = true;
    }
    if (catalog) forget();
    if (catalog && !changed.size) counts.clear(); // the feed has started anew: nothing is known
  });

  function forget(): void {
    edition++;
    pages.clear();
    turn = undefined;
  }

  /** Which events stand where depends on the clock too: when one begins or ends, pages are made anew. */
  async function turnPages(): Promise<void> {
    turn ??= events.nextPhase(db).then((at) => at ?? Number.POSITIVE_INFINITY);
    const asked = turn;
    try {
      if ((await asked) <= feed.now() && turn === asked) forget();
    } catch (err) {
      turn = undefined;
      throw err;
    }
  }

  function pageOf(filter: events.EventFilter): Promise<Page> {
    const key = JSON.stringify(filter);
    const known = pages.get(key);
    if (known) return known;
    const made = events.list(db, filter);
    pages.set(key, made, 0);
    const isKept = () => pages.get(key) === made;
    made.then(
      (page) => isKept() && pages.set(key, made, JSON.stringify(page.rows).length),
      () => isKept() && pages.delete(key),
    );
    return made;
  }

  function isFresh(count: Count | undefined): boolean {
    if (!count) return false;
    if (!count.dirty && count.until > feed.now()) return true;
    return Date.now() - count.at < Math.min(STALE_MS, count.tookMs * 10);
  }

  /** Counts what is not known; who asks for the same meanwhile waits for the same count only if it began after the change. */
  async function count(ids: string[]): Promise<void> {
    const open = ids.filter((id) => !feed.peek(id) && !isFresh(counts.get(id)));
    if (!open.length) return;
    const waiting = open.map((id) => counting.get(id)).filter((p) => p !== undefined);
    if (waiting.length) {
      await Promise.all(waiting);
      return count(ids);
    }
    const began = performance.now();
    const from = serial;
    const run = (async () => {
      for (const row of await events.countFree(db, open)) {
        if (counts.size > 200_000) counts.clear();
        counts.set(row.id, {
          available: row.available,
          until: row.next_expiry ?? Number.POSITIVE_INFINITY,
          dirty: (changedIn.get(row.id) ?? -1) > from,
          at: Date.now(),
          tookMs: performance.now() - began,
        });
      }
    })().finally(() => {
      for (const id of open) {
        counting.delete(id);
        changedIn.delete(id);
      }
    });
    for (const id of open) counting.set(id, run);
    return run;
  }

  /** In one go: what it reads belongs together. `asked` is the edition the page was asked for in: it may be an old one by now. */
  function assemble(page: Page, asked: number): Listed {
    const now = feed.now();
    const boards: [Board, number][] = [];
    let until = Number.POSITIVE_INFINITY;
    const rows = page.rows.map((row) => {
      const board = feed.peek(row.id);
      const counted = counts.get(row.id);
      if (board) boards.push([board, board.version]);
      else until = Math.min(until, !counted || counted.dirty ? 0 : counted.until);
      for (const at of [row.starts_at.getTime(), row.ends_at.getTime()]) if (at > now) until = Math.min(until, at);
      return { ...row, available: board?.available ?? counted?.available ?? 0, status: events.phaseAt(row, now) };
    });
    const stamp = `${asked}:${rows.map((row) => `${row.available}${row.status[0]}`).join()}`;
    const listed = { rows, total: page.total, stamp };
    memos.set(page, { listed, serial, until, boards });
    return listed;
  }

  return {
    async page(filter) {
      await feed.catchUp();
      await turnPages();
      const asked = edition;
      const page = await pageOf(filter);
      const memo = memos.get(page);
      if (
        memo &&
        memo.serial === serial &&
        memo.until > feed.now() &&
        memo.boards.every(([board, version]) => board.version === version && feed.peek(board.eventId) === board)
      )
        return memo.listed;
      await count(page.rows.map((row) => row.id));
      return assemble(page, asked);
    },
  };
}
