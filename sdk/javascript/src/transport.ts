// Makes a call: one request, and again where that is safe.
import { randomUUID } from 'node:crypto';
import { type BilletterError, ConnectionFailed, errorOf, TimedOut } from './errors';
import { OPERATIONS, type operations } from './generated';
import type { Answer, Body, CallOptions, Query } from './types';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** A server that asks for more patience than this has the error handed on. Its rate limits end within a minute. */
const LONGEST_RETRY_AFTER = 60;
const VERSION = '0.1.0';

export type Fetch = typeof globalThis.fetch;
export type Transport = ReturnType<typeof createTransport>;
export type Settings = { apiKey: string; baseUrl: string; maxRetries: number; timeoutMs: number; fetch: Fetch };

type OperationId = keyof operations & keyof typeof OPERATIONS;
type Sent<O extends OperationId> = { path?: Record<string, string>; query?: Query<O>; body?: Body<O> };

/** How operations are called with these settings. */
export function createTransport(settings: Settings) {
  /**
   * Calls an operation. 429, 502 to 504 and failures of the network are tried again; a POST that takes no Idempotency-Key only after a 429,
   * which says that nothing was done. Throws a BilletterError, or the reason of an aborted signal.
   */
  return async function call<O extends OperationId>(operation: O, sent: Sent<O> = {}, options: CallOptions = {}): Promise<Answer<O>> {
    const { method, path, repeatable, keyed, file } = OPERATIONS[operation];
    const url = address(settings.baseUrl, path, sent);
    const request = {
      method,
      headers: {
        accept: file ? '*/*' : 'application/json',
        authorization: `Bearer ${settings.apiKey}`,
        'user-agent': `billetter-api-js/${VERSION}`,
        ...(sent.body !== undefined && { 'content-type': 'application/json' }),
        // One key for all tries: the server does it once.
        ...(keyed && { 'idempotency-key': options.idempotencyKey ?? randomUUID() }),
      },
      ...(sent.body !== undefined && { body: JSON.stringify(sent.body) }),
    };
    for (let tried = 1; ; tried++) {
      const answer = await once(settings, url, request, file, options);
      if ('body' in answer) return answer.body as Answer<O>;
      const pause = tried > settings.maxRetries ? undefined : pauseMs(answer.error, tried, repeatable);
      if (pause === undefined) throw answer.error;
      await sleep(pause, options.signal);
    }
  };
}

function address(baseUrl: string, template: string, { path = {}, query = {} }: { path?: Record<string, string>; query?: object }): string {
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => segment(name, path[name]));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return `${baseUrl}${filled}${search.size ? `?${search}` : ''}`;
}

/** Refuses what would make another address of the path. */
function segment(name: string, value: unknown): string {
  if (typeof value !== 'string' || /^\.{0,2}$/.test(value)) throw new TypeError(`${name} must be an id`);
  return encodeURIComponent(value);
}

async function once(
  { fetch, timeoutMs }: Settings,
  url: string,
  request: RequestInit,
  file: boolean,
  options: CallOptions,
): Promise<{ body: unknown } | { error: BilletterError }> {
  options.signal?.throwIfAborted();
  const clock = AbortSignal.timeout(options.timeoutMs ?? timeoutMs);
  const signal = options.signal ? AbortSignal.any([clock, options.signal]) : clock;
  try {
    // A redirect would carry the key to wherever it leads.
    const response = await fetch(url, { ...request, redirect: 'manual', signal });
    if (response.ok && file) return { body: new Uint8Array(await response.arrayBuffer()) };
    const text = await response.text();
    return response.ok ? { body: text === '' ? undefined : JSON.parse(text) } : { error: refused(response, text) };
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (clock.aborted) return { error: new TimedOut({ status: 0, code: 'TIMED_OUT', message: 'There was no answer in time.', cause }) };
    if (cause instanceof SyntaxError) throw errorOf({ status: 200, code: 'INVALID_ANSWER', message: 'The answer is no JSON.', cause });
    return {
      error: new ConnectionFailed({ status: 0, code: 'CONNECTION_FAILED', message: `No answer from ${new URL(url).origin}.`, cause }),
    };
  }
}

/** The error of an answer; one that a proxy gave may be anything. */
function refused({ status, headers }: Response, text: string): BilletterError {
  const said = errorIn(text);
  return errorOf({
    status,
    code: said?.code ?? `HTTP_${status}`,
    message: said?.message ?? `The server answered ${status}.`,
    details: said?.details,
    requestId: headers.get('x-request-id') ?? undefined,
    retryAfter: seconds(headers.get('retry-after')),
  });
}

function errorIn(text: string): { code: string; message: string; details?: Record<string, unknown> } | undefined {
  try {
    const { error } = JSON.parse(text);
    return typeof error?.code === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

/** What Retry-After says, in seconds or as a date. */
function seconds(header: string | null): number | undefined {
  if (!header) return undefined;
  const at = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(at) ? Math.max(0, at) : undefined;
}

/** How long to wait before the next try; undefined for what must not, or need not, be tried again. */
function pauseMs(error: BilletterError, tried: number, repeatable: boolean): number | undefined {
  const { status, code, retryAfter = 0 } = error;
  // An earlier try of ours is still being worked on: its answer will be given again.
  const underWay = code === 'IDEMPOTENCY_KEY_IN_USE';
  const passing = underWay || [0, 502, 503, 504].includes(status);
  if (status !== 429 && !(passing && repeatable)) return undefined;
  if (retryAfter > LONGEST_RETRY_AFTER) return undefined;
  // Half of it is left to chance, so that clients that failed together do not come back together.
  const backoff = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tried - 1)) * (0.5 + Math.random() / 2);
  return retryAfter * 1000 + (retryAfter ? Math.random() * FIRST_PAUSE_MS : backoff);
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
