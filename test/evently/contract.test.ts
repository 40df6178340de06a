// The examples of seeds/evently.md, replayed: every field of them is in the answer, of the same JSON type and the same form of text.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as venues from '../../services/events/venues.ts';
import { differences } from '../support/contract/compare.ts';
import { contract } from '../support/contract/replay.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';
import { pay } from '../support/sold.ts';
import { EVENTLY, RULES } from './endpoints.ts';
import { EXAMPLES } from './examples.ts';

type Json = Record<string, any>;

let world: World;
let organizer: { token: string };
let user: Json;
let event: Json;
let seatIds: string[];
let booking: Json;

const call = (method: string, path: string, body?: unknown, token: string = user.access_token) =>
  world.call(method, `/api/v1/${path}`, { token, body });
const seed = contract(EVENTLY, RULES, (method, path, o) => world.call(method, path, o));

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
  const file = new URL('../../../shared/seeds/evently.md', import.meta.url);
  it.skipIf(!existsSync(file))('is with the examples as the seed has them', () => {
    const blocks = [...readFileSync(file, 'utf8').matchAll(/```json\n(.*?)```/gs)].map((m) => JSON.parse(m[1]!));
    for (const example of Object.values(EXAMPLES)) expect(blocks).toContainEqual(example);
  });

  it('finds what is missing, null, of another type or form; lets additions pass', () => {
    const { profile, dashboard, seats, cancelled, error } = EXAMPLES;
    const faults = (body: unknown, answer: unknown) => differences({ status: 200, body }, answer, RULES);
    const changed = (change: Json) => faults(profile, { ...profile, data: { ...profile.data, ...change } });
    expect(changed({ more: 1, stats: { ...profile.data.stats, currency: 'USD' } })).toEqual([]);
    expect(changed({ phone: undefined })).toEqual(['data.phone is missing, in the example it is string "+1234567890"']);
    expect(changed({ phone: null })).toEqual(['data.phone is null, in the example string "+1234567890"']);
    expect(changed({ id: '17' })).toEqual(['data.id is "17", which is no uuid like "550e8400-e29b-41d4-a716-446655440000"']);
    expect(changed({ created_at: '2024-01-01T00:00:00.000Z' })).toHaveLength(1);
    expect(changed({ stats: { ...profile.data.stats, total_spent: '2500.00' } })).toEqual([
      'data.stats.total_spent is string "2500.00", in the example number 2500',
    ]);
    expect(
      faults(dashboard, { ...dashboard, data: { ...dashboard.data, top_events: [], revenue_by_category: { VIP: '1' } } }),
    ).toHaveLength(2);
    expect(
      faults(seats, { ...seats, data: { ...seats.data, sections: [{ name: 'VIP', rows: [{ row: 'A', seats: [{}] }] }] } }),
    ).toHaveLength(4);
    expect(faults(cancelled, { ...cancelled, message: 'Cancelled' })).toEqual([
      'message is "Cancelled", not "Booking cancelled successfully"',
    ]);
    expect(faults(error, { ...error, success: true })).toEqual(['success is true, not false']);
  });
});

describe('authentication', () => {
  it('register, login, refresh', async () => {
    user = (await seed.replay('POST /api/v1/auth/register')).body.data;
    const login = await seed.replay('POST /api/v1/auth/login');
    await seed.replay('POST /api/v1/auth/refresh', { with: { refresh_token: login.body.data.refresh_token } });
  });

  it('the error response', async () => {
    const refused = await seed.replay('POST /api/v1/auth/login', { with: { password: 'wrong' }, status: 401 });
    expect(refused.body.error.code).toBe('AUTH_INVALID_CREDENTIALS');
  });
});

describe('events', () => {
  it('create: as an event is shown', async () => {
    const { name, address, city, state, country, postal_code, capacity } = EXAMPLES.event.data.venue;
    const venue = await venues.create(world.db, { name, address, city, state, country, postal_code, capacity });
    const start = new Date(Date.now() + 7 * 86_400_000);
    const made = await seed.replay('POST /api/v1/admin/events', {
      token: organizer.token,
      with: { venue_id: venue.id, start_time: start.toISOString(), end_time: new Date(start.getTime() + 18_000_000).toISOString() },
    });
    event = made.body.data;
  });

  it('list, details, seats', async () => {
    await seed.replay('GET /api/v1/events', { query: { page: '1', per_page: '20', status: 'upcoming' } });
    await seed.replay('GET /api/v1/events/{event_id}', { params: { event_id: event.id } });
    const seats = await seed.replay('GET /api/v1/events/{event_id}/seats', {
      params: { event_id: event.id },
      query: { section: 'VIP', price_tier: 'VIP', status: 'available' },
    });
    seatIds = seats.body.data.sections[0].rows[0].seats.map((s: Json) => s.id);
  });
});

describe('bookings', () => {
  const two = (from: number) => ({ event_id: event.id, seat_ids: seatIds.slice(from, from + 2) });
  const token = () => user.access_token;

  it('create, confirm', async () => {
    const made = await seed.replay('POST /api/v1/bookings', { token: token(), body: two(0) });
    booking = made.body.data.booking;
    expect([booking.total_amount, made.body.data.payment_url]).toEqual([600, `/api/v1/payments/initiate/${booking.id}`]);
    const confirmed = await seed.replay('POST /api/v1/bookings/{booking_id}/confirm', {
      token: token(),
      params: { booking_id: booking.id },
    });
    expect([confirmed.body.data.booking.status, confirmed.body.data.payment_url]).toEqual(['confirmed', null]);
  });

  it('list', async () => {
    const listed = await seed.replay('GET /api/v1/users/bookings', {
      token: token(),
      query: { status: 'confirmed', page: '1', per_page: '20' },
    });
    expect(listed.body.data[0]).toMatchObject({ id: booking.id, status: 'confirmed' });
  });

  it('cancel', async () => {
    const made = await seed.replay('POST /api/v1/bookings', { token: token(), body: two(2) });
    const { id } = made.body.data.booking;
    await seed.replay('POST /api/v1/bookings/{booking_id}/confirm', { token: token(), params: { booking_id: id } });
    const cancelled = await seed.replay('DELETE /api/v1/bookings/{booking_id}', { token: token(), params: { booking_id: id } });
    expect(cancelled.body.data).toEqual({ booking_id: id, status: 'cancelled', refund_status: 'processing', refund_amount: 600 });
  });
});

describe('users, admin, waitlist', () => {
  it('profile, and its update', async () => {
    const token = user.access_token;
    await seed.replay('GET /api/v1/users/profile', { token });
    const updated = await seed.replay('PUT /api/v1/users/profile', { token });
    expect(updated.body.data).toMatchObject({
      ...EXAMPLES.profileBody,
      stats: { total_bookings: 2, upcoming_events: 1, total_spent: 600 },
    });
  });

  it('dashboard', async () => {
    const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
    const query = { start_date: day(-1), end_date: day(1) };
    const shown = await seed.replay('GET /api/v1/admin/analytics/dashboard', { token: organizer.token, query });
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
    await seed.replay('POST /api/v1/waitlist/join', { token: user.access_token, with: { event_id: id } });
  });

  it('every endpoint of the seed was replayed', () => {
    expect(seed.unplayed()).toEqual([]);
  });
});
