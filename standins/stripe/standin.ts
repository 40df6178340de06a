// Puts the stand-in together and starts it: in a test as a function, on its own through main.ts.
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Api, corsHeaders, serveApi } from './api.ts';
import { startClock } from './clock.ts';
import { type Control, serveControl } from './control.ts';
import { startCourier } from './courier.ts';
import { calm } from './faults.ts';
import { renderPage } from './page.ts';
import type { Scene } from './scene.ts';
import { openStore, type Store } from './store.ts';

export interface StandinOptions {
  /** 0 takes any free one. */
  port: number;
  /** 127.0.0.1 unless told otherwise: whoever reaches it can make payments. */
  host?: string;
  webhookUrl: string;
  webhookSecret: string;
  /** The types of events that the endpoint has asked for; all without it. The others are in the list of events alone. */
  webhookEvents?: readonly string[];
  /** Without one the state lives in memory only. */
  stateFile?: string;
  /** First pause before a webhook is sent again, and the longest. */
  webhookRetry?: { firstMs: number; maxMs: number };
  log?: (line: string) => void;
}
export interface RunningStandin {
  port: number;
  url: string;
  close(): Promise<void>;
}

export async function startStripeStandin(options: StandinOptions): Promise<RunningStandin> {
  const log = options.log ?? (() => {});
  // The port comes first: a second stand-in by mistake stops here, before it could touch the state file of the first.
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  let store: Store;
  try {
    store = openStore(options.stateFile);
  } catch (error) {
    server.close();
    throw error;
  }
  const scene: Scene = {
    store,
    faults: { ...calm },
    outbox: [],
    wanted: options.webhookEvents,
    request: { id: null, idempotency_key: null },
  };
  const retry = options.webhookRetry ?? { firstMs: 500, maxMs: 30_000 };
  const courier = startCourier({ scene, url: options.webhookUrl, secret: options.webhookSecret, retry, log });
  const clock = startClock(scene, () => courier.wake());
  const changed = (): void => {
    clock.wake();
    courier.wake();
  };
  const closing = new AbortController();
  const busy = new Set<string>();
  const api: Api = { scene, busy, closing: closing.signal, changed, log };
  const control: Control = { scene, courier, busy, changed };
  const stripeJs = readFileSync(new URL('./stripe-js.browser.js', import.meta.url), 'utf8');

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://standin');
    if (url.pathname.startsWith('/_standin/')) return serveControl(control, request, response, url.pathname);
    if (request.method === 'OPTIONS') {
      response.writeHead(204, corsHeaders).end();
      return;
    }
    if (request.method === 'GET' && (url.pathname === '/v3/' || url.pathname === '/v3')) {
      const headers = { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache', 'access-control-allow-origin': '*' };
      response.writeHead(200, headers).end(stripeJs);
      return;
    }
    if (request.method === 'GET' && url.pathname === '/') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'x-frame-options': 'DENY' });
      response.end(renderPage(scene, options.webhookUrl));
      return;
    }
    return serveApi(api, request, response, url);
  };
  server.on('request', (request, response) => {
    serve(request, response).catch((error) => {
      log(`request failed: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });
  changed();

  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${options.host === undefined || options.host === '0.0.0.0' ? '127.0.0.1' : options.host}:${port}`,
    async close() {
      closing.abort();
      clock.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await courier.close();
      store.close();
    },
  };
}
