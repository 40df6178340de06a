// Idempotency-Key: one effect and one answer for a key, whatever happens in between.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let event: Awaited<ReturnType<typeof show>>;
let ann: Awaited<ReturnType<typeof person>>;
let lost = 0;
beforeAll(async () => {
  world = await startWorld({
    overrides: {
      // After the claim, before the answer.
      metrics: {
        claim(outcome) {
          if (outcome !== 'claimed') return;
          if (lost-- > 0) throw Object.assign(new Error('the connection was lost'), { code: 'ECONNRESET' });
        },
      },
    },
  });
  [event, ann] = await Promise.all([show(world.db, { seats: 30 }), person(world.db)]);
});
afterAll(() => world?.stop());

let n = 0;
const book = (key: string, seat: number, who = ann) =>
  world.call('POST', '/api/v1/bookings', {
    token: who.token,
    headers: { 'idempotency-key': key },
    body: { event_id: event.id, seat_ids: [event.seats[seat]] },
  });
const orders = async (who = ann) => (await world.db.selectFrom('orders').select('id').where('account_id', '=', who.id).execute()).length;
const forgetAnswer = (key: string) =>
  world.db
    .updateTable('idempotency_keys')
    .set({
      response_status: null,
      response_body: null,
      created_at: sql<Date>`now() - interval '2 minutes'`,
      locked_until: sql<Date>`now() - interval '1 minute'`,
    })
    .where('key', '=', key)
    .execute();

describe('the same key', () => {
  it('201 and the same bytes for the same request, and one booking', async () => {
    const before = await orders();
    const first = await book('k1', n);
    const second = await book('k1', n++);
    expect([first.status, second.status, second.text]).toEqual([201, 201, first.text]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(await orders()).toBe(before + 1);
  });

  it('409 BOOKING_SEATS_UNAVAILABLE is kept too', async () => {
    const taken = await person(world.db);
    const first = await book('k2', 0, taken);
    const second = await book('k2', 0, taken);
    expect([first.status, second.text]).toEqual([409, first.text]);
  });

  it('422 IDEMPOTENCY_KEY_REUSED with another body; another account may use it', async () => {
    await book('k3', n++);
    const other = await book('k3', n);
    expect([other.status, other.body.error.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect((await book('k3', n++, await person(world.db))).status).toBe(201);
  });

  it('of 20 requests at once one runs; the rest get its answer or 409 IDEMPOTENCY_KEY_IN_USE with Retry-After', async () => {
    const seat = n++;
    const before = await orders();
    const answers = await Promise.all(Array.from({ length: 20 }, () => book('k4', seat)));
    for (const a of answers.filter((one) => one.status !== 201)) {
      expect([a.status, a.body.error.code, a.headers.get('retry-after')]).toEqual([409, 'IDEMPOTENCY_KEY_IN_USE', '2']);
    }
    expect(new Set(answers.filter((a) => a.status === 201).map((a) => a.text)).size).toBe(1);
    expect(await orders()).toBe(before + 1);
    expect((await book('k4', seat)).status).toBe(201);
  });

  it('201 with the booking that was made when the process died between the claim and its answer', async () => {
    const seat = n++;
    const first = await book('k5', seat);
    await forgetAnswer('k5');
    const again = await book('k5', seat);
    expect(again.status).toBe(201);
    expect(again.body.data.booking.id).toBe(first.body.data.booking.id);
    expect(Object.keys(again.body.data.booking)).toEqual(Object.keys(first.body.data.booking));
  });

  it('201 with the booking that was made when its answer was a 503; 422 for another body then too', async () => {
    const seat = n++;
    const before = await orders();
    lost = 1;
    expect((await book('k10', seat)).status).toBe(503);
    expect((await book('k10', n)).status).toBe(422);
    expect((await book('k10', seat)).status).toBe(201);
    expect(await orders()).toBe(before + 1);
  });

  it('201 when the process died before the claim: no stuck key', async () => {
    const seat = n++;
    await book('k6', seat);
    await sql`update idempotency_keys set attempt_id = gen_random_uuid() where key = 'k6'`.execute(world.db);
    await sql`update places set order_id = null, held_until = null where id = ${event.seats[seat]}::uuid`.execute(world.db);
    await forgetAnswer('k6');
    expect((await book('k6', seat)).status).toBe(201);
  });

  it('is forgotten after 24 hours', async () => {
    const seat = n++;
    await book('k7', seat);
    await sql`update idempotency_keys set created_at = now() - interval '25 hours' where key = 'k7'`.execute(world.db);
    expect((await book('k7', seat)).status).toBe(409);
  });

  it('200 and the same bytes for a cancellation', async () => {
    const made = await book('k8', n++);
    const cancel = () =>
      world.call('DELETE', `/api/v1/bookings/${made.body.data.booking.id}`, { token: ann.token, headers: { 'idempotency-key': 'k9' } });
    const first = await cancel();
    expect([first.status, (await cancel()).text]).toEqual([200, first.text]);
  });

  it('400 VALIDATION_ERROR for a key that is none', async () => {
    const answer = await book('has space', n);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect((await book('x'.repeat(256), n)).status).toBe(400);
  });
});
