// Requests nobody sends by intention: what the fuzzer (npm run fuzz) found, and its neighbours. Bad input is a 400, never a 500.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolve } from '../support/document.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let user: { token: string };
let organizer: { token: string };
let event: Awaited<ReturnType<typeof show>>;

beforeAll(async () => {
  world = await startWorld();
  [user, organizer] = [await person(world.db), await person(world.db, 'organizer')];
  event = await show(world.db);
});
afterAll(() => world?.stop());

const refused = async (method: string, path: string, o: Parameters<World['call']>[2] = {}) => {
  const { status, body } = await world.call(method, `/api/v1${path}`, o);
  expect([status, body?.error?.code], path).toEqual([400, 'VALIDATION_ERROR']);
};

describe('text', () => {
  it('400 for half a character in a body: Postgres would keep another text than was sent', async () => {
    for (const half of ['\\ud800', '\\uDC00 x', 'a\\ud83d'])
      await refused('PUT', '/users/profile', { token: user.token, raw: `{"full_name":"${half}"}` });
    const whole = await world.call('PUT', '/api/v1/users/profile', { token: user.token, raw: '{"full_name":"\\ud83d\\ude00"}' });
    expect([whole.status, whole.body.data.full_name]).toEqual([200, '😀']);
  });

  it('400 for NUL, however deep it lies', async () => {
    const deep = `${'['.repeat(200_000)}"\\u0000"${']'.repeat(200_000)}`;
    await refused('PUT', '/users/profile', { token: user.token, raw: `{"a":${deep}}` });
    await refused('GET', '/events/%00');
    await refused('GET', '/events?search=%00');
  });

  it('lets deep JSON pass that says nothing else', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expect((await world.call('PUT', '/api/v1/users/profile', { token: user.token, raw: `{"a":${deep}}` })).status).toBe(200);
  });

  it('404 for what no path decodes to', async () => {
    for (const id of ['%zz', '%ff', 'a%2Fb', '%ed%a0%80', '..%2f..', '%'])
      expect((await world.call('GET', `/api/v1/events/${id}`)).status, id).toBe(404);
  });

  it('400 for a body that is compressed otherwise than it says', async () => {
    const raw = '{"full_name":"x"}';
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd'])
      await refused('PUT', '/users/profile', { token: user.token, raw, headers: { 'content-encoding': encoding } });
  });

  it('400 for more than 64 characters before the @', async () => {
    const register = (length: number) => ({
      body: { email: `${'a'.repeat(length)}@example.test`, password: 'TestPass123!', full_name: 'A' },
    });
    await refused('POST', '/auth/register', register(65));
    expect((await world.call('POST', '/api/v1/auth/register', register(64))).status).toBe(201);
  });
});

describe('numbers and dates', () => {
  it('400 for what only JavaScript calls a number, and for more than one', async () => {
    for (const page of ['', '0x10', '1e1', '1.0', '%201', 'Infinity', '1&page=2', '99999999999999999999'])
      await refused('GET', `/events?page=${page}`);
    for (const since of ['', '0x0', '1e3', '-0', '1&since=2']) await refused('GET', `/events/${event.id}/seats?since=${since}`);
    expect((await world.call('GET', '/api/v1/events?page=2&per_page=007')).body.pagination).toMatchObject({ page: 2, per_page: 7 });
  });

  it('400 for years that no date-time can show', async () => {
    for (const day of ['0000-12-31', '9999-12-31T23:59:59-12:00', '0001-01-01T00:00:00%2B12:00', '+010000-01-01'])
      await refused('GET', `/events?start_date=${day}`);
    for (const day of ['0001-01-01', '9999-12-31']) expect((await world.call('GET', `/api/v1/events?start_date=${day}`)).status).toBe(200);
    const last = '9999-12-31T23:59:59Z';
    const body = {
      name: 'Late',
      venue_id: event.venueId,
      start_time: '2026-12-31T20:00:00Z',
      seat_configuration: { sections: [{ name: 'A', rows: 1, seats_per_row: 1, price: 1 }] },
    };
    await refused('POST', '/admin/events', { token: organizer.token, body: { ...body, end_time: '9999-12-31T23:59:59-00:01' } });
    const made = await world.call('POST', '/api/v1/admin/events', { token: organizer.token, body: { ...body, end_time: last } });
    expect([made.status, made.body.data.end_time]).toEqual([201, last]);
  });
});

describe('methods', () => {
  it('405 with what is possible there, and nothing else', async () => {
    const allow = async (method: string, path: string) => {
      const { status, headers } = await world.call(method, `/api/v1${path}`);
      return [status, headers.get('allow')?.split(', ').sort().join()];
    };
    expect(await allow('OPTIONS', '/waitlist/join')).toEqual([405, 'POST']);
    expect(await allow('OPTIONS', '/waitlist/x')).toEqual([405, 'DELETE,GET,HEAD']);
    expect(await allow('PATCH', '/users/profile')).toEqual([405, 'GET,HEAD,PUT']);
    expect(await allow('DELETE', '/events')).toEqual([405, 'GET,HEAD']);
    expect((await world.call('HEAD', '/api/v1/events')).status).toBe(200);
  });
});

describe('the document', () => {
  it('names every status a route answers with, and which headers', async () => {
    const document = (await world.call('GET', '/api/v1/openapi.json')).body;
    const { paths } = document;
    for (const [path, item] of Object.entries<any>(paths))
      for (const [method, { responses }] of Object.entries<any>(item)) expect(responses, `${method} ${path}`).not.toHaveProperty('default');
    const of = (path: string, method: string) => Object.keys(paths[path][method].responses).join();
    expect(of('/api/v1/bookings', 'post')).toBe('201,400,401,403,404,409,410,413,422,429,500,503');
    expect(of('/api/v1/events/{id}', 'get')).toBe('200,304,400,404,429,500,503');
    expect(resolve(document, paths['/api/v1/events'].get.parameters[1]).schema).toMatchObject({
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 20,
    });
    expect(of('/api/v1/admin/events', 'post')).toBe('201,400,401,403,413,429,500,503');
    expect(paths['/api/v1/events'].get.responses[200].headers.ETag.required).toBe(true);
    expect(
      paths['/api/v1/bookings'].post.parameters.map((part: any) => resolve(document, part)).map((p: any) => `${p.in} ${p.name}`),
    ).toEqual(['header Idempotency-Key']);
    expect(paths['/api/v1/bookings'].post.requestBody.required).toBe(true);
    expect(paths['/api/v1/users/profile'].put.requestBody.required).toBe(false); // nothing to change is nothing wrong
  });
});
