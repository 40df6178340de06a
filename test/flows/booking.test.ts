// The order's life over HTTP, on the real stack: book, pay, ticket, mail; decline; cancel; refund; expiry.
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { book, buyer, call, confirm, freeSeats, holdFor, mailsTo, type Person, read, type Show, show, until } from '../support/client.ts';

const { gatewayUrl: url, mailUrl } = inject('stack');
let berta: Person;
let event: Show;

beforeAll(async () => {
  [berta, event] = await Promise.all([buyer(url), show(url, { seats: 20 })]);
});

describe('a purchase', () => {
  test('201 pending with a countdown, 200 confirmed with tickets, QR, PDF and one mail', async () => {
    const created = await call(url, 'POST', '/api/v1/bookings', {
      token: berta.token,
      body: { event_id: event.id, seat_ids: event.seats.slice(0, 2) },
    });
    expect(created.status).toBe(201);
    const booking = created.body.data.booking;
    expect(booking).toMatchObject({ status: 'pending', total_amount: 100, event: { id: event.id } });
    expect(booking.seats).toHaveLength(2);
    expect(booking.booking_code).toMatch(/^EVT\d{8}\d{5,}$/);
    expect(Date.parse(booking.expires_at) - Date.parse(booking.created_at)).toBe(300_000);
    expect(created.body.data.payment_url).toBe(`/api/v1/payments/initiate/${booking.id}`);
    expect(await freeSeats(url, event.id)).not.toContain(event.seats[0]);

    const paid = await confirm(url, berta.token, booking.id);
    expect(paid.status).toBe(200);
    const confirmed = await read(url, berta.token, booking.id);
    expect(confirmed.status).toBe('confirmed');
    expect(confirmed.tickets).toHaveLength(2);
    expect(new Set(confirmed.tickets.map((t: any) => t.code)).size).toBe(2);

    const ticket = confirmed.tickets[0];
    const qr = await fetch(`${url}/api/v1/bookings/${booking.id}/tickets/${ticket.id}/qr.png`, {
      headers: { authorization: `Bearer ${berta.token}` },
    });
    expect([qr.status, qr.headers.get('content-type')]).toEqual([200, 'image/png']);
    const pdf = await fetch(`${url}/api/v1/bookings/${booking.id}/tickets/${ticket.id}/ticket.pdf`, {
      headers: { authorization: `Bearer ${berta.token}` },
    });
    expect(
      Buffer.from(await pdf.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');

    const mails = await until(
      'the ticket mail',
      () => mailsTo(mailUrl, berta.email),
      (m) => m.length > 0,
    );
    expect(mails[0]!.subject).toContain(booking.booking_code);
    expect(mails[0]!.attachments.map((a) => a.contentType)).toEqual(['application/pdf', 'application/pdf']);
  });

  test('200 the same booking when confirmed twice: charged once', async () => {
    const booking = await book(url, berta.token, event.id, [event.seats[2]!]);
    const answers = await Promise.all([confirm(url, berta.token, booking.id), confirm(url, berta.token, booking.id)]);
    expect(answers.map((a) => a.status)).toEqual([200, 200]);
    const { stripeUrl } = inject('stack');
    const state = (await (await fetch(`${stripeUrl}/_standin/state`)).json()) as any;
    expect(state.orders[booking.id].captured).toBe(5000);
    expect((await read(url, berta.token, booking.id)).tickets).toHaveLength(1);
  });

  test('402 PAYMENT_FAILED with the hold still running, then 200 with a better card', async () => {
    const booking = await book(url, berta.token, event.id, [event.seats[3]!]);
    const declined = await confirm(url, berta.token, booking.id, 'tok_chargeDeclined');
    expect([declined.status, declined.body.error.code]).toEqual([402, 'PAYMENT_FAILED']);
    expect((await read(url, berta.token, booking.id)).status).toBe('pending');
    expect((await confirm(url, berta.token, booking.id, 'stripe_token_123')).status).toBe(200);
  });

  test('402 PAYMENT_FAILED for a token that is none', async () => {
    const booking = await book(url, berta.token, event.id, [event.seats[4]!]);
    expect((await confirm(url, berta.token, booking.id, 'tok_nonsense')).status).toBe(402);
    expect((await call(url, 'DELETE', `/api/v1/bookings/${booking.id}`, { token: berta.token })).status).toBe(200);
  });
});

describe('a cancellation', () => {
  test('200 before payment: seats free at once, nothing to refund', async () => {
    const booking = await book(url, berta.token, event.id, [event.seats[5]!]);
    const answer = await call(url, 'DELETE', `/api/v1/bookings/${booking.id}`, { token: berta.token });
    expect([answer.status, answer.body.data.status, answer.body.data.refund_amount]).toEqual([200, 'cancelled', 0]);
    expect(await freeSeats(url, event.id)).toContain(event.seats[5]);
    expect((await confirm(url, berta.token, booking.id)).status).toBeGreaterThanOrEqual(400);
  });

  test('200 after payment: refund processing, then succeeded, its mail sent, the seat sold again to another', async () => {
    const anna = await buyer(url);
    const booking = await book(url, anna.token, event.id, [event.seats[6]!]);
    expect((await confirm(url, anna.token, booking.id)).status).toBe(200);
    const answer = await call(url, 'DELETE', `/api/v1/bookings/${booking.id}`, { token: anna.token });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject({ booking_id: booking.id, status: 'cancelled', refund_status: 'processing', refund_amount: 50 });
    const again = await book(url, berta.token, event.id, [event.seats[6]!]);
    expect((await confirm(url, berta.token, again.id)).status).toBe(200);
    const refunded = await until(
      'the refund',
      () => read(url, anna.token, booking.id),
      (b) => JSON.stringify(b.refund ?? '').includes('succeeded'),
    );
    expect(refunded.status).toBe('cancelled');
    await until(
      'the refund mail',
      () => mailsTo(mailUrl, anna.email),
      (m) => m.some((one) => one.subject.startsWith('Refund')),
    );
  });
});

describe('expiry', () => {
  test('410 BOOKING_EXPIRED after the hold; the seat returns and can be sold', async () => {
    const short = await show(url, { seats: 1, holdSeconds: 2 });
    const booking = await book(url, berta.token, short.id, short.seats);
    await until(
      'the seat returns',
      () => freeSeats(url, short.id),
      (seats) => seats.length === 1,
    );
    const late = await confirm(url, berta.token, booking.id);
    expect([late.status, late.body.error.code]).toEqual([410, 'BOOKING_EXPIRED']);
    expect((await read(url, berta.token, booking.id)).status).toBe('expired');
    await holdFor(url, short.id, 300); // paying may take its time
    const again = await book(url, berta.token, short.id, short.seats);
    expect((await confirm(url, berta.token, again.id)).status).toBe(200);
  });
});
