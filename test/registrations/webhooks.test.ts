// Webhooks through the API: the secret is shown once, what is listed is what was sent, and nobody sees those of others.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { make, type Scope } from '../../services/accounts/apiKeys.ts';
import { createPost } from '../../services/delivery/webhookPost.ts';
import { tryOnce } from '../../services/delivery/webhooks.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { isSignedWith, openReceiver, organizer, type Receiver } from '../support/hooks.ts';

const ROOT = '/api/billetter/webhooks';
const NOBODYS = '00000000-0000-4000-8000-000000000000';
let world: World;
let receiver: Receiver;
let mine: Awaited<ReturnType<typeof program>>;

beforeAll(async () => {
  world = await startWorld();
  mine = await program();
});
afterAll(async () => {
  receiver?.close();
  await world?.stop();
});
beforeEach(async () => {
  receiver?.close();
  receiver = await openReceiver();
});

/** An organizer's program with a key, and their event. */
async function program(scopes: Scope[] = ['webhooks']) {
  const organized = await organizer(world.db);
  const { token } = await make(world.db, organized.owner.id, { name: 'test', scopes });
  const call = (method: string, path = '', body?: unknown) => world.call(method, ROOT + path, { token, body });
  return { ...organized, call };
}

const made = async (more: object = {}, by = mine) => {
  const { status, body } = await by.call('POST', '', { url: receiver.url, events: ['registration.created'], ...more });
  expect(status).toBe(201);
  return body;
};

/** Does what the workflows of all its deliveries do. */
async function deliver(webhook: string): Promise<void> {
  const { reach, box } = world.gateway.webhooks;
  const rows = await world.db.selectFrom('webhook_deliveries').select('id').where('endpoint_id', '=', webhook).execute();
  for (const { id } of rows) await tryOnce(world.db, { box, post: createPost(reach), perMinute: 500 }, id, new Date());
}

describe('a webhook', () => {
  it('is created with its secret, which is shown nowhere else', async () => {
    const webhook = await made({ events: ['ticket.validated', 'registration.created'], description: 'CRM' });
    expect(webhook).toEqual({
      id: expect.any(String),
      url: receiver.url,
      description: 'CRM',
      events: ['registration.created', 'ticket.validated'],
      status: 'active',
      disabledBecause: null,
      failingSince: null,
      formerSecretUntil: null,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      updatedAt: expect.any(String),
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { secret: _, ...rest } = webhook;
    const [one, all] = [await mine.call('GET', `/${webhook.id}`), await mine.call('GET')];
    expect([one.status, one.body]).toEqual([200, rest]);
    expect(all.body.webhooks).toContainEqual(rest);
  });

  it('is changed in part, paused and resumed, and deleted', async () => {
    const { id } = await made();
    expect((await mine.call('PUT', `/${id}`, { description: 'new' })).body).toMatchObject({ description: 'new', url: receiver.url });
    expect((await mine.call('PUT', `/${id}`, { events: ['capacity.reached'] })).body).toMatchObject({ events: ['capacity.reached'] });
    expect((await mine.call('POST', `/${id}/pause`)).body).toMatchObject({ status: 'paused' });
    expect((await mine.call('POST', `/${id}/test`)).status).toBe(400);
    expect((await mine.call('POST', `/${id}/resume`)).body).toMatchObject({ status: 'active' });
    expect((await mine.call('DELETE', `/${id}`)).status).toBe(204);
    expect((await mine.call('GET', `/${id}`)).status).toBe(404);
  });

  it('rotated: both secrets sign until the old one ends', async () => {
    const webhook = await made();
    const { status, body } = await mine.call('POST', `/${webhook.id}/rotate`, { overlapSeconds: 600 });
    expect([status, body.formerSecretUntil]).toEqual([200, expect.any(String)]);
    await mine.announce();
    await deliver(webhook.id);
    expect([webhook.secret, body.secret].map((secret) => isSignedWith(secret, receiver.got[0]!))).toEqual([true, true]);
    expect((await mine.call('POST', `/${webhook.id}/rotate`, {})).body.secret).toMatch(/^whsec_/);
    expect((await mine.call('POST', `/${webhook.id}/rotate`, { overlapSeconds: 604_801 })).status).toBe(400);
  });
});

describe('deliveries', () => {
  it('are listed with their tries, newest first, in pages and by state; one is replayed by hand', async () => {
    const by = await program();
    const { id } = await made({}, by);
    await by.announce(3);
    receiver.answer = (response) => void response.writeHead(receiver.got.length === 1 ? 500 : 200).end();
    await deliver(id);
    const first = await by.call('GET', `/${id}/deliveries?limit=2`);
    expect(first.body.deliveries).toHaveLength(2);
    const rest = await by.call('GET', `/${id}/deliveries?limit=2&after=${encodeURIComponent(first.body.next)}`);
    expect([rest.body.deliveries.length, rest.body.next]).toEqual([1, null]);

    const waiting = (await by.call('GET', `/${id}/deliveries?state=waiting`)).body.deliveries;
    expect(waiting).toEqual([
      {
        id: expect.any(String),
        webhookId: receiver.got[0]!.id,
        state: 'waiting',
        payload: JSON.parse(receiver.got[0]!.body),
        tries: [{ at: expect.any(String), status: 500, error: 'answered 500', durationMs: expect.any(Number) }],
        createdAt: expect.any(String),
        nextTryAt: expect.any(String),
        deliveredAt: null,
        failedAt: null,
        replayedAt: null,
      },
    ]);
    expect((await by.call('GET', `/${id}/deliveries/${waiting[0].id}`)).body).toEqual(waiting[0]);
    expect(await by.call('POST', `/${id}/deliveries/${waiting[0].id}/replay`)).toMatchObject({ status: 202, body: { replayed: 1 } });
    await deliver(id);
    expect((await by.call('GET', `/${id}/deliveries?state=delivered`)).body.deliveries).toHaveLength(3);
  });

  it('of a time are replayed together: the failed ones unless it says otherwise', async () => {
    const by = await program();
    const { id } = await made({}, by);
    await by.announce(3);
    receiver.answer = (response) => void response.writeHead(410).end();
    await deliver(id);
    const range = { from: '2020-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' };
    expect((await by.call('POST', `/${id}/replay`, range)).body.error.message).toBe('This webhook is disabled: resume it first.');
    expect((await by.call('GET', `/${id}`)).body).toMatchObject({ status: 'disabled', disabledBecause: 'gone' });
    await by.call('POST', `/${id}/resume`);
    expect(await by.call('POST', `/${id}/replay`, { ...range, state: 'delivered' })).toMatchObject({ status: 202, body: { replayed: 0 } });
    expect((await by.call('POST', `/${id}/replay`, range)).body).toEqual({ replayed: 3 });
    receiver.answer = (response) => void response.end();
    await deliver(id);
    expect((await by.call('POST', `/${id}/replay`, { ...range, state: 'all' })).body).toEqual({ replayed: 3 });
    expect((await by.call('POST', `/${id}/replay`, { ...range, until: range.from })).status).toBe(400);
  });

  it('a test event is sent on request', async () => {
    const by = await program();
    const webhook = await made({}, by);
    const { status, body } = await by.call('POST', `/${webhook.id}/test`);
    expect(status).toBe(202);
    await deliver(webhook.id);
    expect((await by.call('GET', `/${webhook.id}/deliveries/${body.deliveryId}`)).body).toMatchObject({
      state: 'delivered',
      payload: { event: 'webhook.test' },
    });
    expect(isSignedWith(webhook.secret, receiver.got[0]!)).toBe(true);
  });
});

describe('refusals', () => {
  it.each([
    [{ url: 'http://10.0.0.1/' }, 'url'],
    [{ url: 'http://169.254.169.254/latest/meta-data/' }, 'url'],
    [{ url: 'ftp://example.org/' }, 'url'],
    [{ url: 'http://user:pw@example.org/' }, 'url'],
    [{ url: 'nowhere' }, 'url'],
    [{ url: 'https://example.org/\u0000' }, undefined],
    [{ url: `https://example.org/${'x'.repeat(3000)}` }, 'url'],
    [{ url: 7 }, 'url'],
    [{ events: [] }, 'events'],
    [{ events: ['registration.paid'] }, 'events.0'],
    [{ description: 'x'.repeat(201) }, 'description'],
    [{ description: 'a\u0000b' }, undefined],
  ])('%j: 400', async (wrong, field) => {
    const { status, body } = await mine.call('POST', '', { url: receiver.url, events: ['waitlist.added'], ...wrong });
    expect([status, body?.error?.code]).toEqual([400, 'VALIDATION_ERROR']);
    if (field) expect(Object.keys(body.error.details.fields)).toContain(field);
  });

  it('the twenty-first webhook', async () => {
    const by = await program();
    for (let i = 0; i < 20; i++) await made({}, by);
    const { status, body } = await by.call('POST', '', { url: receiver.url, events: ['waitlist.added'] });
    expect([status, body.error.code, body.error.details.max]).toEqual([400, 'LIMIT_EXCEEDED', 20]);
  });

  it('a key that is not for webhooks: 403', async () => {
    const other = await program(['registrations:write', 'events', 'tickets']);
    const { status, body } = await other.call('GET');
    expect([status, body.error.details]).toEqual([403, { requiredScope: 'webhooks' }]);
  });

  it('what is somebody else s, or nobody s, is not there: 404 everywhere', async () => {
    const { id } = await made();
    await mine.call('POST', `/${id}/test`);
    const stranger = await program();
    const range = { from: '2020-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' };
    for (const at of [id, NOBODYS, 'x', '%00'])
      for (const [method, path, body] of [
        ['GET', ''],
        ['PUT', '', {}],
        ['DELETE', ''],
        ['POST', '/rotate', {}],
        ['POST', '/pause'],
        ['POST', '/resume'],
        ['POST', '/test'],
        ['GET', '/deliveries'],
        ['GET', `/deliveries/${NOBODYS}`],
        ['POST', `/deliveries/${NOBODYS}/replay`],
        ['POST', '/replay', range],
      ] as const) {
        const { status } = await stranger.call(method, `/${at}${path}`, body);
        expect([at, method, path, at === '%00' ? status === 404 || status === 400 : status === 404]).toEqual([at, method, path, true]);
      }
    for (const bad of ['x', NOBODYS]) {
      expect((await mine.call('GET', `/${id}/deliveries/${bad}`)).status).toBe(404);
      expect((await mine.call('POST', `/${id}/deliveries/${bad}/replay`)).status).toBe(404);
    }
    for (const query of ['limit=0', 'limit=101', 'state=lost', 'states=failed'])
      expect((await mine.call('GET', `/${id}/deliveries?${query}`)).status).toBe(400);
    expect((await mine.call('GET', `/${id}/deliveries?after=x`)).status).toBe(404);
  });
});
