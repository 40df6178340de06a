// The frame with APIs of its own: two schemes, cookies, limits with their own windows, kept answers, and who owns which address.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TABLE } from '../../gateway/evently/errors.ts';
import type { Api, Refusal, RefusalCode, RefusalTexts } from '../../gateway/http/api.ts';
import { createApp } from '../../gateway/http/app.ts';
import { openApi } from '../../gateway/http/docs/openapi.ts';
import { type Access, type Reply, type Route, route } from '../../gateway/http/route.ts';
import { listen, type Running } from '../../gateway/http/server.ts';
import { type Caller, firstOf, type Scheme } from '../../gateway/http/steps/auth.ts';
import { bearer } from '../../gateway/http/steps/bearer.ts';
import { cookie, readCookie, setCookie } from '../../gateway/http/steps/cookies.ts';
import type { Limit } from '../../gateway/http/steps/limits.ts';
import { createLog } from '../../log.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { createLimiter } from '../../services/shared/limits.ts';
import { freshDatabase } from '../support/database.ts';
import { person } from '../support/made.ts';

const HOME = 'https://tickets.example';
const FOREIGN = 'https://evil.example';

const HOURLY: Limit = { name: 'hourly', calls: 3, seconds: 3600, per: 'account' };
const KEYED: Limit = { name: 'keyed', calls: 2, seconds: 60, per: 'key' };
const WIDE: Limit = { name: 'wide', calls: 1000, seconds: 60, per: 'account' };
const OPEN: Limit = { name: 'open', calls: 1000, seconds: 60, per: 'address' };
const GUESSES: Limit = { name: 'guesses', calls: 5, seconds: 3600, per: 'address' };

let url: string;
let running: Running;
let close: () => Promise<void>;
let callers: Map<string, Caller>;

const verify = async (token: string): Promise<Caller> => {
  const caller = callers.get(token);
  if (!caller) throw new DomainError('token_invalid', 'The token is not valid.');
  return caller;
};
const either = firstOf(cookie('access', verify), bearer(verify));

const spoken = { invalid: 400, malformed: 400, unauthenticated: 401, token_invalid: 401, forbidden: 403, rate_limited: 429 };
const other = { route_not_found: 404, method_not_allowed: 405, key_reused: 422 };
const refuse =
  (name: string) =>
  ({ code, message }: Refusal) => ({ status: { ...spoken, ...other }[code as 'invalid'] ?? 500, body: { api: name, code, message } });

let made = 0;
const state = (method: Route['method'], path: string, o: { access?: Access; limit?: Limit; reply?: () => Reply; keyed?: boolean } = {}) =>
  route({
    method,
    path,
    access: o.access ?? 'public',
    limit: o.limit ?? (o.access === 'user' ? WIDE : OPEN),
    tag: 'Test',
    summary: path,
    idempotent: o.keyed,
    ...(method === 'post' && { body: z.object({}).loose() }),
    responses: { 200: { description: 'Done.' } },
    handle: ({ params, caller, ctx }) => o.reply?.() ?? { status: 200, body: { path, params, account: caller?.accountId, at: ctx.path } },
  });

const api = (name: string, prefix: string | string[], routes: Route[], authenticate: Scheme | undefined = either): Api => ({
  name,
  prefix,
  routes,
  authenticate,
  unknown: GUESSES,
  refuse: refuse(name),
});

/** The document of an API that says every refusal in one shape. */
const documented = ({ routes, authenticate }: Api, spoken = (code: RefusalCode): string => code) => {
  const schema = z.object({ code: z.string(), message: z.string() }).meta({ id: 'Refusal' });
  const refusals = Object.fromEntries(
    (Object.keys(TABLE) as RefusalCode[]).map((core) => {
      const code = spoken(core);
      return [core, { status: TABLE[core].status, code, schema, description: `It is ${code}.` }];
    }),
  ) as unknown as RefusalTexts;
  const about = { title: 'Test', version: '1', description: 'Test.', tags: { Test: 'Tests.' } };
  return openApi({
    about,
    routes,
    authenticate,
    refusals,
    publisher: { contact: { name: 'Test', url: HOME }, license: { name: 'None' }, server: { url: HOME, description: 'Here' } },
  });
};

const cookies = () => [
  setCookie('access', 'a1', { path: '/', seconds: 300, https: true }),
  setCookie('refresh', 'r1', { path: '/t/', seconds: 604_800, https: true }),
];
const slashed = () =>
  api(
    'slashed',
    ['/t/', '/shared/events/'],
    [
      state('get', '/shared/events/'),
      state('get', '/shared/events/search/'),
      state('get', '/shared/events/:slug/'),
      state('post', '/shared/events/:slug/'),
      state('get', '/t/me/', { access: 'user' }),
      state('post', '/t/orders/', { access: 'user' }),
      state('delete', '/t/orders/:id/', { access: 'user' }),
      state('post', '/t/login/', { reply: () => ({ status: 200, body: { in: true }, headers: { 'Set-Cookie': cookies() } }) }),
      state('get', '/t/hourly/', { access: 'user', limit: HOURLY }),
      state('get', '/t/keyed/', { access: 'user', limit: KEYED }),
      state('post', '/t/away/', {
        access: 'user',
        keyed: true,
        reply: () => ({ status: 302, body: undefined, headers: { Location: `/pay/${++made}`, 'Set-Cookie': cookies() } }),
      }),
      state('post', '/t/gone/', {
        access: 'user',
        keyed: true,
        reply: () => ({ status: 204, body: undefined, headers: { 'X-Made': `${++made}` } }),
      }),
      state('post', '/t/text/', { access: 'user', keyed: true, reply: () => ({ status: 200, type: 'text/csv', body: `made,${++made}` }) }),
    ],
  );
const plain = () =>
  api(
    'plain',
    '/shared/events',
    [state('get', '/shared/events'), state('post', '/shared/events'), state('get', '/shared/events/:id')],
    bearer(verify),
  );
const rest = () => api('rest', '/', [state('get', '/')], undefined);

beforeAll(async () => {
  const database = await freshDatabase();
  const { db } = database;
  const [ann, ben] = [await person(db), await person(db)];
  callers = new Map<string, Caller>([
    ['ann', { accountId: ann.id, role: 'user' }],
    ['ben', { accountId: ben.id, role: 'user' }],
    ['ann-key-1', { accountId: ann.id, role: 'user', keyId: 'k1' }],
    ['ann-key-2', { accountId: ann.id, role: 'user', keyId: 'k2' }],
  ]);
  const app = createApp({
    db,
    apis: [slashed(), plain(), rest()],
    log: createLog('silent', 'gateway'),
    metrics: { observe() {} },
    limiter: createLimiter(db),
    trustProxy: true,
    origins: new Set([HOME]),
    https: true,
    isDraining: () => false,
  });
  running = await listen(app, { port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${running.port}`;
  close = database.close;
});
afterAll(async () => {
  await running?.stop(1000);
  await close?.();
});

let address = 0;
/** From an address of its own, so that guesses of one test are not counted in another. */
async function call(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
  const from = { 'x-forwarded-for': `198.51.${Math.floor(++address / 250)}.${address % 250}` };
  const response = await fetch(url + path, { method, headers: { ...from, ...headers }, body, redirect: 'manual' });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, text, body: json && text ? JSON.parse(text) : undefined, headers: response.headers };
}
const json = { 'content-type': 'application/json' };
const by = (token: string) => ({ authorization: `Bearer ${token}` });
const byCookie = (token: string) => ({ cookie: `other=1; access=${token}; x=y` });

describe('addresses', () => {
  it('/x/ and /x belong to two APIs, and what is unknown below to the one that says so', async () => {
    const owners = {
      '/shared/events/': [200, '/shared/events/'],
      '/shared/events': [200, '/shared/events'],
      '/shared/events/summer/': [200, '/shared/events/:slug/'],
      '/shared/events/summer': [200, '/shared/events/:id'],
      '/shared/events/search/': [200, '/shared/events/search/'],
      '/shared/events/search': [200, '/shared/events/:id'],
      '/shared/events//': [404, 'slashed'],
      '/shared/events/a/b/c': [404, 'slashed'],
      '/shared/eventsx': [404, 'rest'],
      '/shared': [404, 'rest'],
      '/t': [404, 'rest'],
      '/t/': [404, 'slashed'],
      '/t/none': [404, 'slashed'],
      '/T/me/': [404, 'rest'],
      '/': [200, '/'],
    };
    for (const [path, [status, who]] of Object.entries(owners)) {
      const answer = await call('GET', path);
      expect([answer.status, answer.body.path ?? answer.body.api], path).toEqual([status, who]);
    }
  });

  it('405 with Allow in the words of the owner; a named address keeps its own methods, and lends those of the pattern', async () => {
    const wrong = async (method: string, path: string) => {
      const { status, headers, body } = await call(method, path);
      return [status, headers.get('allow'), body?.api];
    };
    expect(await wrong('PUT', '/shared/events')).toEqual([405, 'HEAD, GET, POST', 'plain']);
    expect(await wrong('PUT', '/shared/events/')).toEqual([405, 'HEAD, GET', 'slashed']);
    expect(await wrong('DELETE', '/shared/events/search/')).toEqual([405, 'HEAD, GET', 'slashed']);
    expect((await call('POST', '/shared/events/search/', json, '{}')).body).toMatchObject({
      path: '/shared/events/:slug/',
      params: { slug: 'search' },
    });
    const head = await call('HEAD', '/shared/events');
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('parts are decoded once; what is no proper escape is passed on', async () => {
    expect((await call('GET', '/shared/events/caf%C3%A9%2F1%2541/')).body.params).toEqual({ slug: 'café/1%41' });
    expect((await call('GET', '/shared/events/%E0%A4%A/')).body.params).toEqual({ slug: '%E0%A4%A' });
    expect((await call('GET', '/shared/events/a%00/')).body).toMatchObject({ api: 'slashed', code: 'malformed' });
  });

  it('an address with two owners does not start, nor does a route stated twice, nor one prefix of two', async () => {
    const parts = {
      log: createLog('silent', 'gateway'),
      metrics: { observe() {} },
    };
    const start = (...apis: Api[]) =>
      createApp({
        ...parts,
        db: undefined as never,
        apis,
        limiter: undefined,
        trustProxy: false,
        origins: new Set(),
        https: false,
        isDraining: () => false,
      });
    const one = (name: string, path: string, method: Route['method'] = 'get') => api(name, `/${name}`, [state(method, path)]);
    expect(() => start(one('a', '/x/:id'), one('b', '/x/:slug', 'post'))).toThrow('/x/:slug belongs to a and to b');
    expect(() => start(one('a', '/x'), one('b', '/x'))).toThrow('/x belongs to a and to b');
    expect(() => start(api('a', '/a', [state('get', '/x'), state('get', '/x')]))).toThrow('GET /x is stated twice');
    expect(() => start(api('a', '/p', []), api('b', '/p', []))).toThrow('/p belongs to a and to b');
    expect(() => start(one('a', '/x/'), one('b', '/x'))).not.toThrow();
    expect(() => start({ ...api('a', '/a', [state('get', '/x', { access: 'user' })]), authenticate: undefined })).toThrow('no scheme');
  });
});

describe('schemes', () => {
  it('a cookie or a bearer token signs in; the first that is brought counts, and nothing is mixed', async () => {
    const ann = callers.get('ann')!.accountId;
    expect((await call('GET', '/t/me/', by('ann'))).body.account).toBe(ann);
    expect((await call('GET', '/t/me/', byCookie('ann'))).body.account).toBe(ann);
    expect((await call('GET', '/t/me/', { ...byCookie('ann'), ...by('ben') })).body.account).toBe(ann);
    expect((await call('GET', '/t/me/', { ...byCookie('bad'), ...by('ben') })).status).toBe(401);
  });

  it('401 names what is missing, and challenges for what a program can send', async () => {
    const { status, headers, body } = await call('GET', '/t/me/');
    expect([status, headers.get('www-authenticate'), body.code]).toEqual([401, 'Bearer', 'unauthenticated']);
    expect(body.message).toBe('Authentication required: send the cookie access or Authorization: Bearer <access_token>.');
  });

  it('the document has each scheme, and each alone is enough', () => {
    const document = documented(slashed());
    expect(document.components?.securitySchemes).toMatchObject({
      cookie: { type: 'apiKey', in: 'cookie', name: 'access' },
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    });
    expect(document.paths?.['/t/me/']?.get?.security).toEqual([{ cookie: [] }, { bearer: [] }]);
    expect(document.paths?.['/shared/events/']?.get?.security).toEqual([]);
  });

  it('an API with one shape for all refusals has one schema of it; answers and refusals are named, statuses of one code apart', () => {
    const routes = [
      { ...state('get', '/t/one/'), operationId: 'one', refusals: ['event_not_found', 'order_not_found', 'sold_out'] as RefusalCode[] },
      { ...state('post', '/t/two/'), operationId: 'two', refusals: ['event_not_found'] as RefusalCode[] },
    ];
    for (const route of routes) route.responses = { 200: { description: 'Done.', schema: z.object({ done: z.boolean() }) } };
    const { paths, components } = documented(api('one', '/t/', routes), (code) => (code === 'sold_out' ? 'event_not_found' : code));
    const { responses } = paths!['/t/one/']!.get!;
    const named = (name: string) => ({ $ref: `#/components/responses/${name}` });
    expect(responses).toMatchObject({
      400: named('BadRequest'),
      404: named('EventNotFoundOrOrderNotFound404'),
      409: named('EventNotFound409'),
      429: named('TooManyRequests'),
    });
    expect(paths!['/t/two/']!.post!.responses).toMatchObject({ 400: named('BadRequest'), 404: named('EventNotFound404') });
    expect(Object.keys(components!.schemas!).sort()).toEqual(['OneResponse', 'Refusal', 'TwoRequest', 'TwoResponse']);
    expect(components!.responses!.EventNotFoundOrOrderNotFound404).toMatchObject({
      description: '`event_not_found`: It is event_not_found.\n\n`order_not_found`: It is order_not_found.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
    });
  });

  it('reads a cookie by its whole name', () => {
    expect(readCookie('xaccess=1; access=2==; access=3', 'access')).toBe('2==');
    expect([readCookie(undefined, 'access'), readCookie('access', 'access'), readCookie('', 'access')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('credentials that a browser sends by itself', () => {
  const order = (headers: Record<string, string>, body: string | undefined = '{}') => call('POST', '/t/orders/', headers, body);
  const cookieFrom = (origin: string, more: Record<string, string> = json) => ({ ...byCookie('ann'), origin, ...more });

  it('200 from a page of this site with JSON; safe calls need neither', async () => {
    expect((await order(cookieFrom(HOME))).status).toBe(200);
    expect((await order(cookieFrom(HOME, { 'content-type': 'application/json; charset=utf-8' }))).status).toBe(200);
    expect((await call('DELETE', '/t/orders/1/', cookieFrom(HOME, {}))).status).toBe(200);
    expect((await call('GET', '/t/me/', { ...byCookie('ann'), origin: FOREIGN })).status).toBe(200);
  });

  it('403 from a page of another site, from none, and from one that cannot be told, whatever it sends', async () => {
    for (const origin of [FOREIGN, 'null', `${HOME}.evil.example`, `${HOME}:8443`, 'http://tickets.example', ''])
      expect((await order(cookieFrom(origin))).body.code, origin).toBe('forbidden');
    expect((await order({ ...byCookie('ann'), ...json })).body.code).toBe('forbidden');
    expect((await call('DELETE', '/t/orders/1/', cookieFrom(FOREIGN, {}))).status).toBe(403);
  });

  it('400 for what a form could send, also from this site', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonp',
      'text/json',
    ])
      expect((await order(cookieFrom(HOME, { 'content-type': type }))).body.code, type).toBe('malformed');
    const form = await call('POST', '/t/orders/', cookieFrom(HOME, { 'content-type': 'application/x-www-form-urlencoded' }));
    expect(form.body.code).toBe('malformed');
  });

  it('a bearer token needs neither: no browser sends it by itself', async () => {
    expect((await order({ ...by('ann'), 'content-type': 'text/plain', origin: FOREIGN })).status).toBe(200);
    expect((await order(by('ann'))).status).toBe(200);
  });

  it('nobody is signed in by a page of another site; programs, which name no page, sign in', async () => {
    const login = (headers: Record<string, string>) => call('POST', '/t/login/', headers, '{}');
    expect((await login({ ...json, origin: FOREIGN })).status).toBe(403);
    expect((await login({ 'content-type': 'text/plain', origin: HOME })).status).toBe(400);
    expect((await login({ ...json, origin: HOME })).status).toBe(200);
    expect((await login(json)).status).toBe(200);
    // An API without cookies has nothing to protect so.
    expect((await call('POST', '/shared/events', { ...json, origin: FOREIGN }, '{}')).status).toBe(200);
  });

  it('an answer sets several cookies, each out of reach of scripts', async () => {
    const { headers } = await call('POST', '/t/login/', json, '{}');
    expect(headers.getSetCookie()).toEqual([
      'access=a1; Path=/; Max-Age=300; HttpOnly; SameSite=Lax; Secure',
      'refresh=r1; Path=/t/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure',
    ]);
  });
});

describe('limits', () => {
  it('429 after three calls of an account in an hour, and not for another account', async () => {
    const hourly = (token: string) => call('GET', '/t/hourly/', by(token));
    for (let i = 0; i < 3; i++) expect((await hourly('ann')).status).toBe(200);
    const over = await hourly('ann');
    expect([over.status, over.headers.get('x-ratelimit-limit')]).toEqual([429, '3']);
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(3500);
    expect((await hourly('ben')).status).toBe(200);
  });

  it('counts the keys of one account apart, and the account itself where it calls without one', async () => {
    const keyed = async (token: string) => (await call('GET', '/t/keyed/', by(token))).status;
    expect([await keyed('ann-key-1'), await keyed('ann-key-1'), await keyed('ann-key-1')]).toEqual([200, 200, 429]);
    expect([await keyed('ann-key-2'), await keyed('ann'), await keyed('ann'), await keyed('ann')]).toEqual([200, 200, 200, 429]);
  });

  it('counts guesses by address, whatever the route allows its callers', async () => {
    const guess = async (path: string) => (await call('GET', path, { ...by('guess'), 'x-forwarded-for': '192.0.2.77' })).status;
    for (let i = 0; i < 5; i++) expect(await guess('/t/me/')).toBe(401);
    expect([await guess('/t/me/'), await guess('/t/hourly/')]).toEqual([429, 429]);
  });
});

describe('an answer that is given again', () => {
  const twice = async (path: string) => {
    const headers = { ...by('ann'), ...json, 'idempotency-key': randomUUID() };
    return [await call('POST', path, headers, '{}'), await call('POST', path, headers, '{}')] as const;
  };

  it('302 with the same Location and no body; its cookies are not kept', async () => {
    const [first, again] = await twice('/t/away/');
    expect([first.status, first.headers.get('location')]).toEqual([302, `/pay/${made}`]);
    expect([again.status, again.headers.get('location'), again.text]).toEqual([302, `/pay/${made}`, '']);
    expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([null, 'true']);
    expect([first.headers.getSetCookie().length, again.headers.getSetCookie().length]).toEqual([2, 0]);
  });

  it('204 without a body, and text of its own type', async () => {
    const [first, again] = await twice('/t/gone/');
    expect([again.status, again.headers.get('x-made'), again.text]).toEqual([204, first.headers.get('x-made'), '']);
    const [csv, copy] = await twice('/t/text/');
    expect([copy.status, copy.text, copy.headers.get('content-type')]).toEqual([200, csv.text, csv.headers.get('content-type')]);
  });
});
