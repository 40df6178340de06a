// Rate limits: counted per caller, told in headers, shared between gateways, bounded in memory.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { network } from '../../gateway/http/steps/limits.ts';
import { createLimiter } from '../../services/shared/limits.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ limiter: (db) => createLimiter(db) });
});
afterAll(() => world?.stop());

const from = (ip: string) => ({ 'x-forwarded-for': ip });

describe('over HTTP', () => {
  it('429 RATE_LIMIT_EXCEEDED after 100 public calls of one address, with the headers that say when; others are not touched', async () => {
    const begun = Date.now();
    for (let i = 1; i <= 100; i++) {
      const answer = await world.call('GET', '/api/v1/events', { headers: from('192.0.2.1') });
      expect([answer.status, answer.headers.get('x-ratelimit-remaining')]).toEqual([200, String(100 - i)]);
    }
    const over = await world.call('GET', '/api/v1/events', { headers: from('192.0.2.1') });
    expect([over.status, over.body.error.code, over.headers.get('x-ratelimit-limit')]).toEqual([429, 'RATE_LIMIT_EXCEEDED', '100']);
    const seconds = Number(over.headers.get('retry-after')); // of the minute that began with the first call
    expect(seconds).toBeGreaterThanOrEqual(60 - Math.ceil((Date.now() - begun) / 1000));
    expect(seconds).toBeLessThanOrEqual(60);
    expect(Number(over.headers.get('x-ratelimit-reset')) * 1000).toBeGreaterThan(Date.now());
    expect((await world.call('GET', '/api/v1/events', { headers: from('192.0.2.2') })).status).toBe(200);
  });

  it('429 after 10 bookings of one account, while its other calls and other accounts go on', async () => {
    const [a, b] = [await person(world.db), await person(world.db)];
    const book = (token: string) => world.call('POST', '/api/v1/bookings', { token, body: {} });
    for (let i = 0; i < 10; i++) expect((await book(a.token)).status).toBe(400);
    expect((await book(a.token)).status).toBe(429);
    const mine = await world.call('GET', '/api/v1/users/bookings', { token: a.token });
    expect([mine.status, mine.headers.get('x-ratelimit-limit')]).toEqual([200, '200']);
    expect((await book(b.token)).status).toBe(400);
  });

  it('many people behind one address: who is signed in counts for himself, and signing in has a bucket of its own', async () => {
    const headers = from('192.0.2.20');
    for (let i = 0; i < 100; i++) await world.call('GET', '/api/v1/events', { headers });
    expect((await world.call('GET', '/api/v1/events', { headers })).status).toBe(429);

    const { token } = await person(world.db);
    const known = await world.call('GET', '/api/v1/events', { headers, token });
    expect([known.status, known.headers.get('x-ratelimit-limit'), known.headers.get('x-ratelimit-remaining')]).toEqual([200, '200', '199']);
    expect((await world.call('GET', '/api/v1/users/bookings', { headers, token })).headers.get('x-ratelimit-remaining')).toBe('198');
    // A token that proves nothing is nobody's: it neither opens a public page to who has used it up, nor closes it to others.
    expect((await world.call('GET', '/api/v1/events', { headers, token: 'guess' })).status).toBe(429);
    expect((await world.call('GET', '/api/v1/events', { headers: from('192.0.2.21'), token: 'guess' })).status).toBe(200);

    const signIn = () => world.call('POST', '/api/v1/auth/login', { headers, token, body: {} });
    for (let i = 0; i < 100; i++) expect((await signIn()).status).toBe(400);
    expect((await signIn()).status).toBe(429);
  });

  it('guessing tokens counts against the address', async () => {
    const guess = () => world.call('POST', '/api/v1/bookings', { token: 'guess', headers: from('192.0.2.9') });
    for (let i = 0; i < 100; i++) await guess();
    expect((await guess()).status).toBe(429);
  });

  it('probes, scrapes and callbacks are never counted', async () => {
    for (let i = 0; i < 110; i++) await world.call('GET', '/healthz', { headers: from('192.0.2.3') });
    const answer = await world.call('GET', '/healthz', { headers: from('192.0.2.3') });
    expect([answer.status, answer.headers.get('x-ratelimit-limit')]).toEqual([200, null]);
  });
});

describe('the limiter', () => {
  it('two gateways count together after an exchange', async () => {
    const [a, b] = [createLimiter(world.db), createLimiter(world.db)];
    for (let i = 0; i < 6; i++) a.take('shared', 10, 60);
    b.take('shared', 10, 60);
    await a.sync();
    await b.sync();
    expect(b.take('shared', 10, 60)).toMatchObject({ allowed: true, remaining: 2 });
    b.take('shared', 10, 60);
    await b.sync();
    a.take('shared', 10, 60);
    await a.sync();
    expect(a.take('shared', 10, 60)).toMatchObject({ allowed: false, remaining: 0 });
  });

  it('a window that is over begins anew, also in the table', async () => {
    const limiter = createLimiter(world.db);
    limiter.take('short', 1, 2);
    expect(limiter.take('short', 1, 2).allowed).toBe(false);
    await limiter.sync();
    await new Promise((r) => setTimeout(r, 2050));
    expect(limiter.take('short', 1, 2).allowed).toBe(true);
    await limiter.sync();
    const row = await world.db.selectFrom('rate_limits').select('hits').where('key', '=', 'short').executeTakeFirstOrThrow();
    expect(row.hits).toBe(1);
  });

  it('a database that is away costs nothing but the sharing', async () => {
    const errors: unknown[] = [];
    const broken = {
      ...world.db,
      getExecutor: () => {
        throw new Error('away');
      },
    } as never;
    const limiter = createLimiter(broken, { onError: (e) => errors.push(e) });
    limiter.take('x', 2, 60);
    await limiter.sync();
    expect(limiter.take('x', 2, 60).allowed).toBe(true);
    expect(limiter.take('x', 2, 60).allowed).toBe(false);
    expect(errors).toHaveLength(1);
  });

  it('forgets the oldest rather than grow', () => {
    const limiter = createLimiter(world.db, { maxKeys: 2 });
    limiter.take('a', 1, 60);
    limiter.take('b', 1, 60);
    limiter.take('c', 1, 60);
    expect(limiter.take('c', 1, 60).allowed).toBe(false);
    expect(limiter.take('a', 1, 60).allowed).toBe(true);
  });

  it('takes an IPv6 network for one caller, and an embedded IPv4 for itself', () => {
    expect(network('2001:db8:1:2:aaaa::1')).toBe(network('2001:db8:1:2:bbbb:1:2:3'));
    expect(network('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(network('::ffff:192.0.2.7')).toBe('192.0.2.7');
  });
});
