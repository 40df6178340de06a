// Evently's confirm: pays the booking through its workflow and answers with the outcome.
import { z } from 'zod';
import * as orders from '../../services/orders/orders.ts';
import { takesCards } from '../../services/payments/provider.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { type Reply, type Route, route } from '../http/route.ts';
import { BookingPath, BookingShown, bookingId, buyer, shown } from './bookings.ts';
import { ok } from './envelope.ts';
import { LIMITS } from './limits.ts';
import { envelope } from './shapes.ts';

const ConfirmBody = z.object({
  payment_method: z.string().max(50).default('credit_card'),
  payment_details: z.object({ token: z.string().min(1).max(255).meta({ example: 'tok_visa' }) }),
});

const Confirmed = envelope(BookingShown);

/** POST /api/v1/bookings/{id}/confirm. */
export function confirm({ db, pay, providers }: Gateway): Route {
  return route({
    method: 'post',
    path: '/api/v1/bookings/:id/confirm',
    access: 'user',
    limit: LIMITS.booking,
    tag: 'Bookings',
    operationId: 'confirmBooking',
    summary: 'Confirm booking',
    description:
      'Pays with a Stripe token or payment method and answers with the outcome. Confirming a confirmed booking changes nothing and answers the same.',
    params: BookingPath,
    idempotent: true,
    body: ConfirmBody,
    responses: {
      200: { description: 'Paid; the tickets are issued.', schema: Confirmed },
      202: { description: 'The outcome is not known yet: ask GET /api/v1/bookings/{id}.', schema: Confirmed },
    },
    refusals: ['order_not_found', 'payment_failed', 'order_not_payable', 'order_expired', 'payment_unavailable'],
    async handle({ params, body, caller, note, waitedMs }) {
      const orderId = bookingId(params.id);
      note(orderId);
      // Before anything is read: the press counts from the moment its request came in.
      const result = await pay({ orderId, accountId: caller.accountId, method: body.payment_details.token, waitedMs: waitedMs() });
      const now = await orders.findFor(db, orderId, buyer(caller));
      if (result.outcome === 'declined')
        throw new DomainError('payment_failed', result.message, {
          declineCode: result.declineCode,
          orderStatus: now.status,
          expiresAt: now.expires_at,
        });
      // Whatever else the workflow said, the order's row is what is true now.
      const answer = settledAnswer(now);
      if (answer) return answer;
      if (result.outcome === 'not-payable' && !takesCards(providers, now))
        throw new DomainError('order_not_payable', 'This booking is not paid with a card token, but on a page: open its payment_url.', {
          status: now.status,
        });
      // Its hold runs, and yet nothing may be charged: its event was cancelled, and the notice of that has not reached it yet.
      if (result.outcome === 'refused')
        throw new DomainError('order_not_payable', 'The event of this booking is cancelled: nothing was charged.', { status: now.status });
      return ok(shown(now), 'Payment is being processed', 202);
    },
  });
}

/** The answer for an order that is no longer waiting for money; undefined while it is. */
function settledAnswer(order: orders.OrderView): Reply | undefined {
  if (order.status === 'confirmed') return ok(shown(order), 'Booking confirmed');
  const refund = order.refund
    ? { status: order.refund.status, amountMinor: order.refund.amount_minor, currency: order.currency }
    : undefined;
  if (order.status === 'expired')
    throw new DomainError('order_expired', refund ? 'Booking has expired; the payment is being returned.' : 'Booking has expired.', {
      refund,
    });
  if (order.status === 'cancelled')
    throw new DomainError('order_not_payable', 'Booking has been cancelled and its seats given back.', { refund });
  return undefined;
}
