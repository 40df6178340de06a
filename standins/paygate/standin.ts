// Puts the stand-in together and starts it: in a test as a function, on its own through main.ts.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CALLS, type Team } from './api.ts';
import { createBank } from './bank.ts';
import { control } from './control.ts';
import { type Retry, startCourier } from './courier.ts';
import { calm, type Faults } from './faults.ts';
import { BUTTONS, overview, payPage } from './page.ts';
import { openStore } from './store.ts';
import { Fault } from './wire.ts';

export type StandinOptions = {
  /** 0 takes any free one. */
  port: number;
  /** 127.0.0.1 unless told otherwise: whoever reaches it can make payments. */
  host?: string;
  team: Team;
  /** The address at which the buyer's browser finds it; left out, that of this machine. */
  publicUrl?: string;
  /** So long a payment may be paid (15 minutes). */
  lifeMs?: number;
  /** Without one the state lives in memory only. */
  stateFile?: string;
  retry?: Retry;
  log?: (line: string) => void;
};

export type RunningStandin = { port: number; url: string; close(): Promise<void> };

const EXPIRE_EVERY_MS = 250;
const MAX_BODY_BYTES = 100_000;

/** Starts it; resolves once it listens. */
export async function startPaygateStandin(options: StandinOptions): Promise<RunningStandin> {
  const { team, log = () => {} } = options;
  // The port comes first: a second stand-in by mistake stops here, before it could touch the state file of the first.
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = options.publicUrl ?? `http://127.0.0.1:${port}`;
  const store = openStore(options.stateFile);
  const faults: Faults = { ...calm };
  const courier = startCourier(store, faults, options.retry ?? { firstMs: 500, mostMs: 30_000 }, log);
  const bank = createBank(store, courier, options.lifeMs ?? 15 * 60_000);
  const clock = setInterval(() => bank.expire(), EXPIRE_EVERY_MS);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', url);
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    const call = method === 'POST' ? CALLS[pathname] : undefined;
    if (call) {
      const hit = faults.paths === '' || new RegExp(faults.paths).test(pathname);
      if (hit && faults.fail500 > 0) {
        faults.fail500--;
        return json(response, 500, { success: false, errorCode: '1010' });
      }
      const answer = call(bank, team, fieldsOf(body), url);
      if (!hit || faults.lostAnswer === 0) return json(response, 200, answer);
      faults.lostAnswer--;
      // It has happened, and nobody is told.
      if (faults.lostAnswerAs === '500') json(response, 500, { success: false, errorCode: '1010' });
      return;
    }
    if (pathname.startsWith('/_standin/')) {
      refuseOtherSites(request);
      return json(response, 200, control({ bank, store, courier, faults }, method, pathname.slice('/_standin/'.length), fieldsOf(body)));
    }
    const [, id, button] = /^\/pay\/(\w+)(?:\/(\w+))?$/.exec(pathname) ?? [];
    if (id && method === 'GET') {
      if (bank.find(id).status === 'NEW') bank.move(id, 'FORM_SHOWED');
      return page(response, payPage(bank.find(id)));
    }
    if (id && method === 'POST' && button && Object.hasOwn(BUTTONS, button)) {
      refuseOtherSites(request);
      const { status, successURL, failURL } = bank.move(id, BUTTONS[button as keyof typeof BUTTONS]);
      response.writeHead(303, { location: status === 'AUTHORIZED' ? successURL : failURL }).end();
      return;
    }
    if (method === 'GET' && pathname === '/') return page(response, overview(store));
    throw new Fault(404, '1003', `nothing at ${method} ${pathname}`);
  }

  server.on('request', (request, response) => {
    serve(request, response).catch((error) => {
      if (error instanceof Fault)
        return json(response, error.status, { success: false, errorCode: error.errorCode, message: error.message });
      log(`request failed: ${error instanceof Error ? error.stack : String(error)}`);
      response.destroy();
    });
  });

  return {
    port,
    url,
    async close() {
      clearInterval(clock);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await courier.close();
      store.close();
    },
  };
}

/** Any web page may send a form to a local port; only our own page and programs may pay and turn the switches. */
function refuseOtherSites({ method, headers: { origin, host } }: IncomingMessage): void {
  if (method === 'POST' && origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host))
    throw new Fault(403, '1003', 'not from another origin');
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request) {
    body += part;
    if (body.length > MAX_BODY_BYTES) throw new Fault(413, '1003', 'The body is too large');
  }
  return body;
}

function fieldsOf(body: string): Record<string, unknown> {
  try {
    const fields = body === '' ? {} : JSON.parse(body);
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return fields;
  } catch {
    // Said below, as for anything else that is no object.
  }
  throw new Fault(400, '1003', 'The body is no JSON object');
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function page(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'x-frame-options': 'DENY', 'cache-control': 'no-store' }).end(text);
}
