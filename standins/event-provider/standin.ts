// Puts the stand-in together and starts it: in a test as a function, on its own through main.ts.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, answer, type Provider } from './api.ts';
import { control } from './control.ts';
import { calm, takeFault } from './faults.ts';
import { createHall } from './hall.ts';
import { openStore } from './store.ts';

export type EventProviderOptions = {
  /** 0 takes any free one. */
  port: number;
  /** 127.0.0.1 unless told otherwise: whoever reaches it can take places. */
  host?: string;
  /** 100,000 places in rows of 100 unless told otherwise. */
  places?: number;
  /** See createHall. */
  realm?: string;
  /** Without one the state lives in memory only. */
  stateFile?: string;
  log?: (line: string) => void;
};

export type RunningEventProvider = { port: number; url: string; close(): Promise<void> };

const API = '/api/partners/v1';
const MOST_BYTES = 10_000;

export async function startEventProvider(options: EventProviderOptions): Promise<RunningEventProvider> {
  const { places = 100_000, realm = 'e0e0e0e0', host = '127.0.0.1', log = () => {} } = options;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const faults = { ...calm };
  const hall = createHall(places, realm);
  const store = openStore({ stateFile: options.stateFile, lagMs: () => faults.lagMs });
  const provider: Provider = { store, hall, takesBack: () => faults.takesBack };

  /** Undefined: never answered. */
  async function reply(request: IncomingMessage): Promise<Answer | undefined> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://standin');
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    if (!body) return { status: 400 };
    if (pathname.startsWith('/_standin/')) return control({ store, hall, faults }, request, pathname, body);
    if (!pathname.startsWith(`${API}/`)) return { status: pathname === '/' ? 200 : 404, body: { name: 'event provider stand-in', places } };

    const fault = takeFault(faults, method, pathname);
    if (fault === 'slow') await sleep(faults.slowMs);
    if (fault === 'fail500') return { status: 500 };
    if (fault === 'conflict') return { status: 409 };
    const told = answer(provider, method, pathname.slice(API.length), searchParams, body);
    log(`${method} ${pathname} -> ${told.status}${fault === 'none' ? '' : `, ${fault}`}`);
    if (fault === 'hang') return undefined;
    return fault === 'lost500' ? { status: 500 } : told;
  }

  server.on('request', (request, response) => {
    reply(request).then(
      (told) => told && send(response, told),
      (error) => {
        log(`bug in the stand-in: ${error instanceof Error ? error.stack : String(error)}`);
        response.destroy();
      },
    );
  });

  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The call's JSON object; {} where there is no body, undefined where it is none. */
async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  let text = '';
  for await (const part of request) {
    text += part;
    if (text.length > MOST_BYTES) return undefined;
  }
  if (!text) return {};
  try {
    const body = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (response.destroyed) return;
  if (body === undefined) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
