// Evently's bookings: the documented answer each time, whatever comes in.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../gateway/deps.ts';
import * as attempts from '../../services/payments/attempts.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';
import { pay } from '../support/sold.ts';

let world: World;
let buyer: { id: string; token: string };
let nextPay: Gateway['pay'];

beforeAll(async () => {
  world = await startWorld({
    overrides: {
      // The receipt is real; what the workflow makes of it is each test's own.
      pay: async (press) => ((await attempts.receive(world.db, { ...press, id: randomUUID() })) ? nextPay(press) : { outcome: 'refused' }),
    },
  });
  buyer = await person(world.db);
});
afterAll(() => world?.stop());

const book = (body: unknown, token = buyer.token) => world.call('POST', '/api/v1/bookings', { token, body });
async function booked(o: { seats?: number; priceMinor?: number; startsInMs?: number } = {}) {
  const event = await show(world.db, o);
  const answer = await book({ event_id: event.id, seat_ids: event.seats.slice(0, 2) });
  return { event, id: answer.body.data.booking.id as string, answer };
}
const get = (id: string) => world.call('GET', `/api/v1/bookings/${id}`, { token: buyer.token });
const confirm = (id: string, token = 'tok_visa') =>
  world.call('POST', `/api/v1/bookings/${id}/confirm`, {
    token: buyer.token,
    body: { payment_method: 'credit_card', payment_details: { token } },
  });
const passHold = (id: string) =>
  sql`with o as (update orders set expires_at = now() - interval '1 second' where id = ${id}::uuid returning id)
    update places set held_until = now() - interval '1 second' where order_id = ${id}::uuid`.execute(world.db);
const settle = (id: string) => pay(world, id);

describe('create', () => {
  it('201 with the booking of the seed; the start of its workflow is announced once', async () => {
    const { event, answer, id } = await booked();
    expect(answer.status).toBe(201);
    const { booking, payment_url } = answer.body.data;
    expect(booking).toMatchObject({ event: { id: event.id }, total_amount: 100, status: 'pending', currency: 'USD' });
    expect(booking.seats).toEqual(
      [0, 1].map((i) => ({ id: event.seats[i], section: 'Floor', row: 'A', seat_number: String(i + 1), price: 50 })),
    );
    expect(booking.booking_code).toMatch(/^EVT\d{8}\d{5,}$/);
    expect(Date.parse(booking.expires_at) - Date.parse(booking.created_at)).toBe(300_000);
    expect(payment_url).toBe(`/api/v1/payments/initiate/${id}`);
    const announced = await world.db.selectFrom('outbox').select(['topic', 'payload']).where('subject_id', '=', id).execute();
    expect(announced).toEqual([{ topic: 'order.created', payload: expect.objectContaining({ owner: buyer.id }) }]);
  });

  it('409 BOOKING_SEATS_UNAVAILABLE for a held seat, and nothing of the rest is held', async () => {
    const event = await show(world.db);
    await book({ event_id: event.id, seat_ids: [event.seats[0]] });
    const other = await person(world.db);
    const late = await book({ event_id: event.id, seat_ids: event.seats.slice(0, 2) }, other.token);
    expect([late.status, late.body.error.code]).toEqual([409, 'BOOKING_SEATS_UNAVAILABLE']);
    expect((await book({ event_id: event.id, seat_ids: [event.seats[1]] }, other.token)).status).toBe(201);
  });

  it('of fifty who click one seat at once one has it and all others are refused; given back, it is had by one again', async () => {
    const event = await show(world.db, { seats: 1 });
    const other = await show(world.db);
    const seat_ids = [event.seats[0]!];
    const crowd = await Promise.all(Array.from({ length: 50 }, () => person(world.db)));
    for (let round = 0; round < 4; round++) {
      const answers = await Promise.all(crowd.map(({ token }) => book({ event_id: event.id, seat_ids }, token)));
      const winner = answers.findIndex(({ status }) => status === 201);
      const losers = answers.filter((_, i) => i !== winner);
      expect(losers.map(({ status }) => status)).toEqual(Array(49).fill(409));
      for (const { body } of losers) expect(body.error.code).toBe('BOOKING_SEATS_UNAVAILABLE');
      const { booking } = answers[winner]!.body.data;
      const { token } = crowd[winner]!;
      expect((await world.call('DELETE', `/api/v1/bookings/${booking.id}`, { token })).status).toBe(200);
    }
    expect((await book({ event_id: other.id, seat_ids: [other.seats[0]] })).status).toBe(201);
  });

  it('400, 404 or 409 for every bad request, never a 500', async () => {
    const event = await show(world.db, { seats: 3 });
    const elsewhere = await show(world.db);
    const past = await show(world.db, { startsInMs: -1000 });
    const seat = event.seats[0]!;
    const many = Array.from({ length: 10_000 }, () => randomUUID());
    const cases: [unknown, number, string][] = [
      [{ event_id: event.id, seat_ids: [] }, 400, 'VALIDATION_ERROR'],
      [{ event_id: event.id, seat_ids: many }, 400, 'VALIDATION_ERROR'],
      [{ event_id: event.id, seat_ids: [seat, seat] }, 400, 'VALIDATION_ERROR'],
      [{ event_id: event.id, seat_ids: [seat, seat.toUpperCase()] }, 400, 'VALIDATION_ERROR'],
      [{ event_id: event.id, seat_ids: [elsewhere.seats[0]] }, 400, 'VALIDATION_ERROR'],
      [{ event_id: event.id, seat_ids: [seat, randomUUID()] }, 400, 'VALIDATION_ERROR'],
      [{ event_id: event.id, seat_ids: ['1'] }, 400, 'VALIDATION_ERROR'],
      [{ event_id: event.id, seat_ids: seat }, 400, 'VALIDATION_ERROR'],
      [{ event_id: event.id, seat_ids: [null] }, 400, 'VALIDATION_ERROR'],
      [{ event_id: 17, seat_ids: [seat] }, 400, 'VALIDATION_ERROR'],
      [{ event_id: 'a\u0000', seat_ids: [seat] }, 400, 'VALIDATION_ERROR'],
      [{ seat_ids: [seat] }, 400, 'VALIDATION_ERROR'],
      [[], 400, 'VALIDATION_ERROR'],
      [undefined, 400, 'VALIDATION_ERROR'],
      [{ event_id: randomUUID(), seat_ids: [seat] }, 404, 'EVENT_NOT_FOUND'],
      [{ event_id: past.id, seat_ids: [past.seats[0]] }, 410, 'EVENT_OVER'],
    ];
    for (const [body, status, code] of cases) {
      const answer = await book(body);
      expect([answer.status, answer.body.error?.code, answer.body.success], JSON.stringify(body)?.slice(0, 100)).toEqual([
        status,
        code,
        false,
      ]);
    }
    for (const raw of ['{', '', 'null', '"x"', '{"event_id":', '\u0000', '[1,2'])
      expect([raw, (await world.call('POST', '/api/v1/bookings', { token: buyer.token, raw })).status]).toEqual([raw, 400]);
    const huge = await world.call('POST', '/api/v1/bookings', { token: buyer.token, raw: `{"x":"${'x'.repeat(2_000_000)}"}` });
    expect(huge.status).toBe(413);
    expect((await book({ event_id: event.id, seat_ids: [seat], discount: 99 })).status).toBe(201);
  });

  it('409 EVENT_SOLD_OUT once everything is sold', async () => {
    const event = await show(world.db, { seats: 1 });
    const made = await book({ event_id: event.id, seat_ids: event.seats });
    await settle(made.body.data.booking.id);
    const late = await book({ event_id: event.id, seat_ids: event.seats });
    expect([late.status, late.body.error.code]).toEqual([409, 'EVENT_SOLD_OUT']);
  });
});

describe('show and list', () => {
  it('200 reads expired once the hold is over, whatever the row says', async () => {
    const { id } = await booked();
    expect((await get(id)).body.data).toMatchObject({
      booking: { status: 'pending', payment: null, refund: null, mail_status: null, tickets: [] },
      payment_url: expect.any(String),
    });
    await passHold(id);
    expect((await get(id)).body.data).toMatchObject({ booking: { status: 'expired' }, payment_url: null });
    const expired = await world.call('GET', '/api/v1/users/bookings?status=expired', { token: buyer.token });
    expect(expired.body.data.map((b: { id: string }) => b.id)).toContain(id);
  });

  it('200 with tickets and their files once paid', async () => {
    const { id } = await booked();
    await settle(id);
    const { booking } = (await get(id)).body.data;
    expect(booking).toMatchObject({
      status: 'confirmed',
      payment: { status: 'succeeded' },
      tickets: [{ seat: 'Floor, row A, seat 1', checked_in_at: null }, {}],
    });
    const [ticket] = booking.tickets;
    const qr = await fetch(world.url + ticket.qr, { headers: { authorization: `Bearer ${buyer.token}` } });
    expect([qr.status, qr.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(
      Buffer.from(await qr.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    const pdf = await fetch(world.url + ticket.pdf, { headers: { authorization: `Bearer ${buyer.token}` } });
    expect([pdf.status, pdf.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    const strange = await world.call('GET', `/api/v1/bookings/${id}/tickets/${randomUUID()}/qr.png`, { token: buyer.token });
    expect(strange.status).toBe(404);
  });

  it('200 with pages of the own bookings only', async () => {
    const someone = await person(world.db);
    const event = await show(world.db);
    for (const seat of event.seats.slice(0, 3)) await book({ event_id: event.id, seat_ids: [seat] }, someone.token);
    const page = await world.call('GET', '/api/v1/users/bookings?per_page=2&status=pending', { token: someone.token });
    expect(page.body.pagination).toEqual({ page: 1, per_page: 2, total: 3, total_pages: 2, has_next: true, has_prev: false });
    expect((await world.call('GET', '/api/v1/users/bookings?status=lost', { token: someone.token })).status).toBe(400);
  });
});

describe('confirm', () => {
  it('200 with tickets when the payment confirms it, and 200 again when repeated', async () => {
    const { id } = await booked();
    let paid = 0;
    nextPay = async ({ orderId, method }) => {
      expect([orderId, method]).toEqual([id, 'tok_visa']);
      paid++;
      await settle(id);
      return { outcome: 'confirmed' };
    };
    for (let i = 0; i < 2; i++) {
      const answer = await confirm(id);
      expect([answer.status, answer.body.data.booking.status, answer.body.data.booking.tickets.length]).toEqual([200, 'confirmed', 2]);
    }
    expect(paid).toBe(1);
  });

  it('402 PAYMENT_FAILED with the reason when declined, the hold still running', async () => {
    const { id } = await booked();
    nextPay = async () => ({ outcome: 'declined', declineCode: 'insufficient_funds', message: 'Your card has insufficient funds.' });
    const answer = await confirm(id);
    expect([answer.status, answer.body.error]).toEqual([
      402,
      {
        code: 'PAYMENT_FAILED',
        message: 'Your card has insufficient funds.',
        details: { decline_code: 'insufficient_funds', booking_status: 'pending', expires_at: expect.any(String) },
      },
    ]);
  });

  it('202 while the outcome is not known', async () => {
    const { id } = await booked();
    for (const outcome of ['unknown', 'processing'] as const) {
      nextPay = async () => ({ outcome });
      const answer = await confirm(id);
      expect([answer.status, answer.body.data.booking.status, answer.body.message]).toEqual([202, 'pending', 'Payment is being processed']);
    }
  });

  it('410 BOOKING_EXPIRED after the hold, and 409 after a cancel; nothing is charged', async () => {
    nextPay = async () => {
      throw new Error('must not be called');
    };
    const late = await booked();
    await passHold(late.id);
    const expired = await confirm(late.id);
    expect([expired.status, expired.body.error.code]).toEqual([410, 'BOOKING_EXPIRED']);
    const gone = await booked();
    await world.call('DELETE', `/api/v1/bookings/${gone.id}`, { token: buyer.token });
    const cancelled = await confirm(gone.id);
    expect([cancelled.status, cancelled.body.error.code]).toEqual([409, 'BOOKING_SEATS_UNAVAILABLE']);
  });

  it('410 with what becomes of the money when it came too late', async () => {
    const { id, event } = await booked();
    nextPay = async () => {
      await passHold(id);
      const rival = await person(world.db);
      expect((await book({ event_id: event.id, seat_ids: event.seats.slice(0, 2) }, rival.token)).status).toBe(201);
      await settle(id);
      return { outcome: 'refunded' };
    };
    const answer = await confirm(id);
    expect([answer.status, answer.body.error.code, answer.body.error.details]).toEqual([
      410,
      'BOOKING_EXPIRED',
      { refund_status: 'processing', refund_amount: 100 },
    ]);
  });

  it('400 without a token', async () => {
    const { id } = await booked();
    for (const body of [{}, { payment_details: {} }, { payment_details: { token: 7 } }, { payment_details: { token: 'x'.repeat(300) } }])
      expect((await world.call('POST', `/api/v1/bookings/${id}/confirm`, { token: buyer.token, body })).body.error.code).toBe(
        'VALIDATION_ERROR',
      );
  });
});

describe('cancel', () => {
  it('200 before payment: no refund, the seats free at once, and the same answer again', async () => {
    const { id, event } = await booked();
    for (let i = 0; i < 2; i++) {
      const answer = await world.call('DELETE', `/api/v1/bookings/${id}`, { token: buyer.token });
      expect([answer.status, answer.body.data, answer.body.message]).toEqual([
        200,
        { booking_id: id, status: 'cancelled', refund_status: 'none', refund_amount: 0 },
        'Booking cancelled successfully',
      ]);
    }
    expect((await book({ event_id: event.id, seat_ids: event.seats.slice(0, 2) })).status).toBe(201);
  });

  it('200 after payment: the refund is processing', async () => {
    const { id } = await booked();
    await settle(id);
    const answer = await world.call('DELETE', `/api/v1/bookings/${id}`, { token: buyer.token });
    expect(answer.body.data).toEqual({ booking_id: id, status: 'cancelled', refund_status: 'processing', refund_amount: 100 });
    expect((await get(id)).body.data.booking).toMatchObject({
      status: 'cancelled',
      refund: { status: 'processing', amount: 100 },
      tickets: [],
    });
  });

  it('410 BOOKING_EXPIRED when there is nothing left to cancel', async () => {
    const { id } = await booked();
    await passHold(id);
    expect((await world.call('DELETE', `/api/v1/bookings/${id}`, { token: buyer.token })).status).toBe(410);
  });
});
