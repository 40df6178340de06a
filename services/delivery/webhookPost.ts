// One POST to somebody else's server: to an address that was checked for it, bounded in time and size, with no redirect followed.
import http from 'node:http';
import https from 'node:https';
import { isIPv6, type LookupFunction } from 'node:net';
import { addressesOf, allowedUrl, type Reach, type Resolve, Unreachable } from './webhookAddresses.ts';

/** So long may a try take in all: name, connection, answer. */
export const TRY_MS = 10_000;
/** So much of an answer is read, and thrown away. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** What was answered, or why nothing was. `retryAfterMs`: when a 429 or 503 asks to be tried again. */
export type Posted = { status: number | null; error: string | null; ms: number; retryAfterMs: number | null };

export type Post = (url: string, headers: Record<string, string>, body: string) => Promise<Posted>;

/** Makes a sender. No proxy is used: it would make the connection, and to an address that nobody has checked. */
export const createPost =
  (reach: Reach, resolve?: Resolve): Post =>
  async (to, headers, body) => {
    const began = performance.now();
    const signal = AbortSignal.timeout(TRY_MS);
    const posted = (status: number | null, error: string | null, retryAfterMs: number | null = null): Posted => ({
      status,
      error,
      ms: Math.round(performance.now() - began),
      retryAfterMs,
    });
    try {
      const url = allowedUrl(to, reach);
      const addresses = await withinTime(signal, addressesOf(url, reach, signal, resolve));
      const answer = await send(url, addresses, headers, body, signal);
      const status = answer.statusCode!;
      return posted(status, trouble(status), status === 429 || status === 503 ? readRetryAfter(answer.headers['retry-after']) : null);
    } catch (error) {
      return posted(null, signal.aborted ? `no answer within ${TRY_MS / 1000} s` : reasonOf(error));
    }
  };

function trouble(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  return status < 400 ? `answered ${status}: redirects are not followed` : `answered ${status}`;
}

/** The library's own short words (ECONNREFUSED), never a page of somebody's. */
function reasonOf(error: unknown): string {
  if (error instanceof Unreachable) return `refused: ${error.message}`;
  const { code, message } = error as NodeJS.ErrnoException;
  return (code ?? message ?? String(error)).slice(0, 200);
}

function withinTime<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** Posts over a connection of its own to one of these addresses, and reads the answer to its end or its limit. A status is an answer, whatever follows it. */
function send(
  url: URL,
  addresses: string[],
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const known = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const lookup: LookupFunction = (_host, options, done) =>
    options.all ? done(null, known) : done(null, known[0]!.address, known[0]!.family);
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(
      url,
      { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) }, lookup, agent: false, signal },
      (answer) => {
        let read = 0;
        const over = () => {
          request.destroy();
          resolve(answer);
        };
        answer.on('data', (chunk: Buffer) => {
          read += chunk.length;
          if (read > MAX_ANSWER_BYTES) over();
        });
        answer.on('close', over).on('error', over);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Retry-After in seconds or as a date; null where there is none that can be read. */
function readRetryAfter(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}
