// Registrations through the API: every example of the seed, every refusal, another organizer's key, idempotency, and pages.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { make, SCOPES, type Scope } from '../../services/accounts/apiKeys.ts';
import { fromExamples } from '../support/contract/endpoints.ts';
import { contract } from '../support/contract/replay.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { type Hackathon, type HackathonOf, hackathon, promote } from '../support/hackathon.ts';
import examples from './examples.json' with { type: 'json' };

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

/** An event and its organizer's key, with calls of the API by that key. */
async function opened(o: HackathonOf & { scopes?: Scope[] } = {}) {
  const event = await hackathon(world.db, o);
  const { token } = await make(world.db, event.organizer.id, { name: 'test', scopes: o.scopes ?? [...SCOPES] });
  const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    world.call(method, `/api/billetter${path}`, { token, body, headers });
  const wish = (participantId: string, more: object = {}) => ({ participantId, eventId: event.slug, ticketType: 'standard', ...more });
  const register = (participantId: string, more: object = {}, headers?: Record<string, string>) =>
    call('POST', '/registrations', wish(participantId, more), headers);
  return { event, token, call, register };
}

const code = ({ status, body }: { status: number; body: any }) => `${status} ${body.error.code}`;

describe("the seed's examples", () => {
  it('are answered as the seed shows them, all of them', async () => {
    const { event, token, register } = await opened({ total: 500, waitlist: true });
    const rules = {
      maps: ['ticketTypes'],
      forms: [
        ['registration', /^reg-\d+$/],
        ['code', /^(QR\d+|[\w-]+:[\w-]+:\d+:[\w-]{88})$/],
      ] as [string, RegExp][],
      words: { status: ['confirmed', 'waitlisted', 'cancelled'] },
      same: ['error.code', 'error.message'],
    };
    const seed = contract(fromExamples(examples), rules, world.call);
    const by = { token, with: { eventId: event.slug } };
    const made = await seed.replay('POST /api/billetter/registrations', by);
    expect(made.body).toMatchObject({
      metadata: { teamName: 'CodeCrafters', dietary: 'vegetarian' },
      status: 'confirmed',
      ticketType: 'standard',
    });

    const params = { registrationId: made.body.id };
    expect((await seed.replay('GET /api/billetter/registrations/{registrationId}', { token, params })).body).toEqual(made.body);
    const put = await seed.replay('PUT /api/billetter/registrations/{registrationId}', { token, params });
    expect(put.body).toMatchObject({
      ticketType: 'premium',
      metadata: { teamName: 'CodeCrafters', dietary: 'vegan' },
      qrCode: made.body.qrCode,
    });
    const settings = await seed.replay('PUT /api/billetter/events/{eventId}/settings', {
      ...{ token, params: { eventId: event.slug } },
      body: { maxCapacity: 1, enableWaitlist: true, registrationDeadline: '2099-03-01T23:59:59Z' },
    });
    expect(settings.body).toEqual({
      eventId: event.slug,
      maxCapacity: 1,
      enableWaitlist: true,
      registrationDeadline: '2099-03-01T23:59:59Z',
    });

    const full = await seed.replay('POST /api/billetter/registrations', {
      token,
      status: 409,
      with: { participantId: 'p-2', eventId: event.slug, joinWaitlist: false },
    });
    expect(full.body.error.details).toEqual({ currentCapacity: 1, maxCapacity: 1, waitlistAvailable: true });
    expect((await register('p-3')).body).toMatchObject({ status: 'waitlisted', waitlistPosition: 1, qrCode: null });
    const capacity = await seed.replay('GET /api/billetter/events/{eventId}/capacity', { token, params: { eventId: event.id } });
    expect(capacity.body).toEqual({
      ...{ eventId: event.slug, maxCapacity: 1, currentRegistrations: 1, availableSpots: 0, waitlistEnabled: true, waitlistCount: 1 },
      registrationDeadline: '2099-03-01T23:59:59Z',
    });
    const stats = await seed.replay('GET /api/billetter/events/{eventId}/stats', { token, params: { eventId: event.slug } });
    expect(stats.body).toMatchObject({
      totalRegistrations: 2,
      confirmedAttendees: 1,
      checkedInCount: 0,
      ticketTypes: { standard: 1, premium: 1, team: 0 },
    });
    expect(stats.body.registrationTrend.reduce((n: number, day: { count: number }) => n + day.count, 0)).toBe(2);

    const gone = await seed.replay('DELETE /api/billetter/registrations/{registrationId}', { token, params });
    expect(gone.body).toMatchObject({ status: 'cancelled', qrCode: null, cancelledAt: expect.any(String) });
    const again = await seed.replay('DELETE /api/billetter/registrations/{registrationId}', { token, params });
    expect(again.body).toEqual(gone.body);
    expect(seed.unplayed()).toEqual([]);
  });

  it("the request as its SDK sends it, without metadata, and the seed's deadline, which is past", async () => {
    const { event, call, register } = await opened();
    expect((await register('participant-123')).body).toMatchObject({
      status: 'confirmed',
      metadata: {},
      team: null,
      listPrice: { amount: '0.00', currency: 'USD' },
    });
    const body = examples['PUT /api/billetter/events/{eventId}/settings'].request;
    expect((await call('PUT', `/events/${event.slug}/settings`, { ...body, maxCapacity: 20 })).status).toBe(200);
    expect(code(await register('participant-124'))).toBe('409 REGISTRATION_CLOSED');
  });
});

describe('a registration', () => {
  it('goes from waitlisted to confirmed under the same id when a place comes back', async () => {
    const { event, call, register } = await opened({ total: 1, waitlist: true });
    const [one, two] = [await register('p-1'), await register('p-2', { ticketType: 'premium' })];
    await call('DELETE', `/registrations/${one.body.id}`);
    await promote(world.db, event);
    const { body } = await call('GET', `/registrations/${two.body.id}`);
    expect(body).toMatchObject({
      id: two.body.id,
      status: 'confirmed',
      waitlistPosition: null,
      registrationDate: two.body.registrationDate,
    });
    expect(body.qrCode).toMatch(/^hackathon-\w+:[\w-]+:\d+:[\w-]{88}$/);
    expect(body.listPrice).toEqual({ amount: '49.00', currency: 'USD' });
  });

  it('of a team is told when the team has its discount', async () => {
    const { call, register } = await opened();
    const member = (n: number) => register(`p-${n}`, { ticketType: 'Team', metadata: { teamName: 'CodeCrafters' } });
    const first = await member(1);
    expect(first.body.team).toEqual({ name: 'CodeCrafters', members: 1, discounted: false });
    await Promise.all([2, 3, 4].map(member));
    expect((await call('GET', `/registrations/${first.body.id}`)).body.team).toEqual({
      name: 'CodeCrafters',
      members: 4,
      discounted: true,
    });
  });

  it('is made once under an Idempotency-Key', async () => {
    const { register, call } = await opened();
    const key = { 'Idempotency-Key': 'once' };
    const [first, again] = [await register('p-1', {}, key), await register('p-1', {}, key)];
    expect([first.status, again.status, again.body]).toEqual([201, 201, first.body]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(code(await register('p-2', {}, key))).toBe('422 IDEMPOTENCY_KEY_REUSED');
    expect((await call('GET', '/registrations')).body.registrations).toHaveLength(1);
  });
});

describe('refused', () => {
  it('409 for a second one of a participant, a full type, a change to a full type, a cancelled one', async () => {
    const { call, register } = await opened({ total: 5, types: { standard: 5, premium: 1 } });
    const one = await register('p-1', { ticketType: 'premium' });
    const twice = await register('p-1');
    expect([code(twice), twice.body.error.details]).toEqual(['409 ALREADY_REGISTERED', { participantId: 'p-1' }]);
    const full = await register('p-2', { ticketType: 'premium' });
    expect([code(full), full.body.error.details]).toEqual([
      '409 CAPACITY_EXCEEDED',
      { currentCapacity: 1, maxCapacity: 1, waitlistAvailable: false },
    ]);
    const two = await register('p-2');
    const moved = await call('PUT', `/registrations/${two.body.id}`, { ticketType: 'premium' });
    expect([code(moved), moved.body.error.details.maxCapacity]).toEqual(['409 CAPACITY_EXCEEDED', 1]);
    await call('DELETE', `/registrations/${one.body.id}`);
    expect(code(await call('PUT', `/registrations/${one.body.id}`, { ticketType: 'standard' }))).toBe('409 REGISTRATION_NOT_CHANGEABLE');
    expect((await register('p-1')).status).toBe(201);
  });

  it.each<[string, object, string]>([
    ['no participant', { participantId: undefined }, 'participantId'],
    ['a participant of nothing', { participantId: '  ' }, 'participantId'],
    ['a participant with a bell in it', { participantId: 'a\u0007' }, 'participantId'],
    ['half a character', { participantId: '\ud83d' }, 'body'],
    ['a participant of 201 characters', { participantId: 'x'.repeat(201) }, 'participantId'],
    ['a number for a participant', { participantId: 7 }, 'participantId'],
    ['an event of two lines', { eventId: 'a\nb' }, 'eventId'],
    ['a NUL anywhere', { eventId: 'a\0b' }, 'body'],
    ['no such type', { ticketType: 'gold' }, 'ticketType'],
    ['metadata that is a list', { metadata: [] }, 'metadata'],
    ['metadata too deep', { metadata: { a: { b: { c: { d: { e: {} } } } } } }, 'metadata'],
    ['metadata too large', { metadata: { a: 'x'.repeat(20_000) } }, 'metadata'],
    ['metadata with half a character', { metadata: { a: '\ud83d' } }, 'body'],
    ['a team without a name', { ticketType: 'team' }, 'metadata.teamName'],
  ])('400 for %s, by the name of the field', async (_, wrong, field) => {
    const { register } = await opened();
    const answer = await register('p-1', wrong);
    expect([code(answer), Object.keys(answer.body.error.details.fields)]).toEqual(['400 VALIDATION_ERROR', [field]]);
  });

  it('404 for what there is not, whatever the id looks like', async () => {
    const { call, register } = await opened();
    expect(code(await register('p-1', { eventId: 'nowhere' }))).toBe('404 EVENT_NOT_FOUND');
    for (const id of ['reg-999999', 'reg-0', 'reg--1', 'reg-1e3', 'reg-9999999999999999999', '1', "reg-1'", '..%2f']) {
      expect(code(await call('GET', `/registrations/${id}`)), id).toBe('404 REGISTRATION_NOT_FOUND');
      expect(code(await call('DELETE', `/registrations/${id}`)), id).toBe('404 REGISTRATION_NOT_FOUND');
      expect(code(await call('PUT', `/registrations/${id}`, {})), id).toBe('404 REGISTRATION_NOT_FOUND');
    }
    for (const path of ['capacity', 'stats']) expect(code(await call('GET', `/events/nowhere/${path}`))).toBe('404 EVENT_NOT_FOUND');
    expect(code(await call('GET', '/events/%00/capacity'))).toBe('400 VALIDATION_ERROR');
  });

  it('settings that are none, below what is taken, or of an event with types of their own places', async () => {
    const { event, call, register } = await opened({ total: 2 });
    const put = (body: unknown, at = event.slug) => call('PUT', `/events/${at}/settings`, body);
    for (const maxCapacity of [0, -1, 1.5, '5', 250_001, null])
      expect(code(await put({ maxCapacity })), `${maxCapacity}`).toBe('400 VALIDATION_ERROR');
    for (const registrationDeadline of ['soon', '2025-13-01T00:00:00Z', '+099999-01-01T00:00:00Z', 5])
      expect(code(await put({ registrationDeadline }))).toBe('400 VALIDATION_ERROR');
    expect(code(await put({ enableWaitlist: 'yes' }))).toBe('400 VALIDATION_ERROR');
    await register('p-1');
    await register('p-2');
    const low = await put({ maxCapacity: 1 });
    expect([code(low), Object.keys(low.body.error.details.fields)]).toEqual(['409 EVENT_NOT_CHANGEABLE', ['maxCapacity']]);
    expect((await put({})).body).toMatchObject({ maxCapacity: 2, enableWaitlist: false, registrationDeadline: null });
    expect(code(await put({ maxCapacity: 7 }))).toBe('400 VALIDATION_ERROR'); // three types of 2 each
    const apart = await opened({ apart: true, types: { standard: 2, premium: 2 } });
    expect(code(await apart.call('PUT', `/events/${apart.event.slug}/settings`, { maxCapacity: 9 }))).toBe('400 VALIDATION_ERROR');
    await sql`update events set status = 'cancelled' where id = ${event.id}::uuid`.execute(world.db);
    expect(code(await put({ enableWaitlist: true }))).toBe('409 EVENT_NOT_CHANGEABLE');
  });

  it("another organizer's key sees nothing of it: 404, and nothing is changed", async () => {
    const [mine, other] = [await opened({ total: 5 }), await opened()];
    const { id } = (await mine.register('p-1')).body;
    const at = (event: Hackathon) => [event.slug, event.id];
    expect(code(await other.register('p-2', { eventId: mine.event.slug }))).toBe('404 EVENT_NOT_FOUND');
    expect(code(await other.call('GET', `/registrations/${id}`))).toBe('404 REGISTRATION_NOT_FOUND');
    expect(code(await other.call('PUT', `/registrations/${id}`, { metadata: { stolen: true } }))).toBe('404 REGISTRATION_NOT_FOUND');
    expect(code(await other.call('DELETE', `/registrations/${id}`))).toBe('404 REGISTRATION_NOT_FOUND');
    for (const event of at(mine.event)) {
      expect(code(await other.call('GET', `/events/${event}/capacity`))).toBe('404 EVENT_NOT_FOUND');
      expect(code(await other.call('GET', `/events/${event}/stats`))).toBe('404 EVENT_NOT_FOUND');
      expect(code(await other.call('PUT', `/events/${event}/settings`, { maxCapacity: 1 }))).toBe('404 EVENT_NOT_FOUND');
      expect(code(await other.call('GET', `/registrations?eventId=${event}`))).toBe('404 EVENT_NOT_FOUND');
    }
    expect((await other.call('GET', '/registrations')).body).toEqual({ registrations: [], nextCursor: null });
    expect((await mine.call('GET', `/registrations/${id}`)).body).toMatchObject({ status: 'confirmed', metadata: {} });
    expect((await mine.call('GET', `/events/${mine.event.slug}/capacity`)).body.maxCapacity).toBe(5);
  });

  it('403 for a key that is not for it, by the scope', async () => {
    const { event, call, register } = await opened({ scopes: ['registrations:read'] });
    const refused = await register('p-1');
    expect([code(refused), refused.body.error.details]).toEqual(['403 FORBIDDEN', { requiredScope: 'registrations:write' }]);
    expect((await call('GET', '/registrations')).status).toBe(200);
    expect(code(await call('GET', `/events/${event.slug}/stats`))).toBe('403 FORBIDDEN');
  });
});

describe('the list', () => {
  it('is read by pages to its end, each registration once, though others come meanwhile', async () => {
    const { event, call, register } = await opened({ total: 7, waitlist: true });
    const made: string[] = [];
    for (let n = 0; n < 8; n++) made.push((await register(`p-${n}`)).body.id);
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await call('GET', `/registrations?eventId=${event.slug}&limit=3${cursor}`);
      seen.push(...body.registrations.map((one: { id: string }) => one.id));
      if (!body.nextCursor) break;
      cursor = `&cursor=${body.nextCursor}`;
      await register(`late-${seen.length}`);
    }
    expect(seen).toEqual(made.reverse());
    const ids = async (query: string) =>
      (await call('GET', `/registrations?${query}`)).body.registrations.map((one: any) => one.participantId);
    expect(await ids('status=waitlisted')).toEqual(['late-6', 'late-3', 'p-7']);
    expect(await ids('participantId=p-3')).toEqual(['p-3']);
    await call('DELETE', `/registrations/${made.at(-1)}`);
    expect(await ids(`status=cancelled&eventId=${event.id}`)).toEqual(['p-0']);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=1e1',
    'cursor=abc',
    'cursor=reg-',
    'status=pending',
    'colour=red',
    'eventId=',
    'eventId=a&eventId=b',
  ])('400 for %s', async (query) => {
    const { call } = await opened();
    expect(code(await call('GET', `/registrations?${query}`))).toBe('400 VALIDATION_ERROR');
  });
});
