// Who watches which event. A newcomer gets a snapshot or what it missed; every change goes to all watchers in the same bytes.
import type { Db } from '../deps.ts';
import type { Board, Change, Picture } from '../reads/board.ts';
import type { Feed, News } from '../reads/feed.ts';
import { missedSince } from '../reads/missed.ts';
import { resumed, snapshot, updates } from './messages.ts';

/** A socket, as rooms see it. `send` may drop the socket; it never throws. */
export type Watcher = { send(bytes: Buffer, isSnapshot?: boolean): void };

export type Rooms = {
  /** Brings the watcher up to date, by the changes after `after` if they are all to be had, else by a snapshot; then changes follow. */
  join(event: { id: string; currency: string }, watcher: Watcher, after?: number): Promise<void>;
  leave(eventId: string, watcher: Watcher): void;
};

/** A watcher that is being brought up to date, and the places that change meanwhile: it is told of those too. */
type Joining = { places: Set<string>; replaced?: Board };
type Room = {
  watchers: Set<Watcher>;
  joining: Map<Watcher, Joining>;
  stop(): void;
  snapshot?: Shown;
};

/** A snapshot as it was written at `seq`, and the changes since, which a newcomer gets after it. */
type Shown = { of: Board; at: number; bytes: Buffer; picture: Picture; seq: number; since: { version: number; bytes: Buffer | undefined } };

/** A snapshot is used for so long: a thousand newcomers during a sale must not have megabytes written for each. */
const SNAPSHOT_MS = 5_000;
/** With more changes than this since a snapshot, a new snapshot is shorter. */
const MOST_SINCE = 2_000;

/** Makes the rooms of this gateway. */
export function createRooms(parts: { feed: Feed; db: Db }): Rooms {
  const { feed } = parts;
  const rooms = new Map<string, Room>();

  function roomOf(eventId: string): Room {
    const found = rooms.get(eventId);
    if (found) return found;
    const room: Room = { watchers: new Set(), joining: new Map(), stop: feed.listen(eventId, (news, board) => spread(room, news, board)) };
    rooms.set(eventId, room);
    return room;
  }

  function spread(room: Room, news: News, board: Board): void {
    for (const joining of room.joining.values()) {
      if (news.replaced) joining.replaced = board;
      for (const change of news.changes) joining.places.add(change.id);
    }
    if (!room.watchers.size) return;
    if (news.replaced) {
      show(room, board, room.watchers);
      return;
    }
    const bytes = updates(board.eventId, news.changes, news.before, news.after);
    for (const watcher of room.watchers) watcher.send(bytes);
  }

  /** Sends the whole board, as it is now. */
  function show(room: Room, board: Board, watchers: Iterable<Watcher>): void {
    const { bytes, since } = snapshotOf(room, board);
    for (const watcher of watchers) {
      watcher.send(bytes, true);
      if (since.bytes) watcher.send(since.bytes);
    }
  }

  function snapshotOf(room: Room, board: Board): Shown {
    const made = room.snapshot;
    if (made?.of === board && Date.now() - made.at < SNAPSHOT_MS && keepUp(made)) return made;
    const seq = feed.watermark();
    const since = { version: board.version, bytes: undefined };
    room.snapshot = { of: board, at: Date.now(), bytes: snapshot(board, seq), picture: board.picture(), seq, since };
    return room.snapshot;
  }

  /** Brings `since` up to date with the board; false if there are too many changes. */
  function keepUp(shown: Shown): boolean {
    const { of: board, since } = shown;
    if (since.version === board.version) return true;
    const changes = board.changesFrom(shown.picture);
    if (changes.length > MOST_SINCE) return false;
    const bytes = changes.length ? updates(board.eventId, changes, shown.seq, feed.watermark()) : undefined;
    shown.since = { version: board.version, bytes };
    return true;
  }

  async function join(event: { id: string; currency: string }, watcher: Watcher, after?: number): Promise<void> {
    await feed.board(event);
    const room = roomOf(event.id);
    room.watchers.delete(watcher);
    const joining: Joining = { places: new Set() };
    room.joining.set(watcher, joining);
    try {
      await feed.catchUp();
      const board = await feed.board(event);
      const seq = feed.watermark();
      const missed = after === undefined ? undefined : await missedSince(parts, board, after);
      if (room.joining.get(watcher) !== joining) return; // left, or joined again, meanwhile
      // Nothing is awaited from here to the end, so the watcher gets the board as it is now, and the next change with all others.
      if (missed === undefined || joining.replaced) show(room, joining.replaced ?? board, [watcher]);
      else {
        const changes = statesOf(board, new Set([...missed, ...board.placesOf([...joining.places])]));
        watcher.send(resumed(board, changes.length ? after! : seq, after!));
        if (changes.length) watcher.send(updates(event.id, changes, after!, seq));
      }
      room.watchers.add(watcher);
    } finally {
      if (room.joining.get(watcher) === joining) room.joining.delete(watcher);
      close(event.id, room);
    }
  }

  function close(eventId: string, room: Room): void {
    if (room.watchers.size || room.joining.size || rooms.get(eventId) !== room) return;
    room.stop();
    rooms.delete(eventId);
  }

  return {
    join,
    leave(eventId, watcher) {
      const room = rooms.get(eventId);
      if (!room) return;
      room.watchers.delete(watcher);
      room.joining.delete(watcher);
      close(eventId, room);
    },
  };
}

function statesOf(board: Board, places: Iterable<number>): Change[] {
  return [...places].map((place) => ({ id: board.ids[place]!, status: board.status(place), available: board.available }));
}
