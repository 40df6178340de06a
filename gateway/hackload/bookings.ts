// /api/bookings: made empty, filled seat by seat, cancelled.
import { z } from 'zod';
import type { Actor } from '../../services/accounts/actor.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { listLive, type OrderRef, refOf } from '../../services/orders/numbers.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { createCache } from '../http/answers/lru.ts';
import { type Route, route } from '../http/route.ts';
import type { Caller } from '../http/steps/auth.ts';
import { place } from '../placing.ts';
import { eventOf } from './eventOf.ts';
import { LIMITS } from './limits.ts';
import { id } from './shapes.ts';

const Create = z.object({ event_id: id }).meta({ id: 'CreateBookingRequest' });
const Created = z.object({ id }).meta({ id: 'CreateBookingResponse' });
const Cancel = z.object({ booking_id: id }).meta({ id: 'CancelBookingRequest' });
const Booking = z
  .object({
    id,
    event_id: id,
    seats: z.array(z.object({ id }).meta({ id: 'ListEventsResponseItemSeat' })),
  })
  .meta({ id: 'ListBookingsResponseItem' });

/** Bookings by their numbers. */
export type Bookings = {
  /** Throws order_not_found. */
  find(number: number): Promise<OrderRef>;
  /** One that was made here is found without a question. */
  made(number: number, booking: OrderRef): void;
  /** After a reset. */
  forget(): void;
};

const MAX_REMEMBERED = 50_000;

/** Makes the look-up. What it remembers of a booking never changes, so that a buyer's next seat costs no question. */
export function createBookings({ db }: Pick<Gateway, 'db'>): Bookings {
  const known = createCache<OrderRef>(MAX_REMEMBERED, Number.MAX_SAFE_INTEGER);
  return {
    async find(number) {
      const found = known.get(String(number)) ?? (await refOf(db, number));
      if (!found) throw new DomainError('order_not_found', 'There is no such booking.', {});
      known.set(String(number), found, 0);
      return found;
    },
    made: (number, booking) => known.set(String(number), booking, 0),
    forget: known.clear,
  };
}

/** The caller as the core knows it. */
export const buyer = ({ accountId, role }: Caller): Actor => ({ kind: 'account', id: accountId, role });

/** The routes of bookings, but for their payment. */
export function bookingRoutes(gateway: Gateway, bookings: Bookings): Route[] {
  const { db, feed, config } = gateway;

  return [
    route({
      method: 'post',
      path: '/api/bookings',
      access: 'user',
      limit: LIMITS.attempts,
      tag: 'Bookings',
      operationId: 'CreateBooking',
      summary: 'Make an empty booking',
      description: `Seats are put into it one by one. It ends by itself ${config.apis.hackload.holdSeconds / 60} minutes after it was made, with all its seats, unless it is paid; no seat that is added or refused prolongs that. At most ${config.apis.hackload.maxOpen} unpaid ones at once.`,
      body: Create,
      idempotent: true,
      responses: { 201: { description: 'Made.', schema: Created } },
      refusals: ['event_not_found', 'event_over', 'event_cancelled', 'blocked', 'limit_exceeded'],
      async handle({ body, caller, attempt, note }) {
        const event = await eventOf(feed, body.event_id);
        const { holdSeconds, maxPlaces, maxOpen } = config.apis.hackload;
        const request = { actor: buyer(caller), eventId: event.id, want: 'nothing' as const };
        const made = await place(gateway, { attempt, note }, { ...request, terms: { holdSeconds, maxPlaces, maxOpen } });
        bookings.made(made.number, { id: made.id, event_id: event.id, account_id: caller.accountId });
        return { status: 201, body: { id: made.number } };
      },
    }),
    route({
      method: 'get',
      path: '/api/bookings',
      access: 'user',
      limit: LIMITS.reading,
      tag: 'Bookings',
      operationId: 'ListBookings',
      summary: 'List your bookings',
      description: 'The newest first: those that are held, and those that are paid. What is cancelled or has ended is not among them.',
      responses: { 200: { description: 'Your bookings.', schema: z.array(Booking).meta({ id: 'ListBookingsResponse' }) } },
      refusals: [],
      async handle({ caller }) {
        const found = await listLive(db, caller.accountId);
        return {
          status: 200,
          body: found.map(({ number, event, places }) => ({ id: number, event_id: event, seats: places.map((seat) => ({ id: seat })) })),
        };
      },
    }),
    route({
      method: 'patch',
      path: '/api/bookings/cancel',
      access: 'user',
      limit: LIMITS.attempts,
      tag: 'Bookings',
      operationId: 'CancelBooking',
      summary: 'Cancel a booking',
      description:
        'Its seats are free at once. What was paid goes back, until 12 hours before the event. Cancelling twice is cancelling once.',
      body: Cancel,
      responses: { 200: { description: 'Cancelled.' } },
      refusals: ['order_not_found', 'forbidden', 'order_expired', 'order_not_cancellable'],
      async handle({ body, caller, note }) {
        const { id: orderId } = await bookings.find(body.booking_id);
        note(orderId);
        await cancel(db, orderId, buyer(caller), { reason: 'cancelled by its buyer' });
        return { status: 200, body: undefined };
      },
    }),
  ];
}
