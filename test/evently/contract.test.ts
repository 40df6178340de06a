// The examples of seeds/evently.md, replayed: every field of them is in the answer, of the same JSON type and the same form of text.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as venues from '../../services/events/venues.ts';
import { type Answer, startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';
import { faults } from '../support/shape.ts';
import { pay } from '../support/sold.ts';
import { EXAMPLES } from './examples.ts';

type Json = Record<string, any>;

let world: World;
let organizer: { token: string };
let user: Json;
let event: Json;
let seatIds: string[];
let booking: Json;

/** Every example's envelope: the sections on the endpoints leave the timestamp away, "Response Format" has it. */
function matches(answer: Answer, status: number, example: Json) {
  expect(answer.status, answer.text).toBe(status);
  expect(faults({ ...example, timestamp: '2024-01-15T10:30:00Z' }, answer.body)).toEqual([]);
}
const call = (method: string, path: string, body?: unknown, token: string = user.access_token) =>
  world.call(method, `/api/v1/${path}`, { token, body });

beforeAll(async () => {
  world = await startWorld({
    overrides: {
      pay: async ({ orderId }) => {
        await pay(world, orderId);
        return { outcome: 'confirmed' };
      },
    },
  });
  organizer = await person(world.db, 'organizer');
});
afterAll(() => world?.stop());

describe('the comparison', () => {
  const seed = new URL('../../../shared/seeds/evently.md', import.meta.url);
  it.skipIf(!existsSync(seed))('is with the examples as the seed has them', () => {
    const blocks = [...readFileSync(seed, 'utf8').matchAll(/```json\n(.*?)```/gs)].map((m) => JSON.parse(m[1]!));
    for (const example of Object.values(EXAMPLES)) expect(blocks).toContainEqual(example);
  });

  it('finds what is missing, null, of another type or form; lets additions pass', () => {
    const { profile, dashboard, seats, cancelled } = EXAMPLES;
    const changed = (change: Json) => faults(profile, { ...profile, data: { ...profile.data, ...change } });
    expect(changed({ more: 1, stats: { ...profile.data.stats, currency: 'USD' } })).toEqual([]);
    expect(changed({ phone: undefined })).toEqual(['data.phone: string expected, undefined found']);
    expect(changed({ phone: null })).toEqual(['data.phone: string expected, null found']);
    expect(changed({ id: '17' })).toEqual(['data.id: no uuid: 17']);
    expect(changed({ created_at: '2024-01-01T00:00:00.000Z' })).toHaveLength(1);
    expect(changed({ stats: { ...profile.data.stats, total_spent: '2500.00' } })).toEqual([
      'data.stats.total_spent: number expected, string found',
    ]);
    expect(
      faults(dashboard, { ...dashboard, data: { ...dashboard.data, top_events: [], revenue_by_category: { VIP: '1' } } }),
    ).toHaveLength(2);
    expect(
      faults(seats, { ...seats, data: { ...seats.data, sections: [{ name: 'VIP', rows: [{ row: 'A', seats: [{}] }] }] } }),
    ).toHaveLength(4);
    expect(faults(cancelled, { ...cancelled, message: 'Cancelled' })).toEqual(['message: Cancelled']);
  });
});

describe('authentication', () => {
  it('register, login, refresh', async () => {
    const registered = await world.call('POST', '/api/v1/auth/register', { body: EXAMPLES.registerBody });
    matches(registered, 201, EXAMPLES.registered);
    user = registered.body.data;
    const { email, password } = EXAMPLES.registerBody;
    const login = await world.call('POST', '/api/v1/auth/login', { body: { email, password } });
    matches(login, 200, EXAMPLES.loggedIn);
    // The seed shows no answer of refresh: a pair as login gives it.
    const refresh = await world.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: login.body.data.refresh_token } });
    matches(refresh, 200, EXAMPLES.loggedIn);
  });

  it('the error response', async () => {
    const { email } = EXAMPLES.registerBody;
    const refused = await world.call('POST', '/api/v1/auth/login', { body: { email, password: 'wrong' } });
    expect([refused.status, refused.body.error.code]).toEqual([401, 'AUTH_INVALID_CREDENTIALS']);
    expect(faults(EXAMPLES.error, refused.body)).toEqual([]);
  });
});

describe('events', () => {
  it('create: as an event is shown', async () => {
    const { name, address, city, state, country, postal_code, capacity } = EXAMPLES.event.data.venue;
    const venue = await venues.create(world.db, { name, address, city, state, country, postal_code, capacity });
    const start = new Date(Date.now() + 7 * 86_400_000);
    const body = {
      ...EXAMPLES.eventBody,
      venue_id: venue.id,
      start_time: start.toISOString(),
      end_time: new Date(start.getTime() + 18_000_000).toISOString(),
    };
    const made = await call('POST', 'admin/events', body, organizer.token);
    matches(made, 201, EXAMPLES.event);
    event = made.body.data;
  });

  it('list, details, seats', async () => {
    const list = await world.call('GET', '/api/v1/events?page=1&per_page=20&status=upcoming');
    matches(list, 200, { ...EXAMPLES.events, pagination: EXAMPLES.page.pagination });
    matches(await world.call('GET', `/api/v1/events/${event.id}`), 200, EXAMPLES.event);
    const seats = await world.call('GET', `/api/v1/events/${event.id}/seats?section=VIP&price_tier=VIP&status=available`);
    matches(seats, 200, EXAMPLES.seats);
    seatIds = seats.body.data.sections[0].rows[0].seats.map((s: Json) => s.id);
  });
});

describe('bookings', () => {
  const two = (from: number) => ({ event_id: event.id, seat_ids: seatIds.slice(from, from + 2) });
  const CONFIRMED = () => ({ success: true, data: { booking: EXAMPLES.booked.data.booking } });

  it('create, confirm', async () => {
    const made = await call('POST', 'bookings', two(0));
    matches(made, 201, EXAMPLES.booked);
    booking = made.body.data.booking;
    expect([booking.total_amount, made.body.data.payment_url]).toEqual([600, `/api/v1/payments/initiate/${booking.id}`]);
    // The seed shows no answer of confirm: the booking as create shows it. (payment_url is null then: there is nothing left to pay.)
    const confirmed = await call('POST', `bookings/${booking.id}/confirm`, EXAMPLES.confirmBody);
    matches(confirmed, 200, CONFIRMED());
    expect([confirmed.body.data.booking.status, confirmed.body.data.payment_url]).toEqual(['confirmed', null]);
  });

  it('list: pages of bookings as create shows them', async () => {
    const listed = await call('GET', 'users/bookings?status=confirmed&page=1&per_page=20');
    const { status: _, ...shown } = EXAMPLES.booked.data.booking;
    matches(listed, 200, { success: true, data: [shown], pagination: EXAMPLES.page.pagination });
    expect(listed.body.data[0]).toMatchObject({ id: booking.id, status: 'confirmed' });
  });

  it('cancel', async () => {
    const made = await call('POST', 'bookings', two(2));
    const { id } = made.body.data.booking;
    await call('POST', `bookings/${id}/confirm`, EXAMPLES.confirmBody);
    const cancelled = await call('DELETE', `bookings/${id}`);
    matches(cancelled, 200, EXAMPLES.cancelled);
    expect(cancelled.body.data).toEqual({ booking_id: id, status: 'cancelled', refund_status: 'processing', refund_amount: 600 });
  });
});

describe('users, admin, waitlist', () => {
  it('profile, and its update', async () => {
    matches(await call('GET', 'users/profile'), 200, EXAMPLES.profile);
    // The seed shows no answer of the update: the profile.
    const updated = await call('PUT', 'users/profile', EXAMPLES.profileBody);
    matches(updated, 200, EXAMPLES.profile);
    expect(updated.body.data).toMatchObject({
      ...EXAMPLES.profileBody,
      stats: { total_bookings: 2, upcoming_events: 1, total_spent: 600 },
    });
  });

  it('dashboard', async () => {
    const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
    const path = `admin/analytics/dashboard?start_date=${day(-1)}&end_date=${day(1)}`;
    const shown = await call('GET', path, undefined, organizer.token);
    matches(shown, 200, EXAMPLES.dashboard);
    expect(shown.body.data.summary).toMatchObject({ total_events: 1, total_bookings: 2, total_revenue: 600 });
  });

  it('waitlist join', async () => {
    const full = await call(
      'POST',
      'admin/events',
      {
        ...EXAMPLES.eventBody,
        venue_id: event.venue.id,
        start_time: event.start_time,
        end_time: event.end_time,
        seat_configuration: { sections: [{ name: 'VIP', rows: ['A'], seats_per_row: 1, price: 300 }] },
      },
      organizer.token,
    );
    const { id } = full.body.data;
    const seats = await world.call('GET', `/api/v1/events/${id}/seats`);
    const made = await call('POST', 'bookings', { event_id: id, seat_ids: [seats.body.data.sections[0].rows[0].seats[0].id] });
    await pay(world, made.body.data.booking.id);
    matches(await call('POST', 'waitlist/join', { ...EXAMPLES.waitlistBody, event_id: id }), 201, EXAMPLES.waiting);
  });
});
