// A query parameter that no route states is named and refused, on every route of an API that says so; pages and other people's calls may bring any.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { route } from '../../gateway/http/route.ts';
import { queryReader } from '../../gateway/http/steps/query.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  token = (await person(world.db, 'admin')).token;
});
afterAll(() => world?.stop());

const isPage = (r: { responses: Record<number, { type?: string }> }) => Object.values(r.responses).some((one) => one.type === 'text/html');

it('400 on every route of Evently, before anything else of the request is looked at', async () => {
  const { routes } = world.apis.find((api) => api.name === 'evently')!;
  const stated = routes.filter((r) => !isPage(r));
  expect(stated.length).toBeGreaterThan(25);
  for (const { method, path } of stated) {
    const address = `${path.replace(/:\w+/g, () => randomUUID())}?colour=red`;
    const answer = await world.call(method.toUpperCase(), address, { token });
    expect([answer.status, answer.body?.error.code, Object.keys(answer.body?.error.details.fields ?? {})], address).toEqual([
      400,
      'VALIDATION_ERROR',
      ['colour'],
    ]);
  }
});

it('HEAD is answered as GET is', async () => {
  expect((await world.call('HEAD', '/api/v1/events?colour=red')).status).toBe(400);
  expect((await world.call('HEAD', '/api/v1/events?page=1')).status).toBe(200);
});

it('names all of them, whatever they are called, and what there is instead', async () => {
  const { id } = await show(world.db);
  const { error } = (await world.call('GET', `/api/v1/events/${id}/seats?__proto__=1&tier=VIP&status=nonsense&Section=A`)).body;
  expect(Object.keys(error.details.fields)).toEqual(['__proto__', 'tier', 'Section']);
  expect(error.message).toBe('__proto__ is not a parameter here; these are: section, price_tier, status, since.');
  expect((await world.call('GET', `/api/v1/events/${id}?fields=name`)).body.error.message).toBe(
    'fields is not a parameter here; there are none.',
  );
  const many = Array.from({ length: 100 }, (_, i) => `p${i}=`).join('&');
  expect(Object.keys((await world.call('GET', `/api/v1/events?${many}`)).body.error.details.fields)).toHaveLength(20);
  expect((await world.call('GET', `/api/v1/events?${'x'.repeat(5000)}=1`)).body.error.message.length).toBeLessThan(400);
});

it('pages, callbacks and probes take what others add to their addresses', async () => {
  const added = 'utm_source=mail&fbclid=1&redirect_status=succeeded';
  const html = { accept: 'text/html' };
  for (const page of ['/', '/api/docs/', '/api/schema/', '/api/v1/docs', '/api/v1/redoc', '/healthz'])
    expect((await world.call('GET', `${page}?${added}`)).status, page).toBe(200);
  expect((await world.call('GET', `/api/v1/payments/initiate/${randomUUID()}?${added}`, { headers: html })).status).toBe(404);
  const callback = await world.call('POST', `/api/webhooks/stripe/?${added}`, { raw: '{}', headers: { 'stripe-signature': 't=1,v1=0' } });
  expect([callback.status, JSON.stringify(callback.body)]).toEqual([400, expect.stringMatching(/signature/i)]);
});

it('a query that does not say which parameters it has stops the start', () => {
  const odd = route({
    method: 'get',
    path: '/odd',
    access: 'public',
    limit: 'none',
    tag: 'Test',
    summary: 'odd',
    query: z.record(z.string(), z.string()),
    responses: { 200: { description: 'Done.' } },
    handle: () => ({ status: 200, body: {} }),
  });
  expect(() => queryReader({ statedQuery: true }, odd)).toThrow('the query of /odd does not say which parameters it has');
  expect(() => queryReader({}, odd)).not.toThrow();
});
