// The mail catcher: an SMTP server that accepts everything and delivers nothing, with an inbox page and an API on a second port. Texts too: sms.ts.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { PAGE } from './page.ts';
import { openTexts, type Texts } from './sms.ts';
import { SMS_PAGE } from './smsPage.ts';
import { openStore, type Store } from './store.ts';

export type CatcherOptions = { smtpPort: number; httpPort: number; host?: string; dataDir?: string; limit?: number };
export type Catcher = { smtpPort: number; httpPort: number; smtpUrl: string; url: string; store: Store; stop(): Promise<void> };

/** What tests may break: the next `refuse` deliveries are answered with 451, as a busy mail server would. */
type Faults = { refuse: number };

const MAX_MESSAGE = 25 * 1024 * 1024;

/** What the two kinds of server have in common. */
type Listening = {
  once(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
  listen(port: number, host: string, listening: () => void): unknown;
};

/** Starts both servers; port 0 takes a free one. Throws when a port is taken. */
export async function startMailCatcher(options: CatcherOptions): Promise<Catcher> {
  const host = options.host ?? '127.0.0.1';
  const store = openStore(options.dataDir, options.limit);
  const texts = openTexts(options.dataDir);
  const faults: Faults = { refuse: 0 };
  const smtp = smtpServer(store, faults);
  const web = http.createServer((req, res) => {
    answer(req, res, { store, texts, faults }).catch((error) => send(res, 500, { error: String(error?.message ?? error) }));
  });
  await listen(smtp, options.smtpPort, host);
  try {
    await listen(web, options.httpPort, host);
  } catch (error) {
    smtp.close();
    throw error;
  }
  const smtpPort = (smtp.server.address() as AddressInfo).port;
  const httpPort = (web.address() as AddressInfo).port;
  return {
    smtpPort,
    httpPort,
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    url: `http://localhost:${httpPort}`,
    store,
    async stop() {
      web.closeAllConnections();
      await Promise.all([new Promise((done) => web.close(done)), new Promise<void>((done) => smtp.close(() => done()))]);
    },
  };
}

function smtpServer(store: Store, faults: Faults): SMTPServer {
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'], // a self-signed certificate would only make clients complain
    disableReverseLookup: true, // no name is worth waiting for where there is no DNS
    authOptional: true,
    onAuth: (auth, _session, done) => done(null, { user: auth.username }), // whoever signs in is welcome
    size: MAX_MESSAGE,
    closeTimeout: 1000,
    logger: false,
    onRcptTo({ address }, _session, done) {
      const code = refusedCode(address, 'rcpt');
      done(code ? refusal(code, `5.1.1 <${address}> is not known here`) : null);
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      let size = 0;
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= MAX_MESSAGE) chunks.push(chunk);
      });
      stream.on('end', () => {
        if (size > MAX_MESSAGE) return done(refusal(552, 'Message too big'));
        if (faults.refuse > 0) {
          faults.refuse--;
          return done(refusal(451, 'Try again later (fault switch)'));
        }
        const code = session.envelope.rcptTo.map((one) => refusedCode(one.address, 'data')).find(Boolean);
        if (code) return done(refusal(code, 'Not taken for this recipient'));
        const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
        const to = session.envelope.rcptTo.map((one) => one.address);
        try {
          store.add(Buffer.concat(chunks), { from, to });
          done();
        } catch (error) {
          done(error as Error);
        }
      });
    },
  });
  server.on('error', () => {}); // a client that hung up; a failure to listen reaches listen() as well
  return server;
}

/** Recipients that are refused, by their own name: `rcpt-550.x@...` when they are named, `data-554.x@...` at the end of the message. */
function refusedCode(address: string, at: 'rcpt' | 'data'): number | undefined {
  const [, where, code] = /^(rcpt|data)-([45]\d\d)\b/.exec(address) ?? [];
  return where === at ? Number(code) : undefined;
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

function listen(server: Listening, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

type Parts = { store: Store; texts: Texts; faults: Faults };

async function answer(req: http.IncomingMessage, res: http.ServerResponse, { store, texts, faults }: Parts): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://localhost');
  const parts = url.pathname.split('/').filter(Boolean).map(decode);
  const route = `${req.method} /${parts.slice(0, 2).join('/')}`;
  if (req.method === 'GET' && !parts.length) return page(res, PAGE);
  if (route === 'GET /healthz') return send(res, 200, { status: 'ok' });
  if (route === 'POST /api/faults' && parts.length === 2) return setFaults(req, res, { faults, texts });
  if (route === 'DELETE /api/messages' && parts.length === 2) {
    store.clear();
    return send(res, 200, { deleted: true });
  }
  if (route === 'GET /sms' && parts.length === 1) return page(res, SMS_PAGE);
  if (route === 'GET /api/sms' && parts.length === 2) return send(res, 200, texts.list(url.searchParams.get('to') ?? undefined));
  if (route === 'DELETE /api/sms' && parts.length === 2) {
    texts.clear();
    return send(res, 200, { deleted: true });
  }
  if (route === 'POST /2010-04-01/Accounts' && parts[3] === 'Messages.json' && parts.length === 4) {
    const { status, body } = await texts.take(req, parts[2]!);
    return send(res, status, body);
  }
  if (route === 'GET /api/messages') {
    const [, , id, what, name] = parts;
    if (!id) return send(res, 200, await store.list(url.searchParams.get('to') ?? undefined));
    const message = await store.get(id);
    if (message && !what) return send(res, 200, message);
    if (message && what === 'source' && parts.length === 4) return download(res, 'text/plain; charset=utf-8', store.source(id)!);
    const file = message && what === 'attachments' && name && parts.length === 5 ? await store.attachment(id, name) : undefined;
    if (file) return download(res, file.contentType, file.content, name);
  }
  send(res, 404, { error: 'not found' });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function setFaults(req: http.IncomingMessage, res: http.ServerResponse, { faults, texts }: Omit<Parts, 'store'>): Promise<void> {
  let body = '';
  for await (const chunk of req) {
    body += chunk;
    if (body.length > 10_000) return send(res, 413, { error: 'too big' });
  }
  try {
    const { refuse, refuseSms = 0 } = JSON.parse(body || '{}');
    if (![refuse, refuseSms].every((n) => Number.isInteger(n) && n >= 0)) throw new Error();
    faults.refuse = refuse;
    texts.refuseNext(refuseSms);
    send(res, 200, faults);
  } catch {
    send(res, 400, { error: 'send {"refuse": n}: the next n deliveries are answered with 451' });
  }
}

function send(res: http.ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  res.end(JSON.stringify(body));
}

function page(res: http.ServerResponse, html: string): void {
  // Mail is shown in a frame without scripts; this keeps it from loading anything from elsewhere, as a tracking picture would.
  const policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: 'self'; connect-src 'self'; frame-src 'self'";
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'content-security-policy': policy });
  res.end(html);
}

function download(res: http.ServerResponse, type: string, content: Buffer, filename?: string): void {
  const headers: http.OutgoingHttpHeaders = {
    'content-type': /^[\w.+-]+\/[\w.+-]+(;[\w\s=.-]*)?$/.test(type) ? type : 'application/octet-stream',
    'content-length': content.length,
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
  };
  if (filename) headers['content-disposition'] = `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`;
  res.writeHead(200, headers);
  res.end(content);
}
