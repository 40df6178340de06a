// Listening and leaving: a server that, told to stop, finishes what it has begun and then closes.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';

export type Running = { server: Server; port: number; stop(graceMs: number): Promise<void> };

/** Listens; rejects with the system's error (a taken port). `stop` resolves when the last request is answered or the grace is over. */
export async function listen(app: Koa, where: { port: number; host: string }): Promise<Running> {
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 20_000, requestTimeout: 30_000 }, app.callback());
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
