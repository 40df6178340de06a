// billetter-api as it is published, against a real gateway: the seed's example, types, refusals, pages; and retries against a server that fails.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { openReceiver } from '../support/hooks.ts';
import { example, organized, refusal, run, type Scripted, scripted } from '../support/sdkWorld.ts';

const SOURCE = 'sdk/javascript';
const TSC = resolve('node_modules/typescript/bin/tsc');
let world: World;
let dir: string;
/** The package's module; that its types hold is what the typed programs prove. */
let sdk: any;
beforeAll(async () => {
  world = await startWorld();
  // A folder of somebody's program, in which the package is installed: what it publishes, and nothing else.
  await mkdir('node_modules/.cache', { recursive: true });
  dir = resolve(await mkdtemp('node_modules/.cache/sdk-'));
  const home = join(dir, 'node_modules/billetter-api');
  await run(process.execPath, [TSC, '-p', SOURCE, '--outDir', join(home, 'dist')]);
  const { files } = JSON.parse(await readFile(join(SOURCE, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files.filter((one) => one !== 'dist')]) await cp(join(SOURCE, name), join(home, name));
  sdk = await import(pathToFileURL(join(home, 'index.mjs')).href);
});
afterAll(async () => {
  await world?.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
});

const clientOf = (token: string) => new sdk.BilletterAPI({ apiKey: token, baseUrl: world.url });

/** What a call failed with. */
const failure = (call: Promise<unknown>): Promise<any> =>
  call.then(
    () => 'no failure',
    (error) => error,
  );

describe('a program', () => {
  it("is the seed's example as written (in a function: Node has no await beside require)", async () => {
    const { token } = await organized(world, { slug: 'hackathon-2025' });
    const text = await example(`${SOURCE}/README.md`, 'Example');
    await writeFile(join(dir, 'example.cjs'), `(async () => {\n${text}})();\n`);
    const told = await run(process.execPath, [join(dir, 'example.cjs')], { BILLETTER_API_KEY: token, BILLETTER_BASE_URL: world.url });
    expect(told).toMatch(/^QR Code: hackathon-2025:[\w-]+:\d+:[\w-]+\n$/);
  });

  it('is typed, by import and by require, and an error of one is an error of the other', async () => {
    const { slug, token } = await organized(world, { total: 1, waitlist: true });
    await cp('test/clients/sdk', dir, { recursive: true });
    await run(process.execPath, [TSC, '-p', dir]);
    const env = { BILLETTER_API_KEY: token, BILLETTER_BASE_URL: world.url };
    const [module, common] = [
      await run(process.execPath, [join(dir, 'module.mjs'), slug], env),
      await run(process.execPath, [join(dir, 'common.cjs'), slug], env),
    ];
    expect(JSON.parse(module)).toEqual({
      ...{ wrong: 'VALIDATION_ERROR', status: 'confirmed', full: 1, nobody: 'REGISTRATION_NOT_FOUND', all: ['p-1'] },
    });
    expect(JSON.parse(common)).toEqual({ maxCapacity: 1, nobody: 'REGISTRATION_NOT_FOUND', same: true, verify: 'function' });
  });
});

describe('calls', () => {
  it('of registrations and events', async () => {
    const { slug, token } = await organized(world, { total: 10 });
    const { registrations, events } = clientOf(token);
    const made = await registrations.create({ participantId: 'p-1', eventId: slug, ticketType: 'standard', metadata: { teamName: 'a' } });
    expect(await registrations.get(made.id)).toEqual(made);
    expect(await registrations.update(made.id, { ticketType: 'premium' })).toMatchObject({
      ticketType: 'premium',
      metadata: { teamName: 'a' },
    });
    expect(await registrations.cancel(made.id)).toMatchObject({ id: made.id, status: 'cancelled' });
    expect(await events.settings(slug, { maxCapacity: 9, registrationDeadline: null })).toMatchObject({ maxCapacity: 9 });
    expect(await events.capacity(slug)).toMatchObject({ maxCapacity: 9, currentRegistrations: 0 });
    expect(await events.stats(slug)).toMatchObject({ eventId: slug, totalRegistrations: 0 });
  });

  it('of tickets', async () => {
    const { slug, token } = await organized(world);
    const { registrations, tickets } = clientOf(token);
    const { id, qrCode } = await registrations.create({ participantId: 'p-1', eventId: slug, ticketType: 'standard' });
    expect(await tickets.generate({ registrationId: id })).toMatchObject({ registrationId: id, ticketCode: qrCode, format: 'qr_code' });
    expect(
      Buffer.from(await tickets.file(id, 'png'))
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    const job = await tickets.bulk({ operation: 'generate', registrationIds: [id, 'reg-0'] });
    expect(job).toMatchObject({ status: 'done', succeeded: 1, failed: 1 });
    expect(await tickets.bulkStatus(job.jobId, { limit: 1 })).toMatchObject({ nextCursor: '1' });
    const results: string[] = [];
    for await (const { status } of tickets.bulkResults(job.jobId)) results.push(status);
    expect(results).toEqual(['succeeded', 'failed']);
    expect(await tickets.validate({ ticketCode: qrCode, eventId: slug })).toMatchObject({ valid: true, participantId: 'p-1' });
    expect(await failure(tickets.validate({ ticketCode: qrCode, eventId: slug }))).toMatchObject({
      ...{ name: 'Conflict', code: 'TICKET_ALREADY_USED' },
    });
  });

  it('of lists go from page to page, and no further than is asked', async () => {
    const { slug, token } = await organized(world);
    const client = clientOf(token);
    const made: string[] = [];
    for (const n of [1, 2, 3, 4, 5])
      made.unshift((await client.registrations.create({ participantId: `p-${n}`, eventId: slug, ticketType: 'standard' })).id);
    const listed: string[] = [];
    for await (const { id } of client.registrations.list({ eventId: slug, limit: 2 })) listed.push(id);
    expect(listed).toEqual(made);

    const server = await serve([{ status: 200, body: { registrations: [{ id: 'reg-1' }], nextCursor: 'reg-1' } }]);
    for await (const { id } of new sdk.BilletterAPI({ apiKey: 'k', baseUrl: server.url }).registrations.list()) {
      expect(id).toBe('reg-1');
      break;
    }
    expect(server.asked.map(({ path }) => path)).toEqual(['/api/billetter/registrations']);
  });

  it('of webhooks, and what was sent is verified with the secret', async () => {
    const { slug, token } = await organized(world, { deaf: true });
    const { webhooks, registrations } = clientOf(token);
    const receiver = await openReceiver();
    const { id, secret } = await webhooks.create({ url: receiver.url, events: ['registration.created'] });
    receiver.close();
    expect(await webhooks.list()).toMatchObject([{ id }]);
    expect(await webhooks.update(id, { description: 'CRM' })).toMatchObject({ description: 'CRM' });
    expect((await webhooks.rotate(id)).secret).not.toBe(secret);
    expect(await webhooks.pause(id)).toMatchObject({ status: 'paused' });
    expect(await webhooks.resume(id)).toMatchObject(await webhooks.get(id));
    for (const n of [1, 2, 3]) await registrations.create({ participantId: `p-${n}`, eventId: slug, ticketType: 'standard' });
    expect((await webhooks.test(id)).deliveryId).toEqual(expect.any(String));
    const sent: string[] = [];
    for await (const { payload } of webhooks.deliveries(id, { limit: 2 })) sent.push(payload.data.participantId);
    expect(sent.slice(1)).toEqual(['p-3', 'p-2', 'p-1']);
    const [first] = (await webhooks.deliveriesPage(id, { limit: 1 })).deliveries;
    expect(await webhooks.delivery(id, first!.id)).toEqual(first);
    expect(await webhooks.replay(id, first!.id)).toEqual({ replayed: 1 });
    expect(await webhooks.replay(id, { from: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' })).toEqual({ replayed: 0 });
    expect(await webhooks.delete(id)).toBeUndefined();
    expect(await failure(webhooks.get(id))).toBeInstanceOf(sdk.NotFound);
  });
});

describe('refusals', () => {
  it('have a class, the code, details and the request’s id', async () => {
    const { slug, token, key } = await organized(world, { total: 1 });
    const client = clientOf(token);
    const wish = (participantId: string) => ({ participantId, eventId: slug, ticketType: 'standard' });
    await client.registrations.create(wish('p-1'));

    const full = await failure(client.registrations.create(wish('p-2')));
    expect(full).toBeInstanceOf(sdk.CapacityExceeded);
    expect([full instanceof sdk.Conflict, full instanceof sdk.BilletterError, full.name]).toEqual([true, true, 'CapacityExceeded']);
    expect(full).toMatchObject({ status: 409, code: 'CAPACITY_EXCEEDED', requestId: expect.any(String) });
    expect(full.details).toEqual({ currentCapacity: 1, maxCapacity: 1, waitlistAvailable: false });

    expect(await failure(client.registrations.create(wish('p-1')))).toBeInstanceOf(sdk.AlreadyRegistered);
    expect(await failure(client.registrations.create({ ...wish('p-3'), eventId: 'none' }))).toBeInstanceOf(sdk.NotFound);
    expect(await failure(client.registrations.list({ limit: 0 }).next())).toBeInstanceOf(sdk.BadRequest);
    expect(await failure(clientOf('bk_nobody').events.stats(slug))).toMatchObject({ name: 'Unauthorized', details: { reason: 'invalid' } });
    const narrow = clientOf((await key('narrow', ['events'])).token);
    expect(await failure(narrow.registrations.list().next())).toMatchObject({
      ...{ name: 'Forbidden', details: { requiredScope: 'registrations:read' } },
    });
    await client.events.settings(slug, { registrationDeadline: '2020-01-01T00:00:00Z' });
    expect(await failure(client.registrations.create(wish('p-4')))).toBeInstanceOf(sdk.RegistrationClosed);
  });

  it('of the client itself: settings and ids that cannot work', () => {
    expect(() => new sdk.BilletterAPI({ apiKey: undefined })).toThrow('apiKey');
    expect(() => new sdk.BilletterAPI({ apiKey: 'k', environment: 'moon' })).toThrow('environment');
    expect(() => new sdk.BilletterAPI({ apiKey: 'k', baseUrl: 'moon' })).toThrow('baseUrl');
    return Promise.all(
      ['', '.', '..'].map(async (id) => expect((await failure(clientOf('k').registrations.cancel(id))).message).toMatch('must be an id')),
    );
  });
});

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
async function serve(answers: Scripted[]) {
  const server = await scripted(answers);
  servers.push(server);
  return server;
}

describe('retries', () => {
  const WISH = { participantId: 'p-1', eventId: 'e', ticketType: 'standard' };
  const HOOK = { url: 'https://example.org', events: ['registration.created'] };

  /** A client of a server that gives these answers. */
  async function failing(answers: Scripted[], more: object = {}) {
    const server = await serve(answers);
    return { server, client: new sdk.BilletterAPI({ apiKey: 'k', baseUrl: server.url, ...more }) };
  }

  it('503, a lost connection and a first try under way: again, under one Idempotency-Key', async () => {
    const { server, client } = await failing([
      ...[refusal(503, 'UNAVAILABLE'), 'drop' as const, refusal(409, 'IDEMPOTENCY_KEY_IN_USE')],
      { status: 201, body: { id: 'reg-1' } },
    ]);
    expect(await client.registrations.create(WISH)).toEqual({ id: 'reg-1' });
    const [key, ...others] = server.keys();
    expect([key, others]).toEqual([expect.stringMatching(/^[\w-]{36}$/), [key, key, key]]);
    await client.registrations.create(WISH, { idempotencyKey: 'mine' });
    await client.registrations.create(WISH);
    expect(server.keys().slice(4)).toEqual(['mine', expect.not.stringMatching(String(key))]);
  });

  it('429: as Retry-After says, but not for an hour', async () => {
    const now = { 'retry-after': '0' };
    const { server, client } = await failing([refusal(429, 'RATE_LIMIT_EXCEEDED', now), { status: 200, body: {} }]);
    await client.registrations.get('reg-1');
    expect(server.asked.length).toBe(2);
    const later = await failing([refusal(429, 'RATE_LIMIT_EXCEEDED', { 'retry-after': '3600' })]);
    const error = await failure(later.client.registrations.get('reg-1'));
    expect([error.name, error.retryAfter, later.server.asked.length]).toEqual(['RateLimited', 3600, 1]);
  });

  it('what could be done twice is tried again after a 429 alone', async () => {
    const { server, client } = await failing([refusal(429, 'RATE_LIMIT_EXCEEDED'), refusal(503, 'UNAVAILABLE')]);
    expect(await failure(client.webhooks.create(HOOK))).toMatchObject({ name: 'ServerError', code: 'UNAVAILABLE', requestId: 'req-1' });
    expect([server.asked.length, server.keys()]).toEqual([2, [undefined, undefined]]);
  });

  it('end: the last failure is thrown, whatever a proxy wrote', async () => {
    const page: Scripted = { status: 502, body: '<h1>Bad gateway</h1>', headers: { 'content-type': 'text/html' } };
    const { server, client } = await failing([page], { maxRetries: 1 });
    expect(await failure(client.events.stats('e'))).toMatchObject({ name: 'ServerError', status: 502, code: 'HTTP_502' });
    expect(server.asked.length).toBe(2);
  });

  it('not of a 500, of an answer that is no JSON, or of a redirect, which is not followed', async () => {
    for (const [answer, name, code] of [
      [refusal(500, 'INTERNAL_ERROR'), 'ServerError', 'INTERNAL_ERROR'],
      [{ status: 200, body: '<h1>Hello</h1>' }, 'BilletterError', 'INVALID_ANSWER'],
      [{ status: 302, headers: { location: world.url } }, 'BilletterError', 'HTTP_302'],
    ] as const) {
      const { server, client } = await failing([answer]);
      expect(await failure(client.events.stats('e'))).toMatchObject({ name, code });
      expect(server.asked.length).toBe(1);
    }
  });

  it('nobody there, no answer in time, and a call that its caller ends', async () => {
    const { server, client } = await failing(['hang'], { maxRetries: 0, timeoutMs: 100 });
    expect(await failure(client.events.stats('e'))).toMatchObject({ name: 'TimedOut', code: 'TIMED_OUT', status: 0 });
    const ended = AbortSignal.abort(new Error('enough'));
    expect((await failure(client.events.stats('e', { signal: ended }))).message).toBe('enough');
    server.close();
    expect(await failure(client.events.stats('e'))).toMatchObject({ name: 'ConnectionFailed', code: 'CONNECTION_FAILED' });
  });
});

describe('verifyWebhook', () => {
  const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const BODY = JSON.stringify({ event: 'registration.created', timestamp: '2026-01-01T00:00:00Z', data: { participantId: 'Łukasz' } });
  const signed = (at = new Date(), secret = SECRET) => ({
    'Webhook-Id': 'msg-1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('msg-1', at, BODY),
  });

  it('takes what the standard’s own library signed, as text or bytes, by any kind of headers', () => {
    const headers = signed();
    for (const given of [headers, new Headers(headers), { ...headers, 'webhook-signature': [headers['webhook-signature']] }])
      expect(sdk.verifyWebhook(BODY, given, SECRET)).toEqual(JSON.parse(BODY));
    expect(sdk.verifyWebhook(Buffer.from(BODY), headers, SECRET)).toEqual(JSON.parse(BODY));
    const rotated = {
      ...headers,
      'webhook-signature': `v1,AAAA v1a,${headers['webhook-signature'].slice(3)} ${headers['webhook-signature']}`,
    };
    expect(sdk.verifyWebhook(BODY, rotated, SECRET)).toEqual(JSON.parse(BODY));
  });

  it('refuses another secret, body, time and kind, and what is missing', () => {
    const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
    const good = signed();
    const refused: [body: string, headers: Record<string, string>, secret: string][] = [
      [BODY, good, other],
      [`${BODY} `, good, SECRET],
      [BODY, { ...good, 'Webhook-Id': 'msg-2' }, SECRET],
      [BODY, { ...good, 'webhook-timestamp': 'now' }, SECRET],
      [BODY, signed(new Date(Date.now() - 301_000)), SECRET],
      [BODY, signed(new Date(Date.now() + 302_000)), SECRET],
      [BODY, { ...good, 'webhook-signature': good['webhook-signature'].replace('v1,', 'v2,') }, SECRET],
      [BODY, {}, SECRET],
    ];
    for (const [body, headers, secret] of refused)
      expect(() => sdk.verifyWebhook(body, headers, secret)).toThrow(sdk.WebhookVerificationFailed);
    expect(() => sdk.verifyWebhook(BODY, good, '')).toThrow('secret must be');
  });
});
