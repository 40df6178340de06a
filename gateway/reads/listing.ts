// Lists of events with what is available of each. Pages are cached until any event changes, counts until a place of theirs does.
import { type EventFilter, type ListedCard, list, viewAt } from '../../services/events/eventList.ts';
import * as events from '../../services/events/events.ts';
import type { Db } from '../deps.ts';
import { createCache } from '../http/answers/lru.ts';
import type { Board } from './board.ts';
import type { Feed } from './feed.ts';

export type ListedEvent = events.EventView;
export type Listed = { rows: ListedEvent[]; total: number /** equal for equal answers of this gateway */; stamp: string };

export type Listing = { page(filter: EventFilter): Promise<Listed> };

/** `number` differs from that of every other page. */
type Page = { rows: ListedCard[]; total: number; number: number };
/** A page as it was answered; valid while `serial`, the clock before `until`, and the boards' versions stay. */
type Memo = { listed: Listed; serial: number; until: number; boards: [Board, number][] };
type Count = { available: number; until: number; dirty: boolean; at: number; tookMs: number };

const MAX_PAGES = 2_000;
/** Counted as their JSON would be; in memory they take some more. */
const MAX_BYTES = 64 * 1024 * 1024;
/** A count that took long is used a little longer than the next change, but never longer than this. */
const STALE_MS = 500;
/** How old a page may be that was chosen by what is available. */
const AVAILABLE_MS = 1_000;

/** Makes the listing. Counting all places for each request would take the database from the sale; so would a counter that each sale updates. */
export function createListing({ feed, db }: { feed: Feed; db: Db }): Listing {
  const pages = createCache<Promise<Page>>(MAX_PAGES, MAX_BYTES);
  const counts = new Map<string, Count>();
  const memos = new WeakMap<Page, Memo>();
  const counting = new Map<string, Promise<void>>();
  let read = 0;
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
    if (catalog && !changed.size) counts.clear(); // the feed has started anew, so any count may be old
  });

  function forget(): void {
    pages.clear();
    turn = undefined;
  }

  /** Drops all pages when an event begins or ends: which page shows it depends on the clock too. */
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

  function pageOf(filter: EventFilter): Promise<Page> {
    // What is available changes without any event changing, so such a page is asked for again after a second.
    const second = filter.available === undefined ? '' : Math.floor(Date.now() / AVAILABLE_MS);
    const key = JSON.stringify(filter) + second;
    const known = pages.get(key);
    if (known) return known;
    const made = list(db, filter).then((page) => ({ ...page, number: ++read }));
    pages.set(key, made, 0);
    const isCached = () => pages.get(key) === made;
    made.then(
      (page) => isCached() && pages.set(key, made, JSON.stringify(page.rows).length),
      () => isCached() && pages.delete(key),
    );
    return made;
  }

  function isFresh(count: Count | undefined): boolean {
    if (!count) return false;
    if (!count.dirty && count.until > feed.now()) return true;
    return Date.now() - count.at < Math.min(STALE_MS, count.tookMs * 10);
  }

  /** Counts the events that have no board and no fresh count. Calls for an event that is being counted wait, and count again if that count is too old for them. */
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

  /** Puts the page together without awaiting anything, so that all it reads belongs together. */
  function assemble(page: Page): Listed {
    const now = feed.now();
    const boards: [Board, number][] = [];
    let until = Number.POSITIVE_INFINITY;
    const rows = page.rows.map((row) => {
      const board = feed.peek(row.id);
      const counted = counts.get(row.id);
      if (board) boards.push([board, board.version]);
      else until = Math.min(until, !counted || counted.dirty ? 0 : counted.until);
      for (const at of [row.starts_at.getTime(), row.ends_at.getTime()]) if (at > now) until = Math.min(until, at);
      return viewAt(row, board?.available ?? counted?.available ?? 0, now);
    });
    const stamp = `${page.number}:${rows.map((row) => `${row.available}${row.status[0]}`).join()}`;
    const listed = { rows, total: page.total, stamp };
    memos.set(page, { listed, serial, until, boards });
    return listed;
  }

  return {
    async page(filter) {
      await feed.catchUp();
      await turnPages();
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
      return assemble(page);
    },
  };
}
