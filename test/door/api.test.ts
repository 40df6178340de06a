// The door's API: scans one by one and many at once, what other gates hear of them, and who may stand at a door.
import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { register } from '../../services/accounts/accounts.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { admitAll } from '../../services/tickets/checkIns.ts';
import { readGuests } from '../../services/tickets/guests.ts';
import { as } from '../support/claims.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';
import { signal } from '../support/signal.ts';
import { eventOf, organizer, PASSWORD, sold } from './world.ts';

type Json = any;

let world: World;
let owner: Awaited<ReturnType<typeof organizer>>;
let other: Awaited<ReturnType<typeof organizer>>;
beforeAll(async () => {
  world = await startWorld();
  [owner, other] = await Promise.all([organizer(world, 'Olga'), organizer(world, 'Otto')]);
});
afterAll(() => world?.stop());

const door = (id: string, path: string, token = owner.token) => world.call('GET', `/door/api/events/${id}/${path}`, { token });
const scan = async (id: string, gate: string, scans: object[], token = owner.token): Promise<Json[]> => {
  const answer = await world.call('POST', `/door/api/events/${id}/scans`, { token, body: { gate, scans } });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.results;
};
const once = async (id: string, code: string, more: object = {}): Promise<Json> =>
  (await scan(id, 'North', [{ nonce: randomUUID(), code, ...more }]))[0];
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

describe('signing in', () => {
  const session = (body: unknown, headers = {}) =>
    world.call('POST', '/door/api/session', { body, headers: { 'content-type': 'application/json', ...headers } });
  const cookies = (headers: Headers) =>
    headers
      .getSetCookie()
      .map((one) => one.split(';')[0]!)
      .join('; ');

  it('is by cookies of the door alone, which go on and end', async () => {
    const opened = await session({ email: owner.email, password: PASSWORD });
    expect([opened.status, opened.body]).toEqual([200, { name: 'Olga', role: 'organizer' }]);
    const set = opened.headers.getSetCookie();
    expect(set.every((one) => /; Path=\/door\/api\/.*HttpOnly; SameSite=Lax/.test(one))).toBe(true);
    const cookie = cookies(opened.headers);
    expect((await world.call('GET', '/door/api/events', { headers: { cookie } })).status).toBe(200);
    const origin = new URL(world.gateway.config.http.publicUrl).origin;
    const unsafe = { cookie, origin, 'content-type': 'application/json' };
    const renewed = await world.call('POST', '/door/api/session/renew', { headers: unsafe, body: {} });
    expect(renewed.status).toBe(200);
    expect((await world.call('DELETE', '/door/api/session', { headers: { ...unsafe, cookie: cookies(renewed.headers) } })).status).toBe(
      204,
    );
    expect(
      (await world.call('POST', '/door/api/session/renew', { headers: { ...unsafe, cookie: cookies(renewed.headers) }, body: {} })).status,
    ).toBe(401);
    expect((await world.call('GET', '/door/api/events', { headers: { cookie: cookies(renewed.headers) } })).status).toBe(401);
  });

  it('is for organizers who know their password, from this site', async () => {
    const { db, passwords } = world.gateway;
    await register(db, passwords, { email: 'buyer@people.example', password: PASSWORD, fullName: 'B', verified: true });
    await register(db, passwords, { email: 'new@people.example', password: PASSWORD, fullName: 'N', role: 'organizer', verified: false });
    const told = async (body: unknown, headers = {}) => {
      const answer = await session(body, headers);
      return [answer.status, answer.body.error];
    };
    expect(await told({ email: owner.email, password: 'wrong' })).toEqual([401, 'invalid_credentials']);
    expect(await told({ email: 'buyer@people.example', password: PASSWORD })).toEqual([403, 'forbidden']);
    expect(await told({ email: 'new@people.example', password: PASSWORD })).toEqual([403, 'email_not_verified']);
    expect(await told({ email: owner.email, password: PASSWORD }, { origin: 'https://evil.example' })).toEqual([403, 'forbidden']);
    expect(await told({})).toEqual([400, 'invalid']);
  });
});

describe('a scan', () => {
  it('admits once, says who, and where it was used; a repeated nonce hears the same', async () => {
    const event = await eventOf(world, owner.id, 3);
    const { tickets } = await sold(world, event, 'Ann Berg', [0]);
    const shown = { nonce: 'n-1', code: tickets[0]!.code };
    const [first] = await scan(event.id, 'North', [shown]);
    expect(first).toMatchObject({
      outcome: 'admitted',
      people: 1,
      name: 'Ann Berg',
      place: 'section Floor, row A, seat 1',
      used_gate: 'North',
      conflict: false,
    });
    expect((await scan(event.id, 'North', [shown]))[0]).toEqual(first);
    expect((await scan(event.id, 'South', [{ ...shown, nonce: 'n-2' }]))[0]).toMatchObject({
      outcome: 'already_used',
      people: 0,
      used_at: first.used_at,
      used_gate: 'North',
    });
  });

  it('is told why not, each reason apart', async () => {
    const [event, elsewhere, theirs] = [
      await eventOf(world, owner.id, 9),
      await eventOf(world, owner.id, 2),
      await eventOf(world, other.id, 2),
    ];
    const [paidBack, gone] = [await sold(world, event, 'A', [0]), await sold(world, event, 'B', [1])];
    await cancel(world.db, paidBack.id, as(paidBack.buyer), { reason: 'test' });
    const [away, foreign] = [await sold(world, elsewhere, 'C', [0]), await sold(world, theirs, 'D', [0])];
    const said = async (code: string) => (await once(event.id, code)).outcome;
    expect([await said(paidBack.tickets[0]!.code), await said(away.tickets[0]!.code), await said('BT2.x')]).toEqual([
      'void',
      'other_event',
      'unknown_code',
    ]);
    const strangers = await once(event.id, foreign.tickets[0]!.code);
    expect(strangers).toMatchObject({ outcome: 'other_event', name: null, offer: null });
    await sql`update events set ends_at = now() - interval '1 minute', starts_at = now() - interval '2 hours' where id = ${event.id}::uuid`.execute(
      world.db,
    );
    expect(await said(gone.tickets[0]!.code)).toBe('event_over');
    await sql`update events set status = 'cancelled' where id = ${event.id}::uuid`.execute(world.db);
    expect(await said(gone.tickets[0]!.code)).toBe('event_cancelled');
  });

  it('by name admits a ticket of this event, and none of another', async () => {
    const [event, elsewhere] = [await eventOf(world, owner.id, 2), await eventOf(world, other.id, 2)];
    const [mine, foreign] = [await sold(world, event, 'Ann', [0]), await sold(world, elsewhere, 'Bo', [0])];
    const by = async (ticket: string) => (await scan(event.id, 'North', [{ nonce: randomUUID(), ticket }]))[0].outcome;
    expect([
      await by(mine.tickets[0]!.id),
      await by(mine.tickets[0]!.id),
      await by(foreign.tickets[0]!.id),
      await by(randomUUID()),
    ]).toEqual(['admitted', 'already_used', 'other_event', 'unknown_code']);
  });

  it.each([
    ['none', []],
    ['a hundred and one', Array.from({ length: 101 }, (_, i) => ({ nonce: String(i), code: 'x' }))],
    ['neither code nor ticket', [{ nonce: 'a' }]],
    ['both', [{ nonce: 'a', code: 'x', ticket: randomUUID() }]],
    ['no nonce', [{ code: 'x' }]],
    ['a time that is none', [{ nonce: 'a', code: 'x', at: 'yesterday', let_in: true }]],
    ['a NUL', [{ nonce: 'a', code: '\u0000' }]],
  ])('400 for %s', async (_, scans) => {
    const event = await eventOf(world, owner.id, 1);
    const answer = await world.call('POST', `/door/api/events/${event.id}/scans`, { token: owner.token, body: { gate: 'N', scans } });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid']);
  });

  it('404 at the door of somebody else, and of a draft; an admin stands at every door', async () => {
    const event = await eventOf(world, owner.id, 1);
    const { tickets } = await sold(world, event, 'Ann', [0]);
    for (const path of ['changes', 'scans', 'conflicts']) expect((await door(event.id, path, other.token)).status).toBe(404);
    const tried = await world.call('POST', `/door/api/events/${event.id}/scans`, {
      token: other.token,
      body: { gate: 'N', scans: [{ nonce: 'a', code: tickets[0]!.code }] },
    });
    expect(tried.status).toBe(404);
    const admin = await person(world.db, 'admin');
    expect((await scan(event.id, 'N', [{ nonce: 'b', code: tickets[0]!.code }], admin.token))[0].outcome).toBe('admitted');
    expect((await door(randomUUID(), 'changes', admin.token)).status).toBe(404);
  });
});

describe('scans told later', () => {
  it('count as of when they were made; of several of one ticket the earliest admits, and the others are conflicts', async () => {
    const event = await eventOf(world, owner.id, 5);
    const [a, b] = [await sold(world, event, 'Ann', [0]), await sold(world, event, 'Bo', [1])];
    const [one, two] = [a.tickets[0]!.code, b.tickets[0]!.code];
    const results = await scan(event.id, 'Island', [
      { nonce: 'later-1', code: one, at: ago(30), let_in: true },
      { nonce: 'later-2', code: one, at: ago(40), let_in: true },
      { nonce: 'later-3', code: two, at: ago(20), let_in: true },
      { nonce: 'later-4', code: two, at: ago(10), let_in: false },
    ]);
    expect(results.map(({ outcome, conflict }) => [outcome, conflict])).toEqual([
      ['already_used', true],
      ['admitted', false],
      ['admitted', false],
      ['already_used', false],
    ]);
    expect(Date.parse(results[1].used_at)).toBeLessThan(Date.now() - 39 * 60_000);
    expect(results[0].used_at).toBe(results[1].used_at);
    const { conflicts } = (await door(event.id, 'conflicts')).body;
    expect(conflicts).toMatchObject([
      { name: 'Ann', outcome: 'already_used', gate: 'Island', by: 'Olga', first: { at: results[1].used_at, gate: 'Island' } },
    ]);
    expect((await door(event.id, 'changes')).body.counts).toMatchObject({ tickets: 2, in: 2, conflicts: 1 });
  });

  it('admit to an event that has ended since, but not to one that had', async () => {
    const event = await eventOf(world, owner.id, 3);
    const [a, b] = [await sold(world, event, 'Ann', [0]), await sold(world, event, 'Bo', [1])];
    await sql`update events set starts_at = now() - interval '3 hours', ends_at = now() - interval '1 hour' where id = ${event.id}::uuid`.execute(
      world.db,
    );
    expect(await once(event.id, a.tickets[0]!.code, { at: ago(90), let_in: true })).toMatchObject({ outcome: 'admitted' });
    expect(await once(event.id, b.tickets[0]!.code, { at: ago(30), let_in: true })).toMatchObject({
      outcome: 'event_over',
      conflict: true,
    });
  });

  it('that sent somebody away admit nobody; a time in the future is now, and one without a decision counts for nothing', async () => {
    const event = await eventOf(world, owner.id, 3);
    const { tickets } = await sold(world, event, 'Ann', [0]);
    expect(await once(event.id, tickets[0]!.code, { at: ago(5), let_in: false })).toMatchObject({
      outcome: 'turned_away',
      conflict: false,
    });
    const late = await once(event.id, tickets[0]!.code, { at: '2099-01-01T00:00:00Z', let_in: true });
    expect([late.outcome, Date.parse(late.used_at) <= Date.now() + 5_000]).toEqual(['admitted', true]);
  });

  it('whose first answer was lost and differs from what the gate did become conflicts', async () => {
    const event = await eventOf(world, owner.id, 3);
    const { tickets } = await sold(world, event, 'Ann', [0]);
    await once(event.id, tickets[0]!.code);
    const lost = { nonce: 'lost', code: tickets[0]!.code };
    expect((await scan(event.id, 'South', [lost]))[0]).toMatchObject({ outcome: 'already_used', conflict: false });
    expect((await scan(event.id, 'South', [{ ...lost, at: ago(1), let_in: true }]))[0]).toMatchObject({
      outcome: 'already_used',
      conflict: true,
    });
    expect((await door(event.id, 'conflicts')).body.conflicts).toHaveLength(1);
  });

  it('a void ticket that was let in is a conflict without a first', async () => {
    const event = await eventOf(world, owner.id, 3);
    const order = await sold(world, event, 'Ann', [0]);
    await cancel(world.db, order.id, as(order.buyer), { reason: 'test' });
    expect(await once(event.id, order.tickets[0]!.code, { at: ago(1), let_in: true })).toMatchObject({ outcome: 'void', conflict: true });
    expect((await door(event.id, 'conflicts')).body.conflicts).toMatchObject([{ outcome: 'void', first: null }]);
  });

  it('of a group and of its members together: each goes in once, whatever the order', async () => {
    const event = await eventOf(world, owner.id, 5);
    const group = await sold(world, event, 'Group', [0, 1, 2]);
    const results = await scan(event.id, 'Island', [
      { nonce: 'group-1', code: group.tickets[1]!.code, at: ago(9), let_in: true },
      { nonce: 'group-2', code: group.code, at: ago(8), let_in: true },
      { nonce: 'group-3', code: group.tickets[0]!.code, at: ago(7), let_in: true },
    ]);
    expect(results.map(({ outcome, people }) => [outcome, people])).toEqual([
      ['admitted', 1],
      ['admitted', 2],
      ['already_used', 0],
    ]);
  });

  it('a hundred of one ticket at once from many gates: one admits, 99 are conflicts', async () => {
    const event = await eventOf(world, owner.id, 2);
    const { tickets } = await sold(world, event, 'Ann', [0]);
    const scans = Array.from({ length: 10 }, () =>
      Array.from({ length: 10 }, () => ({ code: tickets[0]!.code, nonce: randomUUID(), letIn: true })),
    );
    const by = { accountId: owner.id, admin: false };
    const all = await Promise.all(
      scans.map((ten, i) => admitAll(world.db, world.gateway.ticketKeys, by, ten, { eventId: event.id, gate: `g${i}` })),
    );
    const outcomes = all.flat().map(({ outcome }) => outcome);
    expect([outcomes.filter((o) => o === 'admitted').length, outcomes.filter((o) => o === 'already_used').length]).toEqual([1, 99]);
    expect((await door(event.id, 'changes')).body.counts).toMatchObject({ in: 1, conflicts: 99 });
  });
});

describe('guests', () => {
  it('are told with what a door needs and no address, and again when they change', async () => {
    const event = await eventOf(world, owner.id, 5);
    const [a, b] = [await sold(world, event, 'Ann', [0]), await sold(world, event, 'Bo', [1], 'p-1')];
    const first = (await door(event.id, 'changes')).body;
    expect(first.guests).toHaveLength(2);
    expect(first.guests.find((g: Json) => g.name === 'Ann')).toMatchObject({
      ticket: a.tickets[0]!.id,
      order: a.id,
      void: false,
      used_at: null,
      gate: null,
      code_digest: null,
    });
    // A participant's code says its ticket to nobody else: a gate without a network finds it by this.
    const digest = createHash('sha256').update(b.tickets[0]!.code).digest('hex').slice(0, 32);
    expect(first.guests.find((g: Json) => g.name === 'Bo')).toMatchObject({ ticket: b.tickets[0]!.id, code_digest: digest });
    expect(JSON.stringify(first)).not.toContain('@');
    expect(first.counts).toEqual({ tickets: 2, in: 0, gates: [], conflicts: 0 });

    await once(event.id, a.tickets[0]!.code);
    await cancel(world.db, b.id, as(b.buyer), { reason: 'test' });
    const next = (await door(event.id, `changes?since=${first.cursor}`)).body;
    expect(Object.fromEntries(next.guests.map((g: Json) => [g.name, [g.void, g.gate]]))).toMatchObject({
      Ann: [false, 'North'],
      Bo: [true, null],
    });
    const last = (await door(event.id, `changes?since=${next.cursor}`)).body;
    expect(last.guests).toEqual([]);
    for (const bad of ['x', '1.2.3', `9.${randomUUID()}.99999999999999999999`])
      expect((await door(event.id, `changes?since=${bad}`)).status).toBe(400);
  });

  it('none is lost, whatever commits late: a ticket written before others and committed after the reading', async () => {
    const event = await eventOf(world, owner.id, 9);
    const early = await sold(world, event, 'Early', [0]);
    const [written, released] = [signal(), signal()];
    const late = world.db.transaction().execute(async (tx) => {
      await sql`update tickets set holder_name = 'Late' where id = ${early.tickets[0]!.id}::uuid`.execute(tx);
      written.give();
      await released.given;
    });
    await written.given;
    for (const i of [1, 2, 3]) await sold(world, event, `Guest ${i}`, [i]);
    // Page by page, with the late one under way.
    const names = new Set<string>();
    let cursor: string | undefined;
    for (let more = true; more; ) {
      const page = await readGuests(world.db, event.id, cursor, 2);
      for (const g of page.guests) names.add(g.holder);
      ({ cursor, more } = page);
    }
    expect([...names].sort()).toEqual(['Early', 'Guest 1', 'Guest 2', 'Guest 3']);
    released.give();
    await late;
    const { guests } = await readGuests(world.db, event.id, cursor, 100);
    expect(guests.map((g) => g.holder)).toContain('Late');
  });

  it('the history of scans is told page by page, the newest first', async () => {
    const event = await eventOf(world, owner.id, 3);
    const { tickets } = await sold(world, event, 'Ann', [0]);
    await scan(
      event.id,
      'North',
      Array.from({ length: 100 }, (_, i) => ({ nonce: `h${i}`, code: tickets[0]!.code })),
    );
    for (let i = 0; i < 5; i++) await once(event.id, tickets[0]!.code);
    const first = (await door(event.id, 'scans')).body;
    const second = (await door(event.id, `scans?before=${first.next}`)).body;
    expect([first.scans.length, second.scans.length, second.next]).toEqual([100, 5, null]);
    expect(new Set([...first.scans, ...second.scans].map((s: Json) => s.id)).size).toBe(105);
    expect(first.scans[0]).toMatchObject({ gate: 'North', by: 'Olga', name: 'Ann', offline: false });
    expect((await door(event.id, 'scans?before=1')).status).toBe(400);
  });
});

it('the doors of an organizer are theirs, soonest first, with who is in', async () => {
  const mine = await organizer(world, 'Ida');
  const [one, two] = [await eventOf(world, mine.id, 2, 'One'), await eventOf(world, mine.id, 2, 'Two')];
  await sql`update events set starts_at = starts_at - interval '2 hours' where id = ${two.id}::uuid`.execute(world.db);
  const over = await eventOf(world, mine.id, 2, 'Over');
  await sql`update events set starts_at = now() - interval '3 days', ends_at = now() - interval '2 days' where id = ${over.id}::uuid`.execute(
    world.db,
  );
  const { tickets } = await sold(world, one, 'Ann', [0]);
  await scan(one.id, 'N', [{ nonce: 'd', code: tickets[0]!.code }], mine.token);
  const { events } = (await world.call('GET', '/door/api/events', { token: mine.token })).body;
  expect(events.map((e: Json) => [e.name, e.tickets, e.in])).toEqual([
    ['Two', 0, 0],
    ['One', 1, 1],
  ]);
});
