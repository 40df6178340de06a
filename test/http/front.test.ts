// What every answer carries, what is logged of it, and the documents made from the routes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refuse, TABLE } from '../../gateway/evently/errors.ts';
import type { Refusal, RefusalCode } from '../../gateway/http/api.ts';
import { createLog } from '../../log.ts';
import { resolve } from '../support/document.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';

let world: World;
const lines: string[] = [];
beforeAll(async () => {
  world = await startWorld({ logLines: lines });
});
afterAll(() => world?.stop());

describe('every answer', () => {
  it('carries a request id, the given one if it is sane, and security headers', async () => {
    const given = await world.call('GET', '/api/v1/events', { headers: { 'x-request-id': 'abc-123' } });
    expect(given.headers.get('x-request-id')).toBe('abc-123');
    const made = await world.call('GET', '/api/v1/events', { headers: { 'x-request-id': 'a b<c>' } });
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.headers.get('x-content-type-options')).toBe('nosniff');
    expect(made.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(made.headers.get('strict-transport-security')).toBeNull();
  });

  it('is one log line with the ids, and no secret of the request', async () => {
    const { token, id } = await person(world.db);
    lines.length = 0;
    await world.call('POST', '/api/v1/auth/login', {
      token,
      body: { email: 'a@example.test', password: 'hunter2hunter2' },
      headers: { cookie: 'session=cookiesecret', 'x-request-id': 'line-1' },
    });
    await world.call('GET', '/api/v1/users/bookings', { token, headers: { 'x-request-id': 'line-2' } });
    await world.call('GET', '/api/v1/users/bookings?token=querysecret', { token, headers: { 'x-request-id': 'line-3' } });
    expect(lines).toHaveLength(3);
    const [login, list, unknown] = lines.map((line) => JSON.parse(line));
    expect(login).toMatchObject({ requestId: 'line-1', route: '/api/v1/auth/login', status: 401, error: 'invalid_credentials' });
    expect(list).toMatchObject({ requestId: 'line-2', accountId: id, status: 200, api: 'evently' });
    expect(unknown).toMatchObject({ requestId: 'line-3', accountId: id, status: 400, error: 'malformed' });
    for (const text of ['hunter2', 'querysecret', 'cookiesecret', token]) expect(lines.join()).not.toContain(text);
  });

  it('500 in the format of the API for what nobody foresaw, with the stack in the log only', async () => {
    const broken = await startWorld({
      logLines: lines,
      overrides: {
        passwords: { hash: () => Promise.reject(new Error('boom')), verify: () => Promise.reject(new Error('boom')), upgrade: () => {} },
      },
    });
    lines.length = 0;
    const answer = await broken.call('POST', '/api/v1/auth/login', { body: { email: 'a@example.test', password: 'x' } });
    expect([answer.status, answer.body.error]).toEqual([500, { code: 'SERVER_ERROR', message: 'Internal server error', details: {} }]);
    expect(lines.join()).toContain('boom');
    await broken.stop();
  });

  it('redacts secrets that a careless line carries', () => {
    const out: string[] = [];
    const log = createLog('info', 'test', { write: (line) => void out.push(line) });
    log.info(
      {
        password: 'p4ss',
        headers: { authorization: 'Bearer s3cret', cookie: 'c00kie' },
        intent: { client_secret: 'cs_1' },
        body: { payment_details: { card: '4242' } },
      },
      'careless',
    );
    for (const text of ['p4ss', 's3cret', 'c00kie', 'cs_1', '4242']) expect(out.join()).not.toContain(text);
  });
});

describe('documents', () => {
  it('OpenAPI 3.1 of every route that is not hidden, with who may call it', async () => {
    const { body } = await world.call('GET', '/api/v1/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const routes = world.apis[0]!.routes.filter((r) => !r.hidden);
    for (const r of routes) {
      const operation = body.paths[r.path.replace(/:(\w+)/g, '{$1}')]?.[r.method];
      expect(operation, r.path).toBeDefined();
      expect(operation.security.length > 0, r.path).toBe(r.access !== 'public');
    }
    const ids = routes.map((r) => body.paths[r.path.replace(/:(\w+)/g, '{$1}')][r.method].operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const made = body.paths['/api/v1/bookings'].post;
    expect(resolve(body, made.requestBody.content['application/json'].schema).properties.seat_ids).toMatchObject({
      type: 'array',
      minItems: 1,
      maxItems: 50,
    });
  });

  it('a landing page without scripts or anything from elsewhere', async () => {
    const home = await world.call('GET', '/');
    expect(home.text).not.toMatch(/<script|src=|@import|url\(/);
    expect([home.status, home.text.includes('"/api/docs/"'), home.text.includes('Temporal UI')]).toEqual([200, true, true]);
  });

  it('every core code is spoken by Evently with a status of its own kind', () => {
    for (const code of Object.keys(TABLE) as RefusalCode[]) {
      const details = { fields: { name: 'm' } };
      const { status, body } = refuse({ code, message: 'm', details } as Refusal);
      expect([400, 401, 402, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503], code).toContain(status);
      expect(body).toMatchObject({ success: false, error: { code: expect.stringMatching(/^[A-Z_]+$/), message: 'm' } });
    }
  });
});

describe('operations', () => {
  it('429 and 404 where a page is asked for too often, or a part of one that is not', () => {
    const { refuse } = world.apis.find((api) => api.name === 'operations')!;
    const status = (code: 'rate_limited' | 'not_found') => refuse({ code, message: 'm', details: {} } as Refusal).status;
    expect([status('rate_limited'), status('not_found')]).toEqual([429, 404]);
  });

  it('200 alive, ready and metrics by route, not by address', async () => {
    expect((await world.call('GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await world.call('GET', '/readyz')).body).toEqual({ status: 'ready', missing: [], checks: { postgres: 'ok' } });
    await world.call('GET', '/api/v1/events/some-slug');
    const { text } = await world.call('GET', '/metrics');
    expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/api/v1/events/:id",status="404"}');
    expect(text).not.toContain('some-slug');
    for (const name of [
      'billetter_refunds_failed 0',
      'billetter_outbox_lag_seconds',
      'billetter_orders',
      'billetter_claims_total',
      'process_cpu_seconds_total',
    ])
      expect(text).toContain(name);
  });
});
