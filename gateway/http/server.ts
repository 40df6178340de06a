// Listening and leaving: a server that, told to stop, finishes what it has begun and then closes.
import { createServer, IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';

export type Running = { server: Server; port: number; stop(graceMs: number): Promise<void> };

/**
 * Whoever offers another protocol than WebSocket (Java's client and curl --http2 offer h2c with an ordinary request) is answered as if
 * it had not: RFC 9110, 7.8. Node hands every offer to the listener for upgrades as long as there is one, and leaves this flag to be asked.
 */
class Request extends IncomingMessage {
  declare upgrade: boolean | null;
  declare offered: boolean | null;
}
Object.defineProperty(Request.prototype, 'upgrade', {
  get(this: Request) {
    return this.offered && (this.method === 'CONNECT' || this.headers.upgrade?.toLowerCase() === 'websocket');
  },
  set(this: Request, offered: boolean | null) {
    this.offered = offered;
  },
});

/** Listens; rejects with the system's error (a taken port). `stop` resolves when the last request is answered or the grace is over. */
export async function listen(app: Koa, where: { port: number; host: string }): Promise<Running> {
  const server = createServer(
    { IncomingMessage: Request, keepAliveTimeout: 65_000, headersTimeout: 20_000, requestTimeout: 30_000 },
    app.callback(),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: where.port, host: where.host, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async stop(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A kept-alive connection that was busy at close() turns idle later: it is closed then, not after its own long time-out.
      const idle = setInterval(() => server.closeIdleConnections(), 50);
      const last = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearInterval(idle);
      clearTimeout(last);
    },
  };
}
