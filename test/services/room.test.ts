// The room for participants: raised, lowered, told to be full, taken by others, over with its event, and in figures.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import * as eventChanges from '../../services/events/eventChanges.ts';
import * as notices from '../../services/events/eventNotices.ts';
import * as rooms from '../../services/events/room.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import * as participants from '../../services/orders/participants.ts';
import { attendance } from '../../services/reports/attendance.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { enrol, fieldOf, hackathon, look, outcome, promote, sound, told, withdraw } from '../support/hackathon.ts';
import { person } from '../support/made.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

describe('the room', () => {
  test('raised, its places go to the line first; lowered below what is taken it is refused', async () => {
    const event = await hackathon(db, { total: 2, types: { standard: 10, premium: 10 }, waitlist: true });
    const all = [];
    for (const n of [1, 2, 3, 4]) all.push(await enrol(db, event, `p-${n}`));
    expect(all.map((one) => one.status)).toEqual(['confirmed', 'confirmed', 'waiting', 'waiting']);
    await rooms.change(db, event.by.id, event.id, { total: 3 });
    const woken = await db
      .selectFrom('outbox')
      .where('subject_id', '=', event.id)
      .where('topic', '=', 'places.freed')
      .select('id')
      .execute();
    expect(woken.length).toBeGreaterThan(0);
    expect(await outcome(enrol(db, event, 'p-5'))).toBe('waiting');
    expect(await promote(db, event)).toMatchObject({ offered: 1, waiting: 2 });
    expect(await rooms.figures(db, event.id)).toEqual({ total: 3, taken: 3, available: 0, waiting: 2 });

    const low = await rooms.change(db, event.by.id, event.id, { total: 2 }).catch((error) => error);
    expect([low.code, Object.keys(low.details.fields), low.details.sold]).toEqual(['event_fixed', ['total'], 3]);
    expect(await fieldOf(rooms.change(db, event.by.id, event.id, { total: 21 }))).toBe('invalid total');
    expect(await fieldOf(rooms.change(db, event.by.id, event.id, { total: 0 }))).toBe('invalid total');
    await rooms.change(db, event.by.id, event.id, { total: 20 });
    expect(await promote(db, event)).toMatchObject({ offered: 2, waiting: 0 });
    await rooms.change(db, event.by.id, event.id, { total: 5 });
    expect(await rooms.figures(db, event.id)).toEqual({ total: 5, taken: 5, available: 0, waiting: 0 });
    await sound(db);
  });

  test('of types with places of their own is theirs; of one type, its own; of somebody else’s event, nobody’s', async () => {
    const [apart, single, other] = [
      await hackathon(db, { apart: true, types: { standard: 2, premium: 1 } }),
      await hackathon(db, { apart: true, types: { standard: 2 } }),
      await hackathon(db),
    ];
    expect(await fieldOf(rooms.change(db, apart.by.id, apart.id, { total: 4 }))).toBe('invalid total');
    expect(await fieldOf(rooms.change(db, apart.by.id, apart.id, { total: 3, waitlist: true }))).toBe('done');
    expect(await fieldOf(rooms.change(db, single.by.id, single.id, { total: 3 }))).toBe('done');
    expect((await rooms.figures(db, single.id)).total).toBe(3);
    expect(await outcome(rooms.change(db, apart.by.id, other.id, { total: 3 }) as never)).toBe('event_not_found');
    await sql`update events set status = 'cancelled' where id = ${other.id}::uuid`.execute(db);
    expect(await outcome(rooms.change(db, other.by.id, other.id, { total: 3 }) as never)).toBe('event_fixed');
  });

  test('partial changes leave the rest; all or nothing', async () => {
    const event = await hackathon(db);
    const deadline = new Date(Date.now() + 3_600_000);
    await rooms.change(db, event.by.id, event.id, { deadline });
    const changed = await rooms.change(db, event.by.id, event.id, { waitlist: true });
    expect([changed.waitlist, changed.deadline]).toEqual([true, deadline]);
    expect(await fieldOf(rooms.change(db, event.by.id, event.id, { total: 1_000_000, waitlist: false }))).toBe('invalid total');
    expect((await rooms.find(db, event.by.id, event.id)).waitlist).toBe(true);
  });

  test('is told to be full once each time the last place goes, and not by promotions', async () => {
    const event = await hackathon(db, { total: 2, waitlist: true });
    const reached = () => told(db, event, 'capacity.reached');
    const one = await enrol(db, event, 'p-1');
    expect(await reached()).toEqual([]);
    await enrol(db, event, 'p-2');
    expect(await reached()).toHaveLength(1);
    await rooms.tellIfFull(db, event.id);
    await enrol(db, event, 'p-3');
    await withdraw(db, event, one);
    await promote(db, event);
    await rooms.tellIfFull(db, event.id);
    expect(await reached()).toHaveLength(1);
    await rooms.change(db, event.by.id, event.id, { total: 2 });
    await withdraw(db, event, (await participants.list(db, event.by.id, { limit: 1, participant: 'p-3' }))[0]!);
    await enrol(db, event, 'p-4');
    expect(await reached()).toHaveLength(2);
  });
});

test('an event that is moved or cancelled: nobody gets a mail, all are cancelled and told of', async () => {
  const event = await hackathon(db, { total: 1, waitlist: true });
  const [one, two] = [await enrol(db, event, 'p-1'), await enrol(db, event, 'p-2')];
  const by = { accountId: event.organizer.id, admin: false };
  const startsAt = new Date(Date.now() + 20 * 86_400_000);
  const moved = { startsAt, endsAt: new Date(startsAt.getTime() + 3_600_000) };
  await eventChanges.update(db, { event: event.id, by, changes: moved, providers: {} });
  expect(await notices.serve(db, event.id)).toMatchObject({ left: 0, waitMs: null });
  await eventChanges.update(db, { event: event.id, by, changes: { status: 'cancelled' }, providers: {} });
  for (let round = 0; round < 3; round++) await notices.serve(db, event.id);
  await promote(db, event);
  expect([(await look(db, event, one)).status, (await look(db, event, two)).status]).toEqual(['cancelled', 'expired']);
  expect(await told(db, event, 'registration.cancelled')).toHaveLength(2);
  expect(
    await db.selectFrom('mails').innerJoin('orders as o', 'o.id', 'order_id').where('o.event_id', '=', event.id).select('kind').execute(),
  ).toEqual([]);
});

test('a place that a buyer has through another API is taken, and so is one that is held', async () => {
  const event = await hackathon(db, { total: 2 });
  const buyer = await person(db);
  await claim(db, wish(buyer.id, event.id, { offers: [{ offerId: event.offers.standard!, quantity: 1 }] }));
  await enrol(db, event, 'p-1');
  expect(await rooms.figures(db, event.id)).toEqual({ total: 2, taken: 2, available: 0, waiting: 0 });
  expect(await outcome(enrol(db, event, 'p-2'))).toBe('places_unavailable');
});

test('figures are of those who live: by type, by day at the venue, checked in', async () => {
  const event = await hackathon(db, { total: 3, waitlist: true });
  await sql`update venues set time_zone = 'Pacific/Auckland' where id = ${event.venueId}::uuid`.execute(db);
  const made: participants.ParticipantView[] = [];
  for (const [n, offer] of (['standard', 'premium', 'standard', 'standard'] as const).entries())
    made.push(await enrol(db, event, `p-${n}`, { offer }));
  await withdraw(db, event, made[0]!);
  const at = (id: string, time: string) => sql`update orders set created_at = ${time}::timestamptz where id = ${id}::uuid`.execute(db);
  await at(made[1]!.id, '2026-01-01T10:59:59Z'); // summer there: 13 hours ahead
  await at(made[2]!.id, '2026-01-01T11:00:00Z');
  await sql`update waitlist_entries set created_at = '2026-01-03T00:00:00Z' where order_id = ${made[3]!.id}::uuid`.execute(db);
  await sql`update tickets set checked_in_at = now() where order_id = ${made[1]!.id}::uuid`.execute(db);
  expect(await attendance(db, event.id)).toEqual({
    ...{ live: 3, confirmed: 2, checked_in: 1 },
    by_type: [
      { name: 'standard', count: 2 },
      { name: 'premium', count: 1 },
      { name: 'team', count: 0 },
    ],
    trend: [
      { date: '2026-01-01', count: 1 },
      { date: '2026-01-02', count: 1 },
      { date: '2026-01-03', count: 1 },
    ],
  });
});
