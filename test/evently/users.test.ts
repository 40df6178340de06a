// The caller's profile: its figures follow from the bookings, and only name and phone can be changed.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';
import { book, cancel, sell } from '../support/sold.ts';
import { token } from '../support/token.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const get = (t: string) => world.call('GET', '/api/v1/users/profile', { token: t });
const put = (t: string, body: unknown) => world.call('PUT', '/api/v1/users/profile', { token: t, body });
const NOTHING = { total_bookings: 0, upcoming_events: 0, total_spent: 0, currency: 'USD', spent_by_currency: {} };

describe('profile', () => {
  it('200 with the account as it registered, nothing booked', async () => {
    const registered = await world.call('POST', '/api/v1/auth/register', {
      body: { email: 'jd@example.test', password: 'SecurePass123!', full_name: 'John Doe', phone: '+1234567890' },
    });
    const { body, status } = await get(registered.body.data.access_token);
    expect([status, body.data]).toEqual([200, { ...registered.body.data.user, phone: '+1234567890', stats: NOTHING }]);
  });

  it('counts confirmed bookings, also cancelled ones; not holds; spending without what is refunded', async () => {
    const buyer = await person(world.db);
    const stats = async () => (await get(buyer.token)).body.data.stats;
    const [a, b] = [await show(world.db, { priceMinor: 1_999 }), await show(world.db, { priceMinor: 1_000 })];
    await book(world, buyer.token, b.id, [b.seats[4]!]);
    expect(await stats()).toEqual(NOTHING);
    await sell(world, buyer.token, a.id, a.seats.slice(0, 2));
    await sell(world, buyer.token, a.id, [a.seats[2]!]);
    const regretted = await sell(world, buyer.token, b.id, [b.seats[0]!]);
    expect(await stats()).toMatchObject({ total_bookings: 3, upcoming_events: 2, total_spent: 69.97 });
    await cancel(world, buyer.token, regretted);
    const after = { total_bookings: 3, upcoming_events: 1, total_spent: 59.97, currency: 'USD', spent_by_currency: { USD: 59.97 } };
    expect(await stats()).toEqual(after);
    await sql`update refunds set status = 'succeeded' where order_id = ${regretted}::uuid`.execute(world.db);
    expect(await stats()).toEqual(after);
    // The bank refused: nothing has come back, whatever was meant to.
    await sql`update refunds set status = 'failed' where order_id = ${regretted}::uuid`.execute(world.db);
    expect(await stats()).toMatchObject({ total_spent: 69.97 });
  });

  it('upcoming are neither begun nor cancelled events; a free booking counts', async () => {
    const buyer = await person(world.db);
    const shows = await Promise.all([1, 2, 3].map(() => show(world.db, { priceMinor: 0 })));
    for (const s of shows) await sell(world, buyer.token, s.id, [s.seats[0]!]);
    await sql`update events set starts_at = now() - interval '1 second' where id = ${shows[0]!.id}::uuid`.execute(world.db);
    await sql`update events set status = 'cancelled' where id = ${shows[1]!.id}::uuid`.execute(world.db);
    expect((await get(buyer.token)).body.data.stats).toMatchObject({ total_bookings: 3, upcoming_events: 1, total_spent: 0 });
  });

  it('total_spent is of the currency booked most, never a sum of two', async () => {
    const buyer = await person(world.db);
    const [yen, dollars] = [await show(world.db, { currency: 'JPY', priceMinor: 9_000 }), await show(world.db)];
    await sell(world, buyer.token, yen.id, [yen.seats[0]!]);
    for (const seat of dollars.seats.slice(0, 2)) await sell(world, buyer.token, dollars.id, [seat]);
    expect((await get(buyer.token)).body.data.stats).toEqual({
      total_bookings: 3,
      upcoming_events: 2,
      total_spent: 100,
      currency: 'USD',
      spent_by_currency: { USD: 100, JPY: 9_000 },
    });
  });

  it('404 for a token whose account is gone', async () => {
    const orphan = await token({ accountId: randomUUID() });
    for (const answer of [await get(orphan), await put(orphan, { full_name: 'X' })])
      expect([answer.status, answer.body.error.code]).toEqual([404, 'NOT_FOUND']);
  });
});

describe('update', () => {
  it('200 with the updated profile; what is not sent stays, null removes the phone', async () => {
    const { token: t, id } = await person(world.db);
    const both = await put(t, { full_name: '  John Smith ', phone: '+1 (234) 567-891' });
    expect([both.status, both.body.data]).toMatchObject([200, { id, full_name: 'John Smith', phone: '+1234567891', stats: NOTHING }]);
    expect((await put(t, { full_name: 'J' })).body.data).toMatchObject({ full_name: 'J', phone: '+1234567891' });
    expect((await put(t, {})).body.data).toMatchObject({ full_name: 'J', phone: '+1234567891' });
    expect((await put(t, { phone: null })).body.data).toMatchObject({ full_name: 'J', phone: null });
    expect((await get(t)).body.data).toMatchObject({ full_name: 'J', phone: null });
  });

  it('role, address and id of the body change nothing, of nobody', async () => {
    const [me, other] = [await person(world.db), await person(world.db)];
    const answer = await put(me.token, {
      id: other.id,
      account_id: other.id,
      role: 'admin',
      email: 'taken@example.test',
      stats: { total_spent: 9 },
      full_name: 'Me',
    });
    expect(answer.body.data).toMatchObject({ id: me.id, role: 'user', email: me.email, full_name: 'Me', stats: NOTHING });
    const rows = await world.db
      .selectFrom('accounts')
      .select(['id', 'role', 'email', 'full_name'])
      .where('id', 'in', [me.id, other.id])
      .execute();
    expect(rows.find((r) => r.id === other.id)).toEqual({ id: other.id, role: 'user', email: other.email, full_name: '' });
    expect(rows.find((r) => r.id === me.id)).toMatchObject({ role: 'user', email: me.email });
  });

  it('400 VALIDATION_ERROR for every bad value, and nothing is written', async () => {
    const { token: t } = await person(world.db);
    await put(t, { full_name: 'Kept', phone: '+4512345678' });
    const names = ['', '   ', 'x'.repeat(201), null, 7, ['a'], {}, 'a\u0000b'];
    const phones = [
      '',
      '12345678',
      '+',
      '+12',
      '+0123456789',
      '+1234567890123456',
      'call me',
      '+45 12 34 ab 78',
      4512345678,
      `+${' '.repeat(60)}4512345678`,
    ];
    for (const body of [
      ...names.map((full_name) => ({ full_name, phone: '+4500000000' })),
      ...phones.map((phone) => ({ full_name: 'Lost', phone })),
      [],
      'x',
      null,
    ]) {
      const answer = await put(t, body);
      expect([answer.status, answer.body.error?.code], JSON.stringify(body)).toEqual([400, 'VALIDATION_ERROR']);
    }
    expect((await get(t)).body.data).toMatchObject({ full_name: 'Kept', phone: '+4512345678' });
    expect((await put(t, { full_name: 'x'.repeat(200) })).status).toBe(200);
  });
});
