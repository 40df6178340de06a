// One connection for live seats: its messages, its subscriptions, and when it is closed.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Feed } from '../reads/feed.ts';
import { error, readMessage, reply } from './messages.ts';
import type { Rooms, Watcher } from './rooms.ts';
import { CLOSE, type Message } from './shapes.ts';

export type SocketRules = {
  /** Unread bytes, beyond its last snapshot, at which a reader is too slow. */
  maxBufferedBytes: number;
  maxSubscriptions: number;
};

/** Messages a socket may send: a burst, refilled at so many a second. */
export const BURST = 30;
export const PER_SECOND = 5;
/** Events that one connection may follow. */
export const MAX_SUBSCRIPTIONS = 10;
/** A connection is closed after so many faulty messages. */
export const MAX_FAULTS = 10;
/** A slow reader may never get to our close frame, which waits behind all the rest; after this the connection is cut. */
const CUT_AFTER_MS = 2_000;

/** Serves the socket until it closes. `raw` is the connection under it, to which frames that were encoded once for all are written. */
export function serve(
  ws: WebSocket,
  raw: Duplex,
  path: string,
  parts: { feed: Feed; rooms: Rooms; rules: SocketRules; onError(err: unknown): void; onDrop(): void },
): void {
  const { feed, rooms, rules } = parts;
  const subscribed = new Set<string>();
  let allowance = 0;
  let tokens = BURST;
  let refilled = Date.now();
  let faults = 0;
  let work: Promise<void> = Promise.resolve();

  const watcher: Watcher = {
    send(bytes, isSnapshot) {
      if (ws.readyState !== ws.OPEN) return;
      if (raw.writableLength > rules.maxBufferedBytes + allowance) {
        parts.onDrop();
        end(CLOSE.tryAgain, 'You read too slowly: connect again and resume.');
        return;
      }
      if (isSnapshot) allowance = bytes.length;
      raw.write(bytes);
    },
  };

  function end(code: number, reason: string): void {
    if (ws.readyState !== ws.OPEN) return;
    ws.close(code, reason);
    leaveAll();
    setTimeout(() => ws.terminate(), CUT_AFTER_MS).unref();
  }

  function leaveAll(): void {
    for (const id of subscribed) rooms.leave(id, watcher);
    subscribed.clear();
  }

  function mayAsk(): boolean {
    const now = Date.now();
    tokens = Math.min(BURST, tokens + ((now - refilled) / 1000) * PER_SECOND);
    refilled = now;
    return tokens-- >= 1;
  }

  async function find(idOrSlug: string) {
    const event = await feed.identify(idOrSlug);
    if (event) return event;
    watcher.send(error('EVENT_NOT_FOUND', 'Event does not exist.', { event_id: idOrSlug }));
    end(CLOSE.eventNotFound, 'event not found');
    return undefined;
  }

  async function handle(message: Message): Promise<void> {
    if (message.action === 'ping') return watcher.send(reply({ type: 'pong', data: {} }));
    const event = await find(message.event_id ?? path);
    if (!event || ws.readyState !== ws.OPEN) return;
    if (message.action === 'unsubscribe') {
      subscribed.delete(event.id);
      rooms.leave(event.id, watcher);
      return watcher.send(reply({ type: 'unsubscribed', data: { event_id: event.id } }));
    }
    if (!subscribed.has(event.id) && subscribed.size >= rules.maxSubscriptions)
      return watcher.send(error('RATE_LIMIT_EXCEEDED', `At most ${rules.maxSubscriptions} events on one connection.`));
    subscribed.add(event.id);
    await rooms.join(event, watcher, message.after);
    if (ws.readyState !== ws.OPEN) rooms.leave(event.id, watcher);
  }

  function receive(data: Buffer, isBinary: boolean): void {
    if (!mayAsk()) {
      watcher.send(error('RATE_LIMIT_EXCEEDED', 'Too many messages.'));
      end(CLOSE.policy, 'too many messages');
      return;
    }
    const message = readMessage(data, isBinary);
    if (typeof message === 'string') {
      watcher.send(error('VALIDATION_ERROR', message));
      if (++faults >= MAX_FAULTS) end(CLOSE.policy, 'too many faulty messages');
      return;
    }
    enqueue(() => handle(message));
  }

  /** Runs the tasks one after the other, so that answers come in the order of the messages. */
  function enqueue(task: () => Promise<unknown>): void {
    work = work
      .then(async () => {
        if (ws.readyState === ws.OPEN) await task();
      })
      .catch((err) => {
        parts.onError(err);
        watcher.send(error('SERVER_ERROR', 'Live seats are not available right now.'));
        end(CLOSE.tryAgain, 'try again');
      });
  }

  // First of all, the address itself must name an event.
  enqueue(() => find(path));
  ws.on('message', (data, isBinary) => receive(data as Buffer, isBinary));
  ws.on('close', leaveAll);
  ws.on('error', () => {}); // a broken frame or connection: ws closes it
}
