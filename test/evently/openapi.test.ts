// Evently's OpenAPI document is the saved one: what its users read changes only on purpose, and the diff of the copy shows how.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const SAVED = new URL('./openapi.snapshot.json', import.meta.url);

it('the served document is the saved one (SAVE_OPENAPI=1 saves it anew: say in the commit what changed and why)', async () => {
  const { status, body } = await world.call('GET', '/api/v1/openapi.json');
  expect(status).toBe(200);
  if (process.env.SAVE_OPENAPI) writeFileSync(SAVED, `${JSON.stringify(body, null, 2)}\n`);
  expect(body).toEqual(JSON.parse(readFileSync(SAVED, 'utf8')));
});
