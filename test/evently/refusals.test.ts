// The core's refusals in Evently's words: its names for fields and facts, and its own sentences where the core's would be foreign.
import { describe, expect, it } from 'vitest';
import { refuse } from '../../gateway/evently/errors.ts';
import type { Refusal } from '../../gateway/http/api.ts';
import { type ErrorCode, type Fields, invalidField, type RefusalDetails } from '../../services/shared/errors.ts';

const said = <C extends ErrorCode>(code: C, details: RefusalDetails[C], message = 'm') =>
  (refuse({ code, message, details } as Refusal).body as any).error as { code: string; message: string; details: any };

describe('fields', () => {
  it('are called as the request calls them', () => {
    const fields: Fields = { startsAt: 'a', venueId: 'b', 'sections.2.rows': 'c', seatPlan: 'd', notifySms: 'e', firstDay: 'f' };
    expect(said('invalid', { fields }).details.fields).toEqual({
      start_time: 'a',
      venue_id: 'b',
      'seat_configuration.sections.2.rows': 'c',
      seat_configuration: 'd',
      'notification_preferences.sms': 'e',
      start_date: 'f',
    });
    const { code, message, details } = invalidField('endsAt', 'too early');
    expect(said(code, details, message)).toEqual({
      code: 'VALIDATION_ERROR',
      message: 'too early',
      details: { fields: { end_time: 'too early' } },
    });
  });

  it('of a booking are named by themselves too, as ever', () => {
    expect(said('invalid', { fields: { places: 'p' }, wanted: 2, known: 1 }).details).toEqual({
      field: 'seat_ids',
      fields: { seat_ids: 'p' },
      wanted: 2,
      known: 1,
    });
  });
});

describe('facts', () => {
  it('have their names of the seed', () => {
    expect(said('event_not_found', { eventId: 'x' }).details).toEqual({ event_id: 'x' });
    expect(said('forbidden', { requiredRole: 'admin' }).details).toEqual({ required_role: 'admin' });
    expect(said('rate_limited', { limit: 10, retrySeconds: 7 }).details).toEqual({ limit: 10, retry_after: 7 });
    expect(said('payment_failed', { declineCode: 'lost_card' }).details).toEqual({ decline_code: 'lost_card' });
    expect(said('payment_failed', { declineCode: 'x', orderStatus: 'pending', expiresAt: new Date(0) }).details).toEqual({
      decline_code: 'x',
      booking_status: 'pending',
      expires_at: '1970-01-01T00:00:00Z',
    });
    const refund = { status: 'pending', amountMinor: 1250, currency: 'USD' } as const;
    expect(said('order_expired', { refund }).details).toEqual({ refund_status: 'processing', refund_amount: 12.5 });
    expect(said('order_not_payable', { orderId: 'o', refund }).details).toEqual({
      order_id: 'o',
      refund_status: 'processing',
      refund_amount: 12.5,
    });
  });
});

describe('a change that sales or the clock forbid', () => {
  it('is refused by the name the organizer sent, in a sentence about bookings', () => {
    const begun = said('event_fixed', { because: 'begun', fields: { startsAt: 'x' } });
    expect([begun.message, begun.details]).toEqual([
      'The event has begun: its start_time can no longer be changed.',
      { fields: { start_time: 'The event has begun: its start_time can no longer be changed.' } },
    ]);
    const booked = said('event_fixed', { because: 'ordered', fields: { currency: 'x' }, orders: 3 });
    expect([booked.message, booked.details.bookings]).toEqual([
      'There have been 3 booking(s): the currency can no longer be changed so.',
      3,
    ]);
    const small = said('event_fixed', { because: 'planned', fields: { capacity: 'x' }, planned: 40, sold: 2 });
    expect(small.message).toBe('The seat plan has 40 seats: send a smaller seat_configuration along with a smaller capacity.');
    expect(small.details).toMatchObject({ sold: 2, seats: 40 });
    const place = { id: 'i', section: 'VIP', row: 'A', seat: '3', state: 'sold' } as const;
    const taken = said('event_fixed', { because: 'sold', fields: { seatPlan: 'm' }, sold: 1, held: 0, places: [place] });
    expect(taken.details).toEqual({
      fields: { seat_configuration: 'm' },
      sold: 1,
      held: 0,
      seats: [{ id: 'i', section: 'VIP', row: 'A', seat_number: '3', state: 'sold' }],
    });
  });
});
