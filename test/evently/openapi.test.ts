// Evently's OpenAPI document is the saved one: what its users read changes only on purpose, and the diff of the copy shows how.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationId } from '../../gateway/http/docs/openapi.ts';
import { createConform } from '../support/conform.ts';
import { codesOf, operations } from '../support/document.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { lint } from '../support/lint.ts';

let world: World;
let document: any;
beforeAll(async () => {
  world = await startWorld();
  document = (await world.call('GET', '/api/v1/openapi.json')).body;
});
afterAll(() => world?.stop());

const SAVED = new URL('./openapi.snapshot.json', import.meta.url);

it('the served document is the saved one (SAVE_OPENAPI=1 saves it anew: say in the commit what changed and why)', async () => {
  if (process.env.SAVE_OPENAPI) writeFileSync(SAVED, `${JSON.stringify(document, null, 2)}\n`);
  expect(document).toEqual(JSON.parse(readFileSync(SAVED, 'utf8')));
});

it('every answer the tests get is held against it: status, code, details, fields', async () => {
  const conform = createConform(world.apis);
  const refused = await world.call('GET', '/api/v1/bookings/x');
  const seen = { method: 'GET', path: '/api/v1/bookings/x', status: refused.status, body: refused.body };
  const error = { code: 'EVENT_SOLD_OUT', message: 'm', details: {} };
  conform(seen);
  expect(() => conform({ ...seen, status: 418 })).toThrow('no such status');
  expect(() => conform({ ...seen, body: { ...refused.body, error } })).toThrow('/error/code must be equal to constant');
  expect(() => conform({ ...seen, body: { ...refused.body, more: 1 } })).toThrow('must NOT have additional properties');
  expect(() => conform({ ...seen, body: { ...refused.body, error: { ...refused.body.error, details: { odd: 1 } } } })).toThrow(
    /additional/,
  );
});

describe('for whom a client is made of it', () => {
  it('Spectral has nothing to say of it, and would have', async () => {
    expect(await lint(document)).toEqual([]);
    expect((await lint({ ...document, tags: [] })).join()).toContain('operation-tag-defined');
  });

  it('every operation has a name that a person chose', () => {
    const stated = world.apis.find(({ name }) => name === 'evently')!.routes.filter(({ hidden }) => !hidden);
    expect(stated.filter((route) => !route.operationId).map(operationId)).toEqual([]);
  });

  it('every route states its refusals', () => {
    const stated = world.apis.find(({ name }) => name === 'evently')!.routes.filter(({ hidden }) => !hidden);
    expect(stated.filter((route) => !route.refusals).map(operationId)).toEqual([]);
  });

  it('bodies, answers and refusals are named components; a refusal lists its codes', () => {
    for (const [operationId, { requestBody, responses }] of operations(document)) {
      const schemas = [requestBody, ...Object.values<any>(responses)].map((part) => part?.content?.['application/json']?.schema);
      for (const schema of schemas.filter(Boolean)) expect(schema, operationId).toEqual({ $ref: expect.any(String) });
      for (const [status, response] of Object.entries<any>(responses))
        if (Number(status) >= 400) expect(response, `${operationId} ${status}`).toEqual({ $ref: expect.any(String) });
    }
    expect(codesOf(document, 'createBooking', 409)).toEqual([
      'BOOKING_SEATS_UNAVAILABLE',
      'EVENT_NOT_ON_SALE',
      'EVENT_SOLD_OUT',
      'IDEMPOTENCY_KEY_IN_USE',
    ]);
  });
});
