// API keys: shown once, kept as digests, for what their scopes say, and refused on every gateway once they have ended.
import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../gateway/http/app.ts';
import { type Route, route } from '../../gateway/http/route.ts';
import { listen } from '../../gateway/http/server.ts';
import { registrations } from '../../gateway/registrations/index.ts';
import { LIMITS } from '../../gateway/registrations/limits.ts';
import { MAX_KEYS, make, SCOPES, type Scope, stored, verify } from '../../services/accounts/apiKeys.ts';
import { hearEnded, tokenKeys } from '../../services/accounts/verified.ts';
import { createLimiter } from '../../services/shared/limits.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';

type Person = Awaited<ReturnType<typeof person>>;

let world: World;
let organizer: Person;
const logLines: string[] = [];
beforeAll(async () => {
  world = await startWorld({ logLines });
  organizer = await person(world.db, 'organizer');
});
afterAll(async () => {
  await Promise.all(others.map((stop) => stop()));
  await world?.stop();
});

const wish = (o: object = {}) => ({ name: 'Check-in app', scopes: [...SCOPES], ...o });
const post = (by: { token?: string }, body: unknown = wish(), path = '') =>
  world.call('POST', `/api/billetter/keys${path}`, { token: by.token, body });
const made = async (o: object = {}, by: Person = organizer) => (await post(by, wish(o))).body as { id: string; key: string };
const listed = async (by: Person) => (await world.call('GET', '/api/billetter/keys', { token: by.token })).body.keys;
const revoke = (by: Person, id: string) => world.call('DELETE', `/api/billetter/keys/${id}`, { token: by.token });

const PROBE = { tag: 'Keys', summary: 'Who calls', responses: { 200: { description: 'That.' } } };
/** A route for keys of this scope, which says who calls. */
const probe = (scope: Scope, limit = LIMITS.general as typeof LIMITS.general | typeof LIMITS.bulk): Route =>
  route({
    ...PROBE,
    method: 'get',
    path: `/api/billetter/${limit.name}/${scope.replace(':', '-')}`,
    access: 'key',
    scope,
    limit,
    handle: ({ caller: { accountId, keyId, scopes } }) => ({ status: 200, body: { accountId, keyId, scopes } }),
  });

const others: (() => Promise<void>)[] = [];
/** Another gateway on the same database, with a memory of its own; `look` calls it with a key. */
async function another({ limits = false, production = false } = {}) {
  const config = { ...world.gateway.config, production };
  const gateway = { ...world.gateway, config, tokens: tokenKeys(config.auth) };
  const api = registrations(gateway);
  const routes = [...SCOPES.map((scope) => probe(scope)), probe('tickets', LIMITS.bulk)];
  const app = createApp({
    ...{ db: world.db, log: gateway.log, metrics: { observe() {} }, trustProxy: true, https: false },
    apis: [{ ...api, routes: [...api.routes, ...routes] }],
    limiter: limits ? createLimiter(world.db) : undefined,
    origins: new Set<string>(),
    isDraining: () => false,
  });
  const server = await listen(app, { port: 0, host: '127.0.0.1' });
  others.push(() => server.stop(1000));

  const look = async (key: string | undefined, scope: Scope = 'events', at = 'general') => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const response = await fetch(`http://127.0.0.1:${server.port}/api/billetter/${at}/${scope.replace(':', '-')}`, { headers });
    return { status: response.status, headers: response.headers, body: (await response.json()) as any };
  };
  return { look, tokens: gateway.tokens, hear: () => hearEnded(world.db, gateway.tokens) };
}

describe('making', () => {
  it('201 with the key, shown this once: the list and the table have it not', async () => {
    const { status, body } = await post(organizer, wish({ name: 'Made once', expiresAt: '2099-01-01T00:00:00Z' }));
    expect([status, body]).toEqual([
      201,
      {
        id: expect.any(String),
        name: 'Made once',
        prefix: body.key.slice(0, 16),
        scopes: [...SCOPES],
        status: 'active',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        expiresAt: '2099-01-01T00:00:00Z',
        lastUsedAt: null,
        rotatedFrom: null,
        key: expect.stringMatching(/^bk_live_[\w-]{43}$/),
      },
    ]);
    const { key, ...rest } = body;
    expect(await listed(organizer)).toContainEqual(rest);
    const row = await world.db.selectFrom('api_keys').selectAll().where('id', '=', body.id).executeTakeFirstOrThrow();
    expect(row.digest).toEqual(createHash('sha256').update(key).digest());
    const { rows } = await sql<{ text: string }>`select k::text as text from api_keys k`.execute(world.db);
    expect(rows.map(({ text }) => text).join()).not.toContain(key.slice(16));
  });

  it('400 naming the field for what is no key', async () => {
    const wrong = {
      name: ['', ' ', 'x'.repeat(101), 7],
      scopes: [[], ['all'], ['events', 'events'], 'events'],
      expiresAt: ['2020-01-01T00:00:00Z', 'soon'],
    };
    for (const [field, values] of Object.entries(wrong))
      for (const value of values) {
        const { status, body } = await post(organizer, wish({ [field]: value }));
        expect([status, body.error.code], JSON.stringify(value)).toEqual([400, 'VALIDATION_ERROR']);
        expect(Object.keys(body.error.details.fields)[0]).toMatch(new RegExp(`^${field}`));
      }
  });

  it('an organizer only: 401 without a token, 403 for a buyer and for a key itself', async () => {
    const buyer = await person(world.db);
    const { key } = await made();
    expect((await post({})).body.error).toMatchObject({ code: 'UNAUTHORIZED', details: { reason: 'missing' } });
    for (const token of [buyer.token, key]) {
      const answers = [
        await post({ token }),
        await world.call('GET', '/api/billetter/keys', { token }),
        await post({ token }, {}, `/${randomUUID()}/rotate`),
        await world.call('DELETE', `/api/billetter/keys/${randomUUID()}`, { token }),
      ];
      for (const { status, body } of answers) expect([status, body.error.code]).toEqual([403, 'FORBIDDEN']);
    }
    expect((await world.call('GET', '/api/v1/users/profile', { token: key })).status).toBe(401);
  });

  it(`400 LIMIT_EXCEEDED past ${MAX_KEYS} that work, however many are made at once; one revoked makes room`, async () => {
    const busy = await person(world.db, 'organizer');
    for (let i = 0; i < MAX_KEYS - 2; i++) await make(world.db, busy.id, { name: `${i}`, scopes: ['events'] });
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(busy)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 400, 400, 400]);
    expect(answers.find(({ status }) => status === 400)!.body.error).toMatchObject({ code: 'LIMIT_EXCEEDED', details: { max: MAX_KEYS } });
    await revoke(busy, answers.find(({ status }) => status === 201)!.body.id);
    expect((await post(busy)).status).toBe(201);
  });
});

describe('scopes', () => {
  it('403 FORBIDDEN that names the scope a key has not; each opens its own routes', async () => {
    const { look } = await another();
    for (const scope of SCOPES) {
      const { id, key } = await made({ scopes: [scope] });
      for (const asked of SCOPES) {
        const { status, body } = await look(key, asked);
        if (asked === scope) expect([status, body]).toEqual([200, { accountId: organizer.id, keyId: id, scopes: [scope] }]);
        else expect([status, body.error]).toMatchObject([403, { code: 'FORBIDDEN', details: { requiredScope: asked } }]);
      }
    }
  });

  it('401 for no key, a guess, a key cut short or longer, and a token of a sign-in', async () => {
    const { look } = await another();
    const { key } = await made();
    const guesses = [
      `bk_live_${'x'.repeat(43)}`,
      `${key.slice(0, 16)}${'x'.repeat(35)}`,
      key.slice(0, -1),
      `${key}x`,
      key.toUpperCase(),
      'bk_',
      'x',
    ];
    for (const text of guesses) {
      const { status, headers, body } = await look(text);
      expect([status, headers.get('www-authenticate'), body.error], text).toMatchObject([
        401,
        'Bearer',
        { code: 'UNAUTHORIZED', details: { reason: 'invalid' } },
      ]);
    }
    expect(await look(organizer.token)).toMatchObject({ status: 401, body: { error: { details: { reason: 'invalid' } } } });
    expect(await look(undefined)).toMatchObject({ status: 401, body: { error: { details: { reason: 'missing' } } } });
  });

  it('401 in production for a key of the local stack, which everybody knows', async () => {
    const { key } = await made();
    const test = `bk_test_${randomUUID()}`;
    await world.db
      .insertInto('api_keys')
      .values({ account_id: organizer.id, scopes: ['events'], ...stored(test) })
      .execute();
    const [local, production] = [await another(), await another({ production: true })];
    expect([(await local.look(test)).status, (await local.look(key)).status]).toEqual([200, 200]);
    expect([(await production.look(test)).status, (await production.look(key)).status]).toEqual([401, 200]);
  });

  it('403 once its owner is no organizer any more', async () => {
    const owner = await person(world.db, 'organizer');
    const { key } = await made({}, owner);
    const { look } = await another();
    expect((await look(key)).status).toBe(200);
    await world.db.updateTable('accounts').set({ role: 'user' }).where('id', '=', owner.id).execute();
    expect((await (await another()).look(key)).status).toBe(403);
  });
});

describe('ending', () => {
  it('204, and a gateway that knew the key refuses it as soon as it hears; without hearing it would not', async () => {
    const [here, there] = [await another(), await another()];
    const { id, key } = await made();
    for (const { look } of [here, there]) expect((await look(key)).status).toBe(200);
    expect((await revoke(organizer, id)).status).toBe(204);
    expect((await there.look(key)).status).toBe(200);
    await there.hear();
    expect(await there.look(key)).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHORIZED', details: { reason: 'ended' } } } });
    // One that never saw it looks it up.
    expect(await (await another()).look(key)).toMatchObject({ status: 401, body: { error: { details: { reason: 'ended' } } } });
    expect((await listed(organizer)).find((one: any) => one.id === id)).toMatchObject({ status: 'revoked' });
    expect((await revoke(organizer, id)).status).toBe(204);
  });

  it('the gateway that revokes it refuses it with no hearing at all, also where its id is written in capitals', async () => {
    const { id, key } = await made();
    await verify(world.db, world.gateway.tokens, key);
    await revoke(organizer, id.toUpperCase());
    await expect(verify(world.db, world.gateway.tokens, key)).rejects.toMatchObject({ code: 'token_expired' });
  });

  it('a key whose time is over is refused, known to the gateway or not', async () => {
    const [here, there] = [await another(), await another()];
    const { id, key } = await made({ expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    expect((await here.look(key)).status).toBe(200);
    await world.db.updateTable('api_keys').set({ expires_at: sql<Date>`now()` }).where('id', '=', id).execute();
    await here.hear();
    for (const { look } of [here, there])
      expect(await look(key)).toMatchObject({ status: 401, body: { error: { details: { reason: 'ended' } } } });
    expect((await listed(organizer)).find((one: any) => one.id === id)).toMatchObject({ status: 'expired' });
  });

  it('is looked up again after a minute: what nobody heard of ends then', async () => {
    const { id, key } = await made();
    const mine = tokenKeys(world.gateway.config.auth);
    await verify(world.db, mine, key);
    await revoke(organizer, id);
    await expect(verify(world.db, mine, key)).resolves.toMatchObject({ keyId: id });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    try {
      await expect(verify(world.db, mine, key)).rejects.toMatchObject({ code: 'token_expired' });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('rotation', () => {
  const rotate = (id: string, body: unknown = {}, by = organizer) => post(by, body, `/${id}/rotate`);

  it('201 with a new key of the same name, scopes and end; the old one ends at once', async () => {
    const old = await made({ name: 'Old', scopes: ['events'], expiresAt: '2099-01-01T00:00:00Z' });
    const there = await another();
    expect((await there.look(old.key)).status).toBe(200);
    const { status, body } = await rotate(old.id);
    expect([status, body]).toMatchObject([
      201,
      { name: 'Old', scopes: ['events'], expiresAt: '2099-01-01T00:00:00Z', rotatedFrom: old.id },
    ]);
    expect(body.key).not.toBe(old.key);
    await there.hear();
    expect([(await there.look(old.key)).status, (await there.look(body.key)).status]).toEqual([401, 200]);
    expect((await rotate(old.id)).status).toBe(404);
  });

  it('with an overlap both work until it is over, and an end that was nearer stays', async () => {
    const [old, near] = [await made(), await made({ expiresAt: new Date(Date.now() + 60_000).toISOString() })];
    const there = await another();
    const { body } = await rotate(old.id, { overlapSeconds: 3600 });
    await there.hear();
    expect([(await there.look(old.key)).status, (await there.look(body.key)).status]).toEqual([200, 200]);
    await rotate(near.id, { overlapSeconds: 3600 });
    const endOf = async (id: string) => Date.parse((await listed(organizer)).find((one: any) => one.id === id).expiresAt);
    expect(await endOf(old.id)).toBeGreaterThan(Date.now() + 3_000_000);
    expect(await endOf(near.id)).toBeLessThan(Date.now() + 61_000);
    await world.db.updateTable('api_keys').set({ expires_at: sql<Date>`now()` }).where('id', '=', old.id).execute();
    await there.hear();
    expect([(await there.look(old.key)).status, (await there.look(body.key)).status]).toEqual([401, 200]);
  });

  it('of two at once without an overlap one is refused', async () => {
    const { id } = await made();
    const answers = await Promise.all([rotate(id), rotate(id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 404]);
  });

  it('400 for an overlap that is none', async () => {
    const { id } = await made();
    for (const overlapSeconds of [-1, 1.5, 604_801, '60'])
      expect((await rotate(id, { overlapSeconds })).body.error.details).toHaveProperty('fields.overlapSeconds');
  });
});

describe("another's", () => {
  it('404 for keys of somebody else and for ids that are none, and nothing ends', async () => {
    const [mine, other, admin] = [await made(), await person(world.db, 'organizer'), await person(world.db, 'admin')];
    for (const by of [other, admin]) {
      expect((await listed(by)).map(({ id }: any) => id)).not.toContain(mine.id);
      for (const { status, body } of [await revoke(by, mine.id), await post(by, {}, `/${mine.id}/rotate`)])
        expect([status, body.error]).toMatchObject([404, { code: 'NOT_FOUND', details: { what: 'key' } }]);
    }
    for (const id of [randomUUID(), '17', "'; drop table api_keys --", '%F0%9F%8E%AB'])
      for (const { status } of [await revoke(organizer, id), await post(organizer, {}, `/${encodeURIComponent(id)}/rotate`)])
        expect(status, id).toBe(404);
    expect((await (await another()).look(mine.key)).status).toBe(200);
  });

  it('a key is its owner, and no other account', async () => {
    const other = await person(world.db, 'organizer');
    const { key } = await made({}, other);
    expect((await (await another()).look(key)).body.accountId).toBe(other.id);
  });
});

describe('use', () => {
  it('is noted, once a minute at most', async () => {
    const { id, key } = await made();
    const usedAt = async () =>
      (await world.db.selectFrom('api_keys').select('last_used_at').where('id', '=', id).executeTakeFirstOrThrow()).last_used_at;
    await (await another()).look(key);
    const first = await usedAt();
    expect(first).not.toBeNull();
    await (await another()).look(key);
    expect(await usedAt()).toEqual(first);
    await sql`update api_keys set last_used_at = now() - interval '61 seconds' where id = ${id}::uuid`.execute(world.db);
    await (await another()).look(key);
    expect((await usedAt())!.getTime()).toBeGreaterThanOrEqual(first!.getTime());
  });

  it('is remembered by a keyed digest, and apart from access tokens', async () => {
    const { key } = await made();
    const mine = tokenKeys(world.gateway.config.auth);
    await verify(world.db, mine, key);
    expect([mine.seenKeys.size, mine.seen.size]).toEqual([1, 0]);
    expect(JSON.stringify([...mine.seenKeys])).not.toContain(key.slice(8));
    expect(JSON.stringify([...mine.seenKeys])).not.toContain(createHash('sha256').update(key).digest('base64'));
  });

  it('1000 calls a minute of each key, 100 in bulk, each with its own count; guesses count against the address', async () => {
    const { look } = await another({ limits: true });
    const [one, two] = [await made(), await made()];
    const most = await look(one.key);
    expect([most.headers.get('x-ratelimit-limit'), most.headers.get('x-ratelimit-remaining')]).toEqual(['1000', '999']);
    for (let i = 0; i < 100; i++) expect((await look(one.key, 'tickets', 'bulk')).status).toBe(200);
    const over = await look(one.key, 'tickets', 'bulk');
    expect([over.status, over.body.error]).toMatchObject([429, { code: 'RATE_LIMIT_EXCEEDED', details: { limit: 100 } }]);
    expect((await look(one.key)).headers.get('x-ratelimit-remaining')).toBe('998');
    expect((await look(two.key, 'tickets', 'bulk')).headers.get('x-ratelimit-remaining')).toBe('99');
    for (let i = 0; i < 100; i++) expect((await look('bk_live_guessed_guessed')).status).toBe(401);
    expect((await look('bk_live_guessed_guessed')).status).toBe(429);
    expect((await look(one.key)).status).toBe(200);
  });

  it('the log names a key by its id, and no key is in any line', async () => {
    const { id, key } = await made();
    await (await another()).look(key);
    await world.call('GET', '/api/billetter/keys', { token: key });
    expect(logLines.length).toBeGreaterThan(50);
    expect(logLines.join('\n')).toContain(`"keyId":"${id}"`);
    expect(logLines.join('\n')).not.toMatch(/bk_live_/);
  });
});
