// PUT /api/v1/admin/events/{id}: what may change once tickets are sold, what is refused, and who is told.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as notices from '../../services/events/eventNotices.ts';
import * as venues from '../../services/events/venues.ts';
import * as ticketFiles from '../../services/tickets/ticketFiles.ts';
import { lockWaits } from '../support/database.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';
import { book, pay, sell } from '../support/sold.ts';

let world: World;
let organizer: { id: string; token: string };
let buyer: { id: string; token: string };
beforeAll(async () => {
  world = await startWorld();
  organizer = await person(world.db, 'organizer');
  buyer = await person(world.db);
});
afterAll(() => world?.stop());

const day = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 19).concat('Z');
const floor = (rows: string[], seats: number, price = 50) => ({ name: 'Floor', rows, seats_per_row: seats, price });
const plan = (...sections: object[]) => ({ seat_configuration: { sections } });

type Seat = { id: string; seat_number: string; status: string; price: number; section: string; row: string };
async function seats(eventId: string): Promise<Seat[]> {
  const answer = await world.call('GET', `/api/v1/events/${eventId}/seats?status=all`);
  return answer.body.data.sections.flatMap((s: any) =>
    s.rows.flatMap((r: any) => r.seats.map((seat: any) => ({ ...seat, section: s.name, row: r.row }))),
  );
}
const label = (s: Seat) => `${s.section} ${s.row}${s.seat_number} ${s.status}`;

/** An event of the organizer's, Floor A1..A4 at 50.00, three weeks ahead. */
async function event(more: object = {}): Promise<{ id: string; seats: string[]; body: any }> {
  const body = {
    name: 'Change me',
    description: 'as it was',
    venue_id: (await venue('Hall')).id,
    start_time: day(21),
    end_time: day(22),
    ...plan(floor(['A'], 4)),
    ...more,
  };
  const made = await world.call('POST', '/api/v1/admin/events', { token: organizer.token, body });
  if (made.status !== 201) throw new Error(made.text);
  const { id } = made.body.data;
  return { id, seats: body.start_time ? (await seats(id)).map((s) => s.id) : [], body };
}
const venue = (name: string) => venues.create(world.db, { name, city: '', capacity: 100 });
const put = (id: string, body: object, token = organizer.token) => world.call('PUT', `/api/v1/admin/events/${id}`, { token, body });
const refused = async (id: string, body: object) => {
  const { status, body: answer } = await put(id, body);
  return { status, code: answer.error?.code, fields: Object.keys(answer.error?.details.fields ?? {}), details: answer.error?.details };
};
const noticesOf = (id: string) => world.db.selectFrom('event_notices').select(['kind']).where('event_id', '=', id).execute();
/** All rounds of the event's workflow. */
async function carryOut(id: string) {
  for (let i = 0; i < 20; i++) if ((await notices.serve(world.db, id)).left === 0) return;
  throw new Error('twenty rounds were not enough');
}
const mails = (kind: string, orderId: string) =>
  world.db.selectFrom('mails').select('id').where('kind', '=', kind).where('order_id', '=', orderId).execute();

describe('200', () => {
  test('what is sent changes, at once and everywhere; what is not stays', async () => {
    const { id, body } = await event();
    await world.call('GET', `/api/v1/events/${id}`);
    const answer = await put(id, { name: 'Changed', capacity: 90, hold_seconds: 120 });
    expect([answer.status, answer.body.data.name, answer.body.data.capacity]).toEqual([200, 'Changed', 90]);
    const shown = (await world.call('GET', `/api/v1/events/${id}`)).body.data;
    expect([shown.name, shown.description, shown.capacity, shown.start_time]).toEqual(['Changed', 'as it was', 90, body.start_time]);
    const listed = await world.call('GET', '/api/v1/events?search=Changed');
    expect(listed.body.data.map((e: any) => e.name)).toEqual(['Changed']);
    expect(answer.body.data.progress).toBeUndefined();
  });

  test('the whole body as it was made changes nothing and tells nobody', async () => {
    const { id, seats: before, body } = await event();
    await sell(world, buyer.token, id, [before[0]!]);
    expect((await put(id, body)).status).toBe(200);
    expect((await seats(id)).map((s) => s.id)).toEqual(before);
    expect(await noticesOf(id)).toEqual([]);
  });

  test('seats come and go around those that are sold, which stay what they are', async () => {
    const { id, seats: before } = await event();
    await sell(world, buyer.token, id, [before[1]!]);
    const answer = await put(id, plan(floor(['Z', 'A'], 2), { name: 'Balcony', rows: 1, seats_per_row: 2, price: '12.50' }));
    expect([answer.status, answer.body.data.available_seats, answer.body.data.capacity]).toEqual([200, 5, 6]);
    const after = await seats(id);
    expect(after.map(label)).toEqual([
      'Floor Z1 available',
      'Floor Z2 available',
      'Floor A1 available',
      'Floor A2 booked',
      'Balcony A1 available',
      'Balcony A2 available',
    ]);
    expect(after.slice(2, 4).map((s) => s.id)).toEqual(before.slice(0, 2));
    const gone = await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: [before[3]] } });
    expect([gone.status, gone.body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    const positions = await sql<{ list: number[] }>`select array_agg(p.position order by p.position) as list from places p
      join offers o on o.id = p.offer_id where p.event_id = ${id}::uuid and o.is_active group by o.id order by o.id`.execute(world.db);
    expect(positions.rows.map((r) => r.list).sort((a, b) => a.length - b.length)).toEqual([
      [0, 1],
      [0, 1, 2, 3],
    ]);
  });

  test('a seat somebody once held can go, cannot be bought or paid late, and comes back as itself', async () => {
    const { id, seats: before } = await event();
    const late = await book(world, buyer.token, id, [before[3]!]);
    await sql`update orders set expires_at = now() - interval '1 second' where id = ${late}::uuid`.execute(world.db);
    await sql`update places set held_until = now() - interval '1 second' where id = ${before[3]!}::uuid`.execute(world.db);
    expect((await put(id, plan(floor(['A'], 3)))).status).toBe(200);
    expect((await seats(id)).map(label)).toEqual(['Floor A1 available', 'Floor A2 available', 'Floor A3 available']);
    const tried = await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: [before[3]] } });
    expect([tried.status, tried.body.error.code]).toEqual([409, 'EVENT_NOT_ON_SALE']);

    await pay(world, late); // its money comes after all
    const order = await world.db.selectFrom('orders').select('status').where('id', '=', late).executeTakeFirstOrThrow();
    const owed = await world.db.selectFrom('refunds').select('amount_minor').where('order_id', '=', late).execute();
    expect([order.status, owed]).toEqual(['expired', [{ amount_minor: 5000 }]]);

    expect((await put(id, plan(floor(['A'], 4)))).status).toBe(200);
    expect((await seats(id)).map((s) => s.id)).toEqual(before);
    expect(await book(world, buyer.token, id, [before[3]!])).toBeTruthy();
  });

  test('a section can go and come back; the event is sold out when what is left is sold', async () => {
    const { id, seats: before } = await event(plan(floor(['A'], 1), { name: 'Balcony', rows: ['A'], seats_per_row: 2, price: 10 }));
    const once = await book(world, buyer.token, id, [before[1]!]);
    await world.call('DELETE', `/api/v1/bookings/${once}`, { token: buyer.token });
    const answer = await put(id, plan(floor(['A'], 1)));
    expect(answer.body.data.price_tiers).toEqual([{ tier: 'Floor', price: 50, available: 1 }]);
    await sell(world, buyer.token, id, [before[0]!]);
    const none = await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: [before[0]] } });
    expect([none.status, none.body.error.code]).toEqual([409, 'EVENT_SOLD_OUT']);
    const back = await put(id, plan(floor(['A'], 1), { name: 'Balcony', rows: ['A'], seats_per_row: 2, price: 11 }));
    expect(back.body.data.price_tiers[1]).toEqual({ tier: 'Balcony', price: 11, available: 2 });
    const after = await seats(id);
    expect(after.map(label)).toEqual(['Floor A1 booked', 'Balcony A1 available', 'Balcony A2 available']);
    expect(after[1]!.id).toBe(before[1]); // it is in somebody's history; the other one was never asked for and is a new seat
  });

  test('a new price is for new bookings', async () => {
    const { id, seats: before } = await event();
    const old = await book(world, buyer.token, id, [before[0]!]);
    await put(id, plan(floor(['A'], 4, 60)));
    const next = await book(world, buyer.token, id, [before[1]!]);
    const total = async (bookingId: string) =>
      (await world.call('GET', `/api/v1/bookings/${bookingId}`, { token: buyer.token })).body.data.booking.total_amount;
    expect([await total(old), await total(next)]).toEqual([50, 60]);
    expect((await seats(id)).map((s) => s.price)).toEqual([60, 60, 60, 60]);
  });

  test('currency and draft, as long as nobody has booked', async () => {
    const { id } = await event();
    const answer = await put(id, { currency: 'eur', status: 'draft' });
    expect([answer.status, answer.body.data.currency, answer.body.data.status]).toEqual([200, 'EUR', 'draft']);
    expect((await world.call('GET', `/api/v1/events/${id}`)).status).toBe(404);
    expect((await put(id, { status: 'published' })).body.data.status).toBe('upcoming');
    const [seat] = await seats(id);
    expect(seat?.price).toBe(50);
  });

  test('an admin may change any event', async () => {
    const { id } = await event();
    const admin = await person(world.db, 'admin');
    expect((await put(id, { description: 'by an admin' }, admin.token)).body.data.description).toBe('by an admin');
  });
});

describe('moving', () => {
  test('tells every holder once, with a ticket that says so; who buys later is not told', async () => {
    const { id, seats: before } = await event();
    const first = await sell(world, buyer.token, id, [before[0]!]);
    const second = await sell(world, buyer.token, id, [before[1]!]);
    const unpaid = await book(world, buyer.token, id, [before[2]!]);
    const [ticket] = await world.db.selectFrom('tickets').select('id').where('order_id', '=', first).execute();
    const old = await ticketFiles.file(world.db, world.gateway.documents, ticket!.id, 'ticket.pdf', 'EVT');
    const hall = await venue('Arena');
    const answer = await put(id, { start_time: day(30), end_time: day(31), venue_id: hall.id, reason: 'Storm' });
    expect([answer.status, answer.body.data.progress]).toMatchObject([
      200,
      { kind: 'moved', reason: 'Storm', bookings: { total: 2, done: 0, percent: 0 }, finished_at: null, workflow_id: `event/${id}` },
    ]);
    const later = await sell(world, buyer.token, id, [before[3]!]);
    await carryOut(id);
    await carryOut(id);
    const told = await Promise.all([first, second, unpaid, later].map(async (o) => (await mails('event-moved', o)).length));
    expect(told).toEqual([1, 1, 0, 0]);
    const progress = await world.call('GET', `/api/v1/admin/events/${id}/progress`, { token: organizer.token });
    expect(progress.body.data).toMatchObject({ bookings: { total: 2, done: 2, percent: 100 }, refunds: { processing: { count: 0 } } });
    expect(progress.body.data.finished_at).not.toBeNull();
    await sql`update mails set refused_at = now(), refusal = '550 no such box' where id = (select m.id from mails m
      join event_notices n on n.id = m.notice_id where n.event_id = ${id}::uuid limit 1)`.execute(world.db);
    const after = await world.call('GET', `/api/v1/admin/events/${id}/progress`, { token: organizer.token });
    expect([progress.body.data.mails_refused, after.body.data.mails_refused]).toEqual([0, 1]);
    expect((await ticketFiles.file(world.db, world.gateway.documents, ticket!.id, 'ticket.pdf', 'EVT')).equals(old)).toBe(false);
  });

  test('tells who bought while the change was under way, for their tickets show the old time', async () => {
    const { id, seats: before } = await event();
    let change: Promise<unknown> = Promise.resolve();
    let order = '';
    await world.db.transaction().execute(async (tx) => {
      await sql`select from places where id = ${before[3]!}::uuid for update`.execute(tx);
      change = put(id, { start_time: day(20), ...plan(floor(['A'], 3)) }); // waits for the seat that it takes out
      await lockWaits(world.db, 1);
      order = await sell(world, buyer.token, id, [before[0]!]);
    });
    expect(await change).toMatchObject({ status: 200 });
    await carryOut(id);
    expect(await mails('event-moved', order)).toHaveLength(1);
  });

  test('twice: each holder hears of the second, and only those in time of the first', async () => {
    const { id, seats: before } = await event();
    const order = await sell(world, buyer.token, id, [before[0]!]);
    await put(id, { start_time: day(19) });
    await put(id, { start_time: day(18) });
    await carryOut(id);
    expect(await mails('event-moved', order)).toHaveLength(1);
    const open = await world.db.selectFrom('event_notices').select('id').where('event_id', '=', id).where('done_at', 'is', null).execute();
    expect(open).toEqual([]);
  });
});

test('a new plan and a booking being cancelled that wait for each other: both come to their end', async () => {
  const { id, seats: before } = await event(plan(floor(['A'], 12)));
  // Two seats whose ids are in the other order than their places in the house.
  const [far, near] = before.flatMap((a, i) => before.slice(0, i).flatMap((b) => (a < b ? [[a, b]] : [])))[0]!;
  const booking = await book(world, buyer.token, id, [far!, near!]);
  let both: Promise<{ status: number; text: string }[]> = Promise.resolve([]);
  await world.db.transaction().execute(async (tx) => {
    await sql`select from places where id = ${near}::uuid for update`.execute(tx);
    const change = put(id, plan(floor(['A'], 13)));
    await lockWaits(world.db, 1);
    both = Promise.all([change, world.call('DELETE', `/api/v1/bookings/${booking}`, { token: buyer.token })]);
    await lockWaits(world.db, 2);
  });
  expect((await both).map((answer) => answer.status)).toEqual([200, 200]);
});

describe('cancelling', () => {
  test('ends every booking, owes every captured cent back, tells each buyer once, and sells nothing more', async () => {
    const { id, seats: before } = await event();
    const paid = await sell(world, buyer.token, id, [before[0]!, before[1]!]);
    const unpaid = await book(world, buyer.token, id, [before[2]!]);
    const answer = await put(id, { status: 'cancelled', reason: 'The band is ill' });
    expect(answer.body.data).toMatchObject({
      status: 'cancelled',
      available_seats: 0,
      progress: { kind: 'cancelled', bookings: { total: 2 } },
    });
    const tried = await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: [before[3]] } });
    expect([tried.status, tried.body.error.code]).toEqual([410, 'EVENT_CANCELLED']);
    await carryOut(id);
    await carryOut(id);
    for (const order of [paid, unpaid]) {
      const shown = (await world.call('GET', `/api/v1/bookings/${order}`, { token: buyer.token })).body.data.booking;
      expect([shown.status, shown.tickets]).toEqual(['cancelled', []]);
      expect(await mails('event-cancelled', order)).toHaveLength(1);
    }
    const refunds = await world.db
      .selectFrom('refunds')
      .select(['order_id', 'amount_minor', 'status'])
      .where('order_id', 'in', [paid, unpaid])
      .execute();
    expect(refunds).toEqual([{ order_id: paid, amount_minor: 10_000, status: 'pending' }]);
    expect(await seats(id)).toEqual([]);

    await sql`update refunds set status = 'succeeded' where order_id = ${paid}::uuid`.execute(world.db);
    await notices.serve(world.db, id);
    const progress = (await world.call('GET', `/api/v1/admin/events/${id}/progress`, { token: organizer.token })).body.data;
    expect(progress).toMatchObject({ bookings: { percent: 100 }, refunds: { succeeded: { count: 1, amount: 100 } } });
    expect(progress.finished_at).not.toBeNull();

    const again = await put(id, { status: 'cancelled' });
    expect([again.status, (await noticesOf(id)).length]).toEqual([200, 1]);
    expect(await refused(id, { name: 'Reborn' })).toMatchObject({ status: 409, code: 'EVENT_NOT_CHANGEABLE', fields: ['name'] });
    expect(await refused(id, { status: 'published' })).toMatchObject({ status: 409, fields: ['status'] });
  });

  test('goes on while the provider sits on 200 refunds: holders are told all the same, 200 begun in a minute at most', async () => {
    const { id, seats: before } = await event(plan(floor(['A'], 300)));
    await sql`with made as (
        insert into orders (event_id, account_id, status, total_minor, currency, expires_at, confirmed_at)
        select ${id}::uuid, ${buyer.id}::uuid, 'confirmed', 5000, 'USD', now(), now() from generate_series(1, 300) returning id)
      insert into payments (order_id, provider, provider_ref, amount_minor, currency, status, succeeded_at, settled_at)
      select id, 'stripe', id::text, 5000, 'USD', 'succeeded', now(), now() from made`.execute(world.db);
    expect(before).toHaveLength(300);
    await put(id, { status: 'cancelled' });
    for (let i = 0; i < 8; i++) await notices.serve(world.db, id);
    const paused = await notices.serve(world.db, id);
    expect([paused.done, paused.left, paused.waitMs]).toEqual([200, 100, 1000]);
    await sql`update refunds set created_at = created_at - interval '2 minutes' where status = 'pending'`.execute(world.db);
    const next = await notices.serve(world.db, id);
    expect([next.done, next.left, next.waitMs]).toEqual([250, 50, 0]);
  });

  test('reaches a used ticket and an event that has begun; not one that is over', async () => {
    const { id, seats: before } = await event();
    const order = await sell(world, buyer.token, id, [before[0]!]);
    await sql`update tickets set checked_in_at = now() where order_id = ${order}::uuid`.execute(world.db);
    await sql`update events set starts_at = now() - interval '1 hour', ends_at = now() - interval '1 minute' where id = ${id}::uuid`.execute(
      world.db,
    );
    expect(await refused(id, { status: 'cancelled' })).toMatchObject({ status: 409, fields: ['status'] });
    await sql`update events set ends_at = now() + interval '1 hour' where id = ${id}::uuid`.execute(world.db);
    expect((await put(id, { status: 'cancelled' })).status).toBe(200);
    await carryOut(id);
    expect((await world.db.selectFrom('refunds').select('amount_minor').where('order_id', '=', order).execute()).length).toBe(1);
  });

  test('an order confirmed in the moment of cancelling is found by the sweep', async () => {
    const { id, seats: before } = await event();
    const order = await sell(world, buyer.token, id, [before[0]!]);
    await sql`update orders set status = 'expired' where id = ${order}::uuid`.execute(world.db);
    await put(id, { status: 'cancelled' });
    await carryOut(id);
    await sql`update orders set status = 'confirmed' where id = ${order}::uuid`.execute(world.db);
    await sql`update event_notices set created_at = now() - interval '2 minutes' where event_id = ${id}::uuid`.execute(world.db);
    await sql`delete from outbox where topic = 'event.notice'`.execute(world.db);
    await notices.sweep(world.db);
    const called = await world.db.selectFrom('outbox').select('subject_id').where('topic', '=', 'event.notice').execute();
    expect(called.map((r) => r.subject_id)).toContain(id);
    await carryOut(id);
    expect(await mails('event-cancelled', order)).toHaveLength(1);
  });
});

describe('409 EVENT_NOT_CHANGEABLE', () => {
  test('a capacity below what is sold, or below the plan', async () => {
    const { id, seats: before } = await event();
    await sell(world, buyer.token, id, before.slice(0, 2));
    expect(await refused(id, { capacity: 1 })).toMatchObject({
      status: 409,
      code: 'EVENT_NOT_CHANGEABLE',
      fields: ['capacity'],
      details: { sold: 2, seats: 4 },
    });
    expect(await refused(id, { capacity: 3 })).toMatchObject({ status: 409, fields: ['capacity'] });
    const both = await put(id, { capacity: 2, ...plan(floor(['A'], 2)) });
    expect([both.status, both.body.data.capacity, both.body.data.available_seats]).toEqual([200, 2, 0]);
  });

  test('a plan without a sold or held seat names them, and nothing at all is changed', async () => {
    const { id, seats: before } = await event();
    await sell(world, buyer.token, id, [before[3]!]);
    await book(world, buyer.token, id, [before[2]!]);
    const answer = await refused(id, { name: 'Not this', ...plan(floor(['A'], 2), { name: 'New', rows: 1, seats_per_row: 1, price: 1 }) });
    expect(answer).toMatchObject({
      status: 409,
      code: 'EVENT_NOT_CHANGEABLE',
      fields: ['seat_configuration'],
      details: { sold: 1, held: 1 },
    });
    expect(answer.details.seats.map((s: any) => `${s.row}${s.seat_number} ${s.state}`).sort()).toEqual(['A3 held', 'A4 sold']);
    expect((await seats(id)).map((s) => s.id)).toEqual(before);
    expect((await world.call('GET', `/api/v1/events/${id}`)).body.data.name).toBe('Change me');
  });

  test('currency and draft once somebody has booked', async () => {
    const { id, seats: before } = await event();
    await book(world, buyer.token, id, [before[0]!]);
    expect(await refused(id, { currency: 'EUR' })).toMatchObject({ status: 409, fields: ['currency'] });
    expect(await refused(id, { status: 'draft' })).toMatchObject({ status: 409, fields: ['status'] });
  });

  test('start, venue, currency and seats once it has begun; all but words once it is over', async () => {
    const { id } = await event();
    await sql`update events set starts_at = now() - interval '1 hour', ends_at = now() + interval '1 hour' where id = ${id}::uuid`.execute(
      world.db,
    );
    expect(await refused(id, { start_time: day(3), end_time: day(4) })).toMatchObject({ status: 409, fields: ['start_time'] });
    expect(await refused(id, { venue_id: (await venue('Other')).id })).toMatchObject({ status: 409, fields: ['venue_id'] });
    expect(await refused(id, plan(floor(['A'], 5)))).toMatchObject({ status: 409, fields: ['seat_configuration'] });
    expect((await put(id, { end_time: day(1) })).status).toBe(200);
    await sql`update events set ends_at = now() - interval '1 minute' where id = ${id}::uuid`.execute(world.db);
    expect(await refused(id, { end_time: day(2) })).toMatchObject({ status: 409, fields: ['end_time'] });
    expect((await put(id, { description: 'It was great' })).status).toBe(200);
  });
});

describe('400, 403, 404', () => {
  test('an organizer of another event is refused, and so is what does not exist', async () => {
    const { id } = await event();
    const other = await person(world.db, 'organizer');
    const answer = await put(id, { name: 'Mine' }, other.token);
    expect([answer.status, answer.body.error.code]).toEqual([403, 'AUTH_UNAUTHORIZED']);
    expect((await world.call('GET', `/api/v1/admin/events/${id}/progress`, { token: other.token })).status).toBe(403);
    for (const unknown of ['nothing-here', '550e8400-e29b-41d4-a716-446655440009']) {
      expect((await put(unknown, { name: 'x' })).body.error.code).toBe('EVENT_NOT_FOUND');
      expect((await world.call('GET', `/api/v1/admin/events/${unknown}/progress`, { token: other.token })).status).toBe(404);
    }
  });

  test.each([
    ['start_time', { start_time: day(-1) }],
    ['end_time', { end_time: day(20) }],
    ['venue_id', { venue_id: '550e8400-e29b-41d4-a716-446655440009' }],
    ['currency', { currency: 'XXQ' }],
    ['seat_configuration.sections', plan(floor(['A'], 4), floor(['B'], 4))],
    ['seat_configuration.sections.0.price', plan(floor(['A'], 4, 1.005))],
    ['status', { status: 'finished' }],
    ['capacity', { capacity: 0 }],
  ])('400 VALIDATION_ERROR for a bad %s', async (field, body) => {
    const { id } = await event();
    expect(await refused(id, body)).toMatchObject({ status: 400, code: 'VALIDATION_ERROR', fields: [field] });
  });
});
