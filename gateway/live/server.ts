// /ws/events/{event_id}: who may open a connection for live seats, and how many of them.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Limiter } from '../../services/shared/limits.ts';
import type { Db } from '../deps.ts';
import type { Log } from '../http/operate/log.ts';
import { type Limit, network } from '../http/steps/limits.ts';
import type { Feed } from '../reads/feed.ts';
import { MAX_MESSAGE_BYTES } from './messages.ts';
import { createRooms } from './rooms.ts';
import { CLOSE } from './shapes.ts';
import { type SocketRules, serve } from './socket.ts';

/*
 * Open to anybody, without a token: what is shown here is what GET /events/{id}/seats shows everybody, and a browser's WebSocket
 * cannot send an Authorization header. The Origin is checked all the same, so that no other site spends its visitors'
 * connections on us, and the number of connections is limited for each address, and so are attempts.
 */

export type LiveOptions = SocketRules & {
  publicUrl: string;
  /** Other sites whose pages may connect: scheme://host[:port], or *. */
  origins: readonly string[];
  trustProxy: boolean;
  /** Undefined: any number (rate limits are off). */
  maxPerAddress: number | undefined;
  /** How often an address may try to connect; undefined while rate limits are off. */
  attempts?: { limiter: Limiter; limit: Limit };
  maxSockets: number;
  pingMs?: number;
};

export type Live = {
  /** Takes the server's upgrades. */
  attach(server: Server): void;
  /** For the metrics: open now, and closed as too slow so far. */
  counts(): { sockets: number; dropped: number };
  /** Closes every socket (1001) and resolves when all are gone; after `graceMs` the rest is cut. */
  stop(graceMs?: number): Promise<void>;
};

const PATH = /^\/ws\/events\/([^/?#]{1,200})\/?$/;
export const PING_MS = 30_000;

/** Makes the WebSocket side of a gateway. */
export function createLive(parts: { feed: Feed; db: Db; log: Pick<Log, 'warn'> }, options: LiveOptions): Live {
  const wss = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false, clientTracking: true });
  const rooms = createRooms(parts);
  const perAddress = new Map<string, number>();
  const unheard = new WeakSet<WebSocket>();
  const onError = (err: unknown) => parts.log.warn({ err }, 'live seats: a message could not be answered');
  let stopped = false;
  let dropped = 0;

  const heartbeat = setInterval(() => {
    for (const ws of wss.clients) {
      if (unheard.has(ws)) ws.terminate();
      else {
        unheard.add(ws);
        ws.ping();
      }
    }
  }, options.pingMs ?? PING_MS);
  heartbeat.unref();

  /** Why this connection is not taken, as an HTTP status; undefined when it is. */
  function refusal(request: IncomingMessage, event: string | undefined, address: string): [number, string] | undefined {
    if (stopped) return [503, 'Service Unavailable'];
    if (!event) return [404, 'Not Found'];
    if (request.method !== 'GET') return [405, 'Method Not Allowed'];
    if (!originAllowed(request)) return [403, 'Forbidden'];
    if (options.maxPerAddress !== undefined && (perAddress.get(address) ?? 0) >= options.maxPerAddress) return [429, 'Too Many Requests'];
    // Each attempt may cost a query for the event, also if the client closes at once.
    const { attempts } = options;
    if (attempts && !attempts.limiter.take(`${attempts.limit.name}:${address}`, attempts.limit.calls, attempts.limit.seconds).allowed)
      return [429, 'Too Many Requests'];
    if (wss.clients.size >= options.maxSockets) return [503, 'Service Unavailable'];
    return undefined;
  }

  function upgrade(request: IncomingMessage, raw: Duplex, head: Buffer): void {
    raw.on('error', () => raw.destroy());
    const path = PATH.exec((request.url ?? '').split('?')[0]!)?.[1];
    const event = path && decode(path);
    const address = addressOf(request);
    const refused = refusal(request, event, address);
    if (refused) {
      // The server no longer watches this socket. A client that never closes its half would keep it open, and stop() waiting, for ever.
      raw.once('finish', () => raw.destroy());
      raw.end(`HTTP/1.1 ${refused[0]} ${refused[1]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    wss.handleUpgrade(request, raw, head, (ws) => {
      perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
      ws.on('close', () => {
        const left = perAddress.get(address)! - 1;
        if (left) perAddress.set(address, left);
        else perAddress.delete(address);
      });
      ws.on('pong', () => unheard.delete(ws));
      serve(ws, raw, event!, { feed: parts.feed, rooms, rules: options, onError, onDrop: () => void dropped++ });
    });
  }

  /** A request without Origin is no browser's. Otherwise it must be our own address, as configured or as the request names it, or one of `origins`. */
  function originAllowed({ headers }: IncomingMessage): boolean {
    const origin = headers.origin;
    if (origin === undefined || options.origins.includes('*') || options.origins.includes(origin)) return true;
    if (origin === new URL(options.publicUrl).origin) return true;
    return URL.canParse(origin) && new URL(origin).host === headers.host;
  }

  function addressOf(request: IncomingMessage): string {
    const forwarded = options.trustProxy
      ? String(request.headers['x-forwarded-for'] ?? '')
          .split(',')
          .at(-1)!
          .trim()
      : '';
    return network(forwarded || (request.socket.remoteAddress ?? ''));
  }

  return {
    attach: (server) => void server.on('upgrade', upgrade),
    counts: () => ({ sockets: wss.clients.size, dropped }),
    async stop(graceMs = 2_000) {
      stopped = true;
      clearInterval(heartbeat);
      for (const ws of wss.clients) ws.close(CLOSE.goingAway, 'restarting: connect again and resume');
      const end = Date.now() + graceMs;
      while (wss.clients.size && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
      for (const ws of wss.clients) ws.terminate();
    },
  };
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}
