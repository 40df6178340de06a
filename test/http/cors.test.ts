// CORS: pages of the sites an API lists may call it and read what it says, refusals too; pages of other sites may not.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createApp } from '../../gateway/http/app.ts';
import { createMetrics } from '../../gateway/http/operate/metrics.ts';
import { route } from '../../gateway/http/route.ts';
import { listen } from '../../gateway/http/server.ts';
import type { Scheme } from '../../gateway/http/steps/auth.ts';
import { createLog } from '../../log.ts';
import { createLimiter } from '../../services/shared/limits.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { show } from '../support/made.ts';

const SHOP = 'https://shop.example';
let world: World;
beforeAll(async () => {
  world = await startWorld({ limiter: (db) => createLimiter(db) });
});
afterAll(() => world?.stop());

const preflight = (path: string, method: string, origin = SHOP) =>
  world.call('OPTIONS', path, { headers: { origin, 'access-control-request-method': method, 'x-forwarded-for': '192.0.2.50' } });

it('answers a preflight of a signed-in call with 204, its methods and headers, and counts no call', async () => {
  const answer = await preflight('/api/v1/bookings', 'POST');
  expect(answer.status).toBe(204);
  expect(answer.text).toBe('');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('access-control-allow-methods')!.split(', ')).toContain('POST');
  expect(answer.headers.get('access-control-allow-headers')!.split(', ')).toEqual(
    expect.arrayContaining(['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match']),
  );
  expect(Number(answer.headers.get('access-control-max-age'))).toBeGreaterThan(0);
  for (let i = 0; i < 150; i++) expect((await preflight('/api/v1/events', 'GET')).status).toBe(204);
  expect((await world.call('GET', '/api/v1/events', { headers: { 'x-forwarded-for': '192.0.2.50' } })).status).toBe(200);
});

it('a page may read what it is told: tags, counts of seats, limits, when to come again; refusals too', async () => {
  const event = await show(world.db);
  const headers = { origin: SHOP };
  const good = await world.call('GET', `/api/v1/events/${event.id}/seats`, { headers });
  const exposed = good.headers.get('access-control-expose-headers')!.split(', ');
  expect(exposed).toEqual(expect.arrayContaining(['ETag', 'X-Seats-Seq', 'X-RateLimit-Remaining', 'Retry-After']));
  for (const name of ['ETag', 'X-Seats-Seq', 'X-RateLimit-Remaining']) expect(good.headers.get(name), name).not.toBeNull();
  const refused = [
    await world.call('POST', '/api/v1/bookings', { headers, body: {} }),
    await world.call('GET', '/api/v1/nothing', { headers }),
    await world.call('PATCH', '/api/v1/bookings', { headers }),
  ];
  expect(refused.map((answer) => [answer.status, answer.headers.get('access-control-allow-origin')])).toEqual([
    [401, '*'],
    [404, '*'],
    [405, '*'],
  ]);
});

it('an OPTIONS that is no preflight is a method like another, and a preflight of an unknown address finds nothing', async () => {
  expect((await world.call('OPTIONS', '/api/v1/events')).status).toBe(405);
  expect((await preflight('/api/v1/nothing', 'GET')).status).toBe(404);
});

it('with a list of sites: those by name, with credentials where browsers send them by themselves, and nothing for others', async () => {
  const scheme: Scheme = {
    challenges: [],
    security: {},
    hint: 'a cookie',
    ambient: true,
    of: () => ({ ambient: true, verify: async () => ({ accountId: 'a', role: 'user' }) }),
  };
  const limit = { name: 'few', calls: 1000, seconds: 60, per: 'address' } as const;
  const metrics = createMetrics({
    ordersByStatus: async () => [],
    outboxLag: async () => ({ rows: 0, seconds: 0 }),
    failedRefunds: async () => 0,
    mails: async () => ({ refused: 0, waiting: 0 }),
  });
  const app = createApp({
    apis: [
      {
        name: 'listed',
        prefix: '/',
        origins: [SHOP],
        authenticate: scheme,
        unknown: limit,
        refuse: ({ code }) => ({ status: 404, body: { code } }),
        routes: [
          route({
            method: 'get',
            path: '/mine',
            access: 'user',
            limit,
            tag: 'x',
            summary: 'x',
            responses: { 200: { description: 'x', schema: z.object({}) } },
            handle: () => ({ status: 200, body: {}, headers: { Vary: 'Accept-Encoding' } }),
          }),
        ],
      },
    ],
    db: world.db,
    log: createLog('silent', 'gateway'),
    metrics,
    limiter: undefined,
    trustProxy: false,
    origins: new Set([SHOP]),
    https: false,
    isDraining: () => false,
  });
  const server = await listen(app, { port: 0, host: '127.0.0.1' });
  try {
    const get = (origin: string) => fetch(`http://127.0.0.1:${server.port}/mine`, { headers: { origin } });
    const known = await get(SHOP);
    expect(known.headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(known.headers.get('access-control-allow-credentials')).toBe('true');
    expect(known.headers.get('vary')).toBe('Accept-Encoding, Origin');
    const other = await get('https://evil.example');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    expect(other.headers.get('access-control-allow-credentials')).toBeNull();
    expect(other.headers.get('vary')).toContain('Origin');
  } finally {
    await server.stop(0);
  }
});
