// Evently's bookings: create, show, cancel, list. (Confirm is in confirm.ts, tickets in tickets.ts.)
import { z } from 'zod';
import type { Caller } from '../../services/accounts/sessions.ts';
import { cancel } from '../../services/orders/cancel.ts';
import * as orders from '../../services/orders/orders.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { isUuid } from '../../services/shared/ids.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { place } from '../placing.ts';
import { ok, page } from './envelope.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { amount, envelope, id, instant, pageOf, paging } from './shapes.ts';

// Paths carry ids as text: what is no uuid is "not found", which only the handler can say in the right words.
export const BookingPath = z.object({ id: z.string().meta({ description: 'The booking id.', param: { id: 'BookingId' } }) });
/** The body of a booking; how many seats it may name is configuration. */
const bookingBody = (maxSeats: number) => z.object({ event_id: id, seat_ids: z.array(id).min(1).max(maxSeats) });
const BookingsQuery = z.object({
  ...paging,
  status: z.enum(['pending', 'confirmed', 'cancelled', 'expired']).optional().meta({ description: 'Bookings in this state.' }),
});
const BookedEvent = z
  .object({ id, name: z.string().meta({ example: 'Summer Music Festival' }), start_time: instant })
  .meta({ id: 'BookedEvent' });
const BookedSeat = z
  .object({ id, section: z.string().nullable(), row: z.string().nullable(), seat_number: z.string().nullable(), price: amount })
  .meta({ id: 'BookedSeat' });

const BookingBase = z.object({
  id,
  booking_code: z.string().meta({ example: 'EVT2024011500001' }),
  event: BookedEvent,
  seats: z.array(BookedSeat),
  total_amount: amount,
  currency: z.string().meta({ example: 'USD' }),
  status: z.enum(['pending', 'confirmed', 'cancelled', 'expired']),
  expires_at: instant.nullable(),
  created_at: instant,
});
export const Booking = BookingBase.meta({ id: 'Booking' });

const TicketOut = z
  .object({
    id,
    code: z.string(),
    seat: z.string(),
    seat_id: id,
    checked_in_at: instant.nullable(),
    qr: z.string().meta({ description: 'Where its QR code is, as a PNG.' }),
    pdf: z.string().meta({ description: 'Where it is to be printed from.' }),
  })
  .meta({ id: 'Ticket' });

export const BookingFull = BookingBase.extend({
  confirmed_at: instant.nullable(),
  payment: z.object({ status: z.string(), failure_code: z.string().nullable() }).nullable(),
  refund: z.object({ status: z.string(), amount }).nullable(),
  mail_status: z
    .enum(['refused', 'waiting', 'sent'])
    .nullable()
    .meta({ description: 'Of the mails about this booking: refused when one will never arrive. Tickets are here all the same.' }),
  tickets: z.array(TicketOut),
}).meta({ id: 'BookingDetails' });

const BookingMade = z.object({ booking: Booking, payment_url: z.string() });
export const BookingShown = z.object({ booking: BookingFull, payment_url: z.string().nullable() });
const Cancelled = z
  .object({
    booking_id: id,
    status: z.literal('cancelled'),
    refund_status: z.enum(['processing', 'succeeded', 'failed', 'none']),
    refund_amount: amount,
  })
  .meta({ id: 'CancelledBooking' });

const tag = 'Bookings';
const path = '/api/v1/bookings';

/** Bookings are the caller's own, whatever else it may be here. */
export const buyer = (caller: Caller) => ({ kind: 'account', id: caller.accountId, role: 'user' }) as const;

/** The booking id of a path. What is no uuid names no booking. */
export function bookingId(text: string): string {
  if (!isUuid(text)) throw new DomainError('order_not_found', 'Booking does not exist.');
  return text.toLowerCase();
}

/** The routes under /api/v1/bookings and /api/v1/users/bookings. */
export function bookings(gateway: Gateway): Route[] {
  const { config, db } = gateway;
  return [
    route({
      method: 'post',
      path,
      access: 'user',
      limit: LIMITS.booking,
      tag,
      operationId: 'createBooking',
      summary: 'Create booking',
      description: 'Holds the seats, all or none, until `expires_at`. Pay within that time.',
      body: bookingBody(config.maxPlacesPerOrder),
      responses: { 201: { description: 'The seats are held.', schema: envelope(BookingMade) } },
      refusals: [
        'event_not_found',
        'blocked',
        'event_not_on_sale',
        'event_over',
        'event_cancelled',
        'places_unavailable',
        'sold_out',
        'limit_exceeded',
      ],
      idempotent: true,
      async handle({ body, caller, note, attempt }) {
        const order = await place(
          gateway,
          { attempt, note },
          {
            actor: buyer(caller),
            eventId: body.event_id,
            want: { places: body.seat_ids.map((id) => id.toLowerCase()) },
            terms: { holdSeconds: config.apis.evently.holdSeconds, maxPlaces: config.maxPlacesPerOrder },
          },
        );
        return ok({ booking: present.placed(order), payment_url: present.paymentUrl(order.id) }, undefined, 201);
      },
    }),
    route({
      method: 'get',
      path: `${path}/:id`,
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'getBooking',
      summary: 'Show booking',
      description: 'Addition to the seed: the booking with its payment, refund and tickets.',
      params: BookingPath,
      responses: { 200: { description: 'The booking.', schema: envelope(BookingShown) } },
      refusals: ['order_not_found'],
      async handle({ params, caller, note }) {
        const order = await orders.findFor(db, bookingId(params.id), buyer(caller));
        note(order.id);
        return ok(shown(order));
      },
    }),
    route({
      method: 'delete',
      path: `${path}/:id`,
      access: 'user',
      limit: LIMITS.booking,
      tag,
      operationId: 'cancelBooking',
      summary: 'Cancel booking',
      description: 'Frees the seats at once. What was paid is sent back. Cancelling twice gives the same answer.',
      params: BookingPath,
      idempotent: true,
      // The seed lists 204 for DELETE and shows a body here: the body wins, it says what becomes of the money.
      responses: { 200: { description: 'Cancelled.', schema: envelope(Cancelled) } },
      refusals: ['order_not_found', 'order_not_cancellable', 'order_expired'],
      async handle({ params, caller, note }) {
        const orderId = bookingId(params.id);
        note(orderId);
        const { order, refundMinor, refundStatus } = await cancel(db, orderId, buyer(caller), { reason: 'cancelled by the buyer' });
        const data = {
          booking_id: order.id,
          status: 'cancelled',
          refund_status: present.refundStatus(refundStatus),
          refund_amount: present.money(refundMinor, order.currency),
        };
        return ok(data, 'Booking cancelled successfully');
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/users/bookings',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'listBookings',
      summary: "The caller's bookings",
      query: BookingsQuery,
      responses: { 200: { description: 'One page, newest first.', schema: pageOf(BookingFull) } },
      refusals: [],
      async handle({ query, caller }) {
        const found = await orders.list(db, caller.accountId, { status: query.status, page: query.page, perPage: query.per_page });
        return page(found.rows.map(present.booking), { page: query.page, perPage: query.per_page, total: found.total });
      },
    }),
  ];
}

/** A booking as GET and confirm show it; the payment's address while there is something to pay. */
export const shown = (order: orders.OrderView) => ({
  booking: present.booking(order),
  payment_url: order.status === 'pending' ? present.paymentUrl(order.id) : null,
});
