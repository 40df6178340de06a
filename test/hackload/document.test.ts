// The document that we publish keeps to the contest's own: each of its operations, parameters, statuses and fields is there.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolve } from '../support/document.ts';
import { startWorld, type World } from '../support/gateway.ts';

const contest: any = JSON.parse(readFileSync('test/hackload/openapi.json', 'utf8'));
let world: World;
let ours: any;

beforeAll(async () => {
  world = await startWorld();
  ours = (await world.call('GET', '/api/schema/hackload/')).body;
});
afterAll(() => world?.stop());

/** Required fields and types of a schema of the contest's are those of ours, however deep. */
function compare(theirs: any, own: any, at: string): void {
  const [wanted, given] = [resolve(contest, theirs), resolve(ours, own)];
  expect(given?.type, at).toBe(wanted.type);
  if (wanted.items) compare(wanted.items, given.items, `${at}[]`);
  for (const [name, schema] of Object.entries(wanted.properties ?? {})) compare(schema, given.properties?.[name], `${at}.${name}`);
  expect(given.required ?? [], at).toEqual(expect.arrayContaining(wanted.required ?? []));
  if (wanted.enum) expect(given.enum, at).toEqual(wanted.enum);
}

describe("the contest's document", () => {
  const operations = Object.entries<any>(contest.paths).flatMap(([path, methods]) =>
    Object.entries<any>(methods).map(([method, operation]) => ({ path, method, operation })),
  );

  it.each(operations)('$method $path', ({ path, method, operation }) => {
    const own = ours.paths[path]?.[method];
    expect(own?.operationId).toBe(operation.operationId);
    for (const parameter of operation.parameters ?? []) {
      const mine = own.parameters.map((p: any) => resolve(ours, p)).find((p: any) => p.name === parameter.name);
      expect([mine?.in, Boolean(mine?.required)], parameter.name).toEqual([parameter.in, Boolean(parameter.required)]);
      const { type, minimum, maximum } = resolve(ours, mine.schema);
      expect({ type, minimum: parameter.schema.minimum && minimum, maximum: parameter.schema.maximum && maximum }).toEqual({
        type: parameter.schema.type,
        minimum: parameter.schema.minimum,
        maximum: parameter.schema.maximum,
      });
    }
    const body = operation.requestBody?.content['application/json'].schema;
    if (body) compare(body, resolve(ours, own.requestBody).content['application/json'].schema, `${method} ${path}`);
    for (const [status, response] of Object.entries<any>(operation.responses)) {
      const mine = resolve(ours, own.responses[status]);
      expect(mine, `${path} ${status}`).toBeDefined();
      const schema = response.content?.['application/json'].schema;
      if (schema) compare(schema, mine.content['application/json'].schema, `${path} ${status}`);
    }
  });
});
