// The documents of all APIs and the one merged of them: nothing is lost, nothing is mixed up, and each can be asked for again cheaply.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { merge } from '../../gateway/http/docs/merge.ts';
import type { OpenApiDocument } from '../../gateway/http/docs/openapi.ts';
import { operations, resolve, whole } from '../support/document.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { lint } from '../support/lint.ts';

let world: World;
let all: any;
let own: { name: string; path: string; document: any }[];
beforeAll(async () => {
  world = await startWorld();
  const read = async (path: string) => (await world.call('GET', path)).body;
  all = await read('/api/schema/');
  const documented = world.apis.filter(({ document }) => document);
  own = await Promise.all(
    documented.map(async ({ name }) => ({ name, path: `/api/schema/${name}/`, document: await read(`/api/schema/${name}/`) })),
  );
});
afterAll(() => world?.stop());

/** The operation with all it refers to, without what the merged document says in its own words. */
const meaning = (document: any, { operationId, tags, ...operation }: any) => whole(document, operation);

describe('/api/schema/', () => {
  it('is of all APIs: each operation of theirs, with the same meaning and the same security', () => {
    expect(own.map(({ name }) => name)).toEqual(['evently', 'easyticket', 'ticket-api', 'hackload', 'registrations', 'door']);
    const stated = own.flatMap(({ document }) => Object.keys(document.paths));
    expect(Object.keys(all.paths)).toEqual(stated);
    for (const { document } of own)
      for (const [path, item] of Object.entries<any>(document.paths))
        for (const [method, operation] of Object.entries<any>(item)) {
          const merged = all.paths[path][method];
          expect(meaning(all, merged), `${method} ${path}`).toEqual(meaning(document, operation));
          expect(security(all, merged), `${method} ${path}`).toEqual(security(document, operation));
        }
  });

  it('names each operation once, says of which API a tag is, and groups the tags', () => {
    const ids = Object.values<any>(all.paths).flatMap((item) => Object.values<any>(item).map(({ operationId }) => operationId));
    expect(operations(all).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(['createBooking', 'eventlyGetPaymentStatus', 'easyTicketGetPaymentStatus']));
    expect(all['x-tagGroups'].map(({ name }: any) => name)).toEqual([
      'Evently API',
      'EasyTicket API',
      'Ticket API',
      'Hackload API',
      'Registrations API',
      'Door API',
    ]);
    expect(all['x-tagGroups'].flatMap(({ tags }: any) => tags)).toEqual(all.tags.map(({ name }: any) => name));
    expect(all.paths['/api/events/'].get.tags).toEqual(['EasyTicket: Events']);
  });

  it('has bearer for Evently, bearer or cookie for EasyTicket, keys for programs, passwords for Hackload', () => {
    expect(all.paths['/api/v1/users/profile'].get.security).toEqual([{ bearer: [] }]);
    expect(all.paths['/api/auth/profile/'].get.security).toEqual([{ bearer: [] }, { cookie: [] }]);
    expect(all.paths['/api/bookings'].get.security).toEqual([{ basic: [] }]);
    expect(Object.keys(all.components.securitySchemes).sort()).toEqual(['apiKey', 'basic', 'bearer', 'cookie', 'doorCookie']);
  });

  it('Evently’s is the one at its own address', async () => {
    expect(own[0]!.document).toEqual((await world.call('GET', '/api/v1/openapi.json')).body);
  });

  it('say every method of an address that they name: what is left out of them has addresses of its own', () => {
    for (const { routes, document } of world.apis.filter((api) => api.document))
      for (const { method, path } of routes) {
        const item = (document as any).paths[path.replace(/:(\w+)/g, '{$1}')];
        if (item) expect(Object.keys(item), path).toContain(method);
      }
  });

  it('Spectral has nothing to say of any of them', async () => {
    for (const { name, document } of [...own, { name: 'all', document: all }]) expect(await lint(document), name).toEqual([]);
  });

  it('304 for who has it, compressed for who takes that, 404 for an API that there is not', async () => {
    for (const path of ['/api/schema/', ...own.map((one) => one.path)]) {
      const { status, headers, text } = await world.call('GET', path);
      expect([status, headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
      expect([headers.get('content-encoding'), headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding']);
      const tag = headers.get('etag')!;
      expect((await world.call('GET', path, { headers: { 'if-none-match': tag } })).status).toBe(304);
      const plain = await world.call('GET', path, { headers: { 'if-none-match': '"another"', 'accept-encoding': 'identity' } });
      expect([plain.status, plain.headers.get('content-encoding'), plain.text]).toEqual([200, null, text]);
    }
    for (const path of ['/api/schema/nothing/', '/api/schema', '/api/docs/nothing/'])
      expect((await world.call('GET', path)).status, path).toBe(404);
  });
});

const security = (document: any, operation: any) =>
  operation.security.map((needed: any) =>
    Object.keys(needed).map((name) => document.components.securitySchemes[name] ?? expect.fail(`no scheme ${name}`)),
  );

describe('merging', () => {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const made = (path: string, schemas: object, scheme: object): OpenApiDocument =>
    ({
      openapi: '3.1.0',
      info: { title: `${path} API`, version: '1' },
      tags: [{ name: 'Things' }],
      paths: {
        [path]: {
          get: {
            operationId: 'getThing',
            tags: ['Things'],
            security: [{ auth: [] }],
            responses: { 200: { description: 'It.', content: { 'application/json': { schema: ref('Thing') } } } },
          },
        },
      },
      components: { schemas, securitySchemes: { auth: scheme } },
    }) as never;
  const basic = { type: 'http', scheme: 'basic' };
  const key = { type: 'apiKey', in: 'header', name: 'X-Key' };
  const head = { info: { title: 'Both', version: '1' } };
  const part = (text: string) => ({ type: 'object', properties: { text: { type: text } } });
  const THINGS = { Thing: { type: 'array', items: ref('Part') }, Same: { type: 'null' } };

  it('tells apart what differs, also in what it only refers to; what is the same is there once', () => {
    const merged: any = merge(
      [
        { name: 'Ants', document: made('/a', { ...THINGS, Part: part('string') }, basic) },
        { name: 'Bees', document: made('/b', { ...THINGS, Part: part('number') }, key) },
      ],
      head,
    );
    expect(Object.keys(merged.components.schemas).sort()).toEqual(['AntsPart', 'AntsThing', 'BeesPart', 'BeesThing', 'Same']);
    const { get } = merged.paths['/b'];
    expect(resolve(merged, get.responses[200].content['application/json'].schema).items).toEqual(ref('BeesPart'));
    expect([get.operationId, get.tags, get.security]).toEqual(['beesGetThing', ['Bees: Things'], [{ beesAuth: [] }]]);
    expect(merged.components.securitySchemes).toEqual({ antsAuth: basic, beesAuth: key });
  });

  it('stops where a name that it gives is taken, and where two state one path', () => {
    const one = { name: 'Ants', document: made('/a', { Thing: part('string'), BeesThing: part('null') }, basic) };
    const two = made('/b', { Thing: part('number') }, basic);
    expect(() => merge([one, { name: 'Bees', document: two }], head)).toThrow('BeesThing stands twice');
    const same = made('/a', { Thing: part('number') }, basic);
    expect(() =>
      merge(
        [
          { ...one, document: made('/a', { Thing: part('string') }, basic) },
          { name: 'Bees', document: same },
        ],
        head,
      ),
    ).toThrow('/a stands twice');
  });
});
