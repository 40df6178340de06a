// One API call from its bytes to its answer: key, fault, idempotency, operation, commit, reply.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorFields, errorBody, invalid, StripeFault } from './errors.ts';
import { takeApiFault } from './faults.ts';
import { type Form, parseForm, readBody, text } from './form.ts';
import { digestOf, inUse, remembered } from './idempotency.ts';
import { publicView } from './intents.ts';
import { assertExpandable, expanded } from './lists.ts';
import { refuseRawCard, routeOf } from './routes.ts';
import type { Scene } from './scene.ts';
import { apiVersion, type Intent, newRequestId } from './wire.ts';

export interface Api {
  scene: Scene;
  /** Keys of calls under way. Only a hanging call is ever seen here by another: everything else runs in one go. */
  busy: Set<string>;
  closing: AbortSignal;
  changed(): void;
  log(line: string): void;
}
interface Answer {
  status: number;
  body: string;
  headers?: Record<string, string>;
  lost?: boolean;
}

export const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, stripe-version, stripe-account',
  'access-control-expose-headers': 'request-id, idempotent-replayed',
  'access-control-max-age': '600',
};

export async function serveApi(api: Api, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const id = newRequestId();
  let answer: Answer | undefined;
  try {
    answer = await answerTo(api, request, response, url, id);
  } catch (error) {
    answer = failure(api, error);
  }
  if (answer === undefined) return;
  const path = `${request.method} ${url.pathname}`;
  if (answer.lost) {
    api.log(`${path} -> ${answer.status}, answer lost on purpose`);
    request.socket.destroy();
    return;
  }
  api.log(`${path} -> ${answer.status}`);
  if (response.destroyed) return;
  const key = request.headers['idempotency-key'];
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'request-id': id,
    'stripe-version': String(request.headers['stripe-version'] ?? apiVersion),
    ...(key && { 'idempotency-key': key }),
    ...corsHeaders,
    ...answer.headers,
  });
  response.end(answer.body);
}

async function answerTo(api: Api, request: IncomingMessage, response: ServerResponse, url: URL, id: string): Promise<Answer | undefined> {
  const { scene, busy } = api;
  const method = request.method ?? 'GET';
  const form = parseForm(method === 'GET' ? url.search : await readBody(request));
  const publishable = whoAsks(request, form) === 'publishable';
  const found = routeOf(method, url.pathname);
  if (publishable && !found.route.browser) {
    const message = 'This API call cannot be made with a publishable API key. Please use a secret API key.';
    throw invalid(message, { code: 'secret_key_required' }, 401);
  }
  const header = request.headers['idempotency-key'];
  const key = method === 'POST' && typeof header === 'string' && header !== '' ? header : undefined;
  if (key !== undefined && busy.has(key)) throw inUse(key);

  const fault = takeApiFault(scene.faults, method, url.pathname);
  if (fault === 'fail500') throw broken();
  if (fault === 'hang') {
    if (key !== undefined) busy.add(key);
    const goesOn = await hang(api, response).finally(() => key !== undefined && busy.delete(key));
    if (!goesOn) return undefined;
  }

  const digest = digestOf(form);
  const kept = key === undefined ? undefined : remembered(scene.store, key, url.pathname, digest);
  if (kept) {
    const headers = { 'idempotent-replayed': 'true', 'original-request': kept.request };
    return { status: kept.status, body: kept.body, headers, lost: fault === 'lose' && scene.faults.lostAnswerAs === 'drop' };
  }

  const call: Scene = { ...scene, request: { id, idempotency_key: key ?? null } };
  let result: { status: number; body: string };
  let keep = true;
  try {
    if (!publishable) refuseRawCard(form);
    assertExpandable(form, found.route.kind, method === 'GET' && found.id === '');
    const object = found.route.run({ scene: call, form, publishable, id: found.id });
    result = { status: 200, body: JSON.stringify(expanded(scene.store, object, form), null, 2) };
  } catch (error) {
    if (publishable && error instanceof StripeFault && error.fields.payment_intent) hideFromBrowser(error.fields);
    result = failure(api, error);
    keep = error instanceof StripeFault && error.kept;
  }
  // The success stands, but nobody hears of it; under its key Stripe keeps the 500, so asking again does not tell either.
  if (fault === 'lose' && scene.faults.lostAnswerAs === '500') result = failure(api, broken());
  if (key !== undefined && keep) {
    scene.store.put('keys', { id: key, endpoint: url.pathname, digest, ...result, request: id, at: Date.now() });
  }
  scene.store.commit();
  api.changed();
  return { ...result, lost: fault === 'lose' && scene.faults.lostAnswerAs === 'drop' };
}

const broken = () => new StripeFault(500, { type: 'api_error', message: 'An unknown error occurred' }, false);

function failure(api: Api, error: unknown): { status: number; body: string } {
  if (error instanceof StripeFault) return { status: error.status, body: JSON.stringify(errorBody(error.fields), null, 2) };
  api.log(`bug in the stand-in: ${error instanceof Error ? error.stack : String(error)}`);
  return failure(api, broken());
}

function hideFromBrowser(fields: ErrorFields): void {
  fields.payment_intent = publicView(fields.payment_intent as Intent);
}

/** True when the call is to go on after all; false when its client left (or we are closing) and nothing shall happen. */
function hang(api: Api, response: ServerResponse): Promise<boolean> {
  const { hangMs } = api.scene.faults;
  return new Promise((resolve) => {
    const timer = hangMs > 0 ? setTimeout(() => resolve(true), hangMs) : undefined;
    if (timer === undefined) response.once('close', () => resolve(false));
    const giveUp = () => {
      clearTimeout(timer);
      resolve(false);
    };
    api.closing.addEventListener('abort', giveUp, { once: true });
  });
}

function whoAsks(request: IncomingMessage, form: Form): 'secret' | 'publishable' {
  const [scheme = '', credentials = ''] = (request.headers.authorization ?? '').split(' ');
  let key = credentials;
  if (scheme.toLowerCase() === 'basic') key = Buffer.from(credentials, 'base64').toString('utf8').split(':')[0] ?? '';
  if (key === '') key = text(form, 'key') ?? '';
  delete form.key;
  if (key === '') {
    throw invalid(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
      {},
      401,
    );
  }
  // A live key has no business here, and must find that out loudly.
  if (/^(sk|rk|pk)_live_/.test(key)) throw invalid('A live key was sent to the Stripe stand-in. It has not been kept; roll it.', {}, 401);
  if (/^(sk|rk)_/.test(key)) return 'secret';
  if (key.startsWith('pk_')) return 'publishable';
  throw invalid(`Invalid API Key provided: ${'*'.repeat(8)}${key.slice(-4)}`, {}, 401);
}
