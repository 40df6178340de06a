// EasyTicket in a browser: what its cookies are on an https site, calls that another site's page makes with them, and limits of signing in.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { isSigned } from '../../gateway/http/steps/auth.ts';
import { createLimiter } from '../../services/shared/limits.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';

const PASSWORD = 'SecurePass123!';

let world: World;
beforeAll(async () => {
  const config = loadConfig({ NODE_ENV: 'test', PUBLIC_URL: 'https://tickets.example' });
  world = await startWorld({ limiter: (db) => createLimiter(db), overrides: { config } });
});
afterAll(() => world?.stop());

let address = 0;
/** From an address of its own, so that what one test has counted is not counted in another. */
const from = () => ({ 'x-forwarded-for': `198.51.100.${++address}` });
const json = { 'content-type': 'application/json' };

it('on an https site both cookies are Secure, when they are set, renewed and taken away', async () => {
  const email = 'secure@example.test';
  await world.call('POST', '/api/v1/auth/register', { body: { email, password: PASSWORD, full_name: 'Ann' }, headers: from() });
  const inside = await world.call('POST', '/api/auth/login/', { body: { email, password: PASSWORD }, headers: from() });
  const { refresh } = inside.body.tokens;
  const renewed = await world.call('POST', '/api/auth/token/refresh/', { body: { refresh }, headers: from() });
  const out = await world.call('POST', '/api/auth/logout/', { body: {}, token: renewed.body.access });
  for (const answer of [inside, renewed, out]) {
    const set = answer.headers.getSetCookie();
    expect(set.map((one) => one.split('=')[0])).toEqual(['access_token', 'refresh_token']);
    for (const one of set) expect(one).toMatch(/; HttpOnly; SameSite=Lax; Secure$/);
  }
});

describe('a call by cookie alone that changes something', () => {
  const unsafe = () =>
    world.apis.find(({ name }) => name === 'easyticket')!.routes.filter(({ method, access }) => method !== 'get' && isSigned(access));
  /** The call as its route has it, by cookie alone, with these headers. */
  const forged = async (route: { method: string; path: string }, headers: Record<string, string>, raw?: string) => {
    const admin = await person(world.db, 'admin');
    return world.call(route.method.toUpperCase(), route.path.replace(/:\w+/g, '00000000-0000-4000-8000-000000000000'), {
      headers: { ...from(), cookie: `access_token=${admin.token}`, ...headers },
      raw,
    });
  };
  const HOME = 'https://tickets.example';

  it('403 from a page of another site, and from one that does not say where it is from', async () => {
    expect(unsafe().length).toBeGreaterThan(10);
    for (const route of unsafe())
      for (const origin of ['https://evil.example', 'null', undefined]) {
        const { status, body } = await forged(route, { ...json, ...(origin && { origin }) }, '{}');
        expect([status, body.code], `${route.method} ${route.path} from ${origin}`).toEqual([403, 'permission_denied']);
      }
  });

  it('400 as a form of this site sends it, and let through as its script does', async () => {
    for (const route of unsafe()) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
        const { status, body } = await forged(route, { origin: HOME, 'content-type': type }, 'a=1');
        expect([status, Object.keys(body.field_errors)], `${route.method} ${route.path} as ${type}`).toEqual([400, ['Content-Type']]);
      }
      expect((await forged(route, { ...json, origin: HOME }, '{}')).status, `${route.method} ${route.path}`).not.toBe(403);
    }
  });

  it('another site cannot sign its visitor in, up or on', async () => {
    for (const path of ['login', 'signup', 'token/refresh', 'verify-email', 'resend-verification']) {
      const headers = { ...from(), ...json, origin: 'https://evil.example' };
      expect((await world.call('POST', `/api/auth/${path}/`, { headers, raw: '{}' })).status, path).toBe(403);
    }
  });
});

describe('limits', () => {
  it.each([
    ['signup', 5],
    ['login', 5],
    ['resend-verification', 5],
    ['verify-email', 100],
    ['token/refresh', 1000],
  ])('%s: an address has its own count of %i an hour', async (path, calls) => {
    const headers = from();
    const first = await world.call('POST', `/api/auth/${path}/`, { body: {}, headers });
    const of = (answer: { headers: Headers }) =>
      ['x-ratelimit-limit', 'x-ratelimit-remaining'].map((name) => Number(answer.headers.get(name)));
    expect([first.status, ...of(first)]).toEqual([400, calls, calls - 1]);
    expect(Number(first.headers.get('x-ratelimit-reset')) * 1000).toBeGreaterThan(Date.now() + 3_500_000);
    if (calls > 5) return;
    for (let i = 1; i < calls; i++) expect((await world.call('POST', `/api/auth/${path}/`, { body: {}, headers })).status).toBe(400);
    const over = await world.call('POST', `/api/auth/${path}/`, { body: {}, headers });
    expect([over.status, over.body.error, over.body.limit, ...of(over)]).toEqual([429, 'Rate limit exceeded', calls, calls, 0]);
    expect(Number(over.headers.get('retry-after'))).toBe(over.body.retry_after);
    expect((await world.call('POST', `/api/auth/${path}/`, { body: {}, headers: from() })).status).toBe(400);
  });

  it('guesses of the present password are counted by account, whatever address they come from', async () => {
    const { token } = await person(world.db);
    const guess = () => world.call('POST', '/api/auth/change-password/', { body: {}, token, headers: from() });
    for (let i = 0; i < 5; i++) expect((await guess()).status).toBe(400);
    expect((await guess()).status).toBe(429);
    const profile = await world.call('GET', '/api/auth/profile/', { token });
    expect([profile.status, profile.headers.get('x-ratelimit-limit')]).toEqual([200, '1000']);
  });
});
