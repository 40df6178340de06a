// Participants: registered at once, once for an event, with what their organizer keeps about them, in teams; listed.
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import * as rooms from '../../services/events/room.ts';
import * as orders from '../../services/orders/orders.ts';
import * as participants from '../../services/orders/participants.ts';
import { orderStats } from '../../services/reports/orderStats.ts';
import * as ticketList from '../../services/tickets/ticketList.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { freshDatabase } from '../support/database.ts';
import { enrol, fieldOf, hackathon, look, outcome, revise, sound, told, withdraw } from '../support/hackathon.ts';
import { person } from '../support/made.ts';
import { slotsOf } from '../support/pools.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

describe('who finds a place', () => {
  test('is confirmed at once: place and slot sold for nothing, a ticket of their own, no mail and no workflow', async () => {
    const event = await hackathon(db, { total: 2 });
    const made = await enrol(db, event, 'p-1', { offer: 'Premium', details: { dietary: 'vegan' } });
    expect(made).toMatchObject({ participant: 'p-1', status: 'confirmed', details: { dietary: 'vegan' }, position: null, team: null });
    expect(made.offer).toMatchObject({ name: 'premium', price_minor: 4_900 });
    expect(made.ticket!.code).toMatch(/^hackathon-\w+:[\w-]+:\d+:[\w-]{88}$/);

    const order = await db.selectFrom('orders').selectAll().where('id', '=', made.id).executeTakeFirstOrThrow();
    expect([order.total_minor, order.account_id]).toEqual([0, event.organizer.id]);
    const [ticket] = await db.selectFrom('tickets').selectAll().where('order_id', '=', made.id).execute();
    expect([ticket!.holder_name, ticket!.holder_ref]).toEqual(['p-1', 'p-1']);
    expect(await slotsOf(db, event.offers.premium!)).toEqual({ free: 1, held: 0, sold: 1 });
    expect(await rooms.figures(db, event.id)).toEqual({ total: 2, taken: 1, available: 1, waiting: 0 });
    expect(await told(db, event)).toEqual(['registration.created p-1 premium']);
    expect(await db.selectFrom('mails').where('order_id', '=', made.id).select('kind').execute()).toEqual([]);
    expect(await db.selectFrom('outbox').where('subject_id', '=', made.id).select('topic').execute()).toEqual([]);
    await sound(db);
  });

  test('has one registration for an event while it lives, and another once it is cancelled', async () => {
    const [event, other] = [await hackathon(db), await hackathon(db)];
    const first = await enrol(db, event, 'p-1');
    const refused = await enrol(db, event, 'p-1', { offer: 'premium' }).catch((error) => error);
    expect([refused.code, refused.details]).toEqual(['already_registered', { participant: 'p-1' }]);
    expect(await outcome(enrol(db, other, 'p-1'))).toBe('confirmed');
    await withdraw(db, event, first);
    const again = await enrol(db, event, 'p-1');
    expect([again.status, again.id === first.id]).toEqual(['confirmed', false]);
    expect((await look(db, event, first)).status).toBe('cancelled');
  });

  test('finds what a run of the same request made that died before its answer', async () => {
    const event = await hackathon(db);
    const attempt = { id: randomUUID(), again: false };
    const first = await enrol(db, event, 'p-1', { attempt });
    expect(first.id).toBe(attempt.id);
    expect((await enrol(db, event, 'p-1', { attempt: { ...attempt, again: true } })).number).toBe(first.number);
  });

  test('is none of the organizer’s own orders, tickets or figures, and waits apart from the organizer', async () => {
    const event = await hackathon(db, { total: 1, apart: true, types: { standard: 1 }, waitlist: true });
    const me = event.organizer.id;
    await enrol(db, event, 'p-1');
    await enrol(db, event, 'p-2');
    const notify = { email: true, sms: false };
    const own = await waitlist.join(db, { accountId: me, eventId: event.id, quantity: 1, notify, maxPlaces: 5, smsAvailable: false });
    expect([own.created, own.entry.position]).toEqual([true, 2]);
    expect((await waitlist.ofAccount(db, me, { limit: 9 })).map((entry) => entry.id)).toEqual([own.entry.id]);
    expect(await orders.list(db, me, { page: 1, perPage: 9 })).toEqual({ rows: [], total: 0 });
    expect((await ticketList.list(db, me, {}, { page: 1, perPage: 9 })).total).toBe(0);
    expect(await orderStats(db, me)).toMatchObject({ total: 0, tickets: 0, upcoming: 0 });
  });
});

describe('refused', () => {
  test('an event of somebody else, or none; what there is no such type of', async () => {
    const [event, other] = [await hackathon(db), await hackathon(db)];
    expect(await outcome(enrol(db, event, 'p-1', { event: other.slug }))).toBe('event_not_found');
    expect(await outcome(enrol(db, event, 'p-1', { event: other.id }))).toBe('event_not_found');
    expect(await outcome(enrol(db, event, 'p-1', { event: 'nowhere' }))).toBe('event_not_found');
    expect(await fieldOf(enrol(db, event, 'p-1', { offer: 'gold' }))).toBe('invalid ticketType');
    expect(await fieldOf(enrol(db, event, 'p-1', { offer: 'registration' }))).toBe('invalid ticketType');
    expect(await outcome(enrol(db, event, 'p-1', { offer: 'Registration - Standard' }))).toBe('confirmed');
    expect(await outcome(enrol(db, event, 'p-2', { offer: event.offers.team!, details: { teamName: 'A' } }))).toBe('confirmed');
  });

  test('a draft, a cancelled event, one that is over or has begun, one past its deadline; not before it', async () => {
    const of = async (set: Record<string, unknown>) => {
      const event = await hackathon(db);
      await db.updateTable('events').set(set).where('id', '=', event.id).execute();
      return outcome(enrol(db, event, 'p-1'));
    };
    const at = (hours: number) => new Date(Date.now() + hours * 3_600_000);
    expect(await of({ status: 'draft' })).toBe('event_not_on_sale');
    expect(await of({ status: 'cancelled' })).toBe('event_cancelled');
    expect(await of({ starts_at: at(-3), ends_at: at(-1) })).toBe('event_over');
    expect(await of({ starts_at: at(-1), ends_at: at(1) })).toBe('event_over');

    const event = await hackathon(db);
    await rooms.change(db, event.by.id, event.slug, { deadline: at(-1) });
    expect(await outcome(enrol(db, event, 'p-1'))).toBe('event_not_on_sale');
    await rooms.change(db, event.by.id, event.slug, { deadline: at(1) });
    expect(await outcome(enrol(db, event, 'p-1'))).toBe('confirmed');
    await rooms.change(db, event.by.id, event.slug, { deadline: null });
    expect((await rooms.find(db, event.by.id, event.slug)).deadline).toBe(null);
  });

  const nested = (depth: number): object => (depth === 1 ? {} : { a: nested(depth - 1) });
  test.each<[string, Record<string, unknown>, string]>([
    ['of 16 KB', { a: 'x'.repeat(16_384 - 8) }, 'done'],
    ['larger than 16 KB', { a: 'x'.repeat(16_384 - 7) }, 'invalid metadata'],
    ['of 16 KB of two bytes a character', { a: 'ø'.repeat(8_200) }, 'invalid metadata'],
    ['five levels deep', nested(5) as Record<string, unknown>, 'done'],
    ['six levels deep', nested(6) as Record<string, unknown>, 'invalid metadata'],
    ['six levels deep in a list', { a: [[[[[1]]]]] }, 'invalid metadata'],
    ['with a key of 101 characters', { ['k'.repeat(101)]: 1 }, 'invalid metadata'],
    ['with a NUL', { a: ['\0'] }, 'invalid metadata'],
    ['with half a character', { a: '\ud83d' }, 'invalid metadata'],
    ['with half a character in a key', { '\udc00': 1 }, 'invalid metadata'],
    ['with a number too large', { a: Number.POSITIVE_INFINITY }, 'invalid metadata'],
    ['with a team that is no text', { teamName: { a: 1 } }, 'invalid metadata.teamName'],
    ['with a team of 201 characters', { teamName: 'x'.repeat(201) }, 'invalid metadata.teamName'],
    ['with what looks like a prototype', JSON.parse('{"__proto__": {"a": 1}, "constructor": 1}'), 'done'],
  ])('metadata %s', async (_, details, said) => {
    const event = await hackathon(db);
    expect(await fieldOf(enrol(db, event, 'p-1', { details }))).toBe(said);
    if (said === 'done') expect((await participants.list(db, event.by.id, { limit: 1 }))[0]!.details).toEqual(details);
  });
});

describe('a team', () => {
  test('needs its name, and has its discount from the fourth confirmed member on, however the name is written', async () => {
    const event = await hackathon(db, { total: 20 });
    const join = (who: string, teamName: unknown) => enrol(db, event, who, { offer: 'team', details: { teamName } });
    expect(await fieldOf(enrol(db, event, 'p-0', { offer: 'team' }))).toBe('invalid metadata.teamName');
    expect(await fieldOf(join('p-0', '  '))).toBe('invalid metadata.teamName');
    const first = await join('p-1', 'CodeCrafters');
    for (const [who, name] of [
      ['p-2', ' codecrafters'],
      ['p-3', 'CODECRAFTERS '],
      ['p-x', 'Others'],
    ] as const)
      await join(who, name);
    await enrol(db, event, 'p-y', { details: { teamName: 'CodeCrafters' } }); // of another type: no member
    expect((await look(db, event, first)).team).toEqual({ name: 'CodeCrafters', members: 3 });
    const fourth = await join('p-4', 'CodeCrafters');
    expect([fourth.team!.members, (await look(db, event, first)).team!.members]).toEqual([4, 4]);
    await withdraw(db, event, fourth);
    expect((await look(db, event, first)).team!.members).toBe(3);
  });

  test('is not left without a name by a change', async () => {
    const event = await hackathon(db);
    const made = await enrol(db, event, 'p-1', { offer: 'team', details: { teamName: 'A', dietary: 'none' } });
    expect(await fieldOf(revise(db, event, made, { details: { teamName: null } }))).toBe('invalid metadata.teamName');
    expect((await revise(db, event, made, { details: { dietary: 'vegan' } })).details).toEqual({ teamName: 'A', dietary: 'vegan' });
    expect((await revise(db, event, made, { offer: 'standard', details: { teamName: null } })).details).toEqual({ dietary: 'vegan' });
    expect(await fieldOf(revise(db, event, made, { offer: 'team' }))).toBe('invalid metadata.teamName');
  });
});

test('lists are one organizer’s own, newest first, by pages, and find what is asked for', async () => {
  const organizer = await person(db, 'organizer');
  const [event, other, strange] = [
    await hackathon(db, { organizer, total: 3, waitlist: true }),
    await hackathon(db, { organizer }),
    await hackathon(db),
  ];
  const made: participants.ParticipantView[] = [];
  for (const n of [1, 2, 3, 4]) made.push(await enrol(db, event, `p-${n}`));
  made.push(await enrol(db, other, 'p-1'));
  await enrol(db, strange, 'p-1');
  await withdraw(db, event, made[1]!);
  const list = async (o: Partial<participants.Listed>) =>
    (await participants.list(db, organizer.id, { limit: 9, ...o })).map((one) => made.findIndex((m) => m.id === one.id));
  expect(await list({})).toEqual([4, 3, 2, 1, 0]);
  expect(await list({ limit: 2 })).toEqual([4, 3]);
  expect(await list({ limit: 2, below: made[3]!.number })).toEqual([2, 1]);
  expect(await list({ eventId: event.id })).toEqual([3, 2, 1, 0]);
  expect(await list({ statuses: ['waiting'] })).toEqual([3]);
  expect(await list({ statuses: ['cancelled', 'expired'], eventId: event.id })).toEqual([1]);
  expect(await list({ participant: 'p-1' })).toEqual([4, 0]);
  expect(await list({ eventId: strange.id })).toEqual([]);
  const strangers = [look(db, strange, made[0]!), revise(db, strange, made[0]!, { details: {} }), withdraw(db, strange, made[0]!)];
  expect(await Promise.all(strangers.map(outcome))).toEqual(Array(3).fill('order_not_found'));
});
