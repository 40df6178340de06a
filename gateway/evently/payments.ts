// Evently's payment side: what stands behind payment_url, for programs and for people.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Caller } from '../../services/accounts/sessions.ts';
import * as orders from '../../services/orders/orders.ts';
import { DomainError, isRefusal } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import type { RefusalCode } from '../http/api.ts';
import { type Reply, type Route, route } from '../http/route.ts';
import { noticePage, paymentPage } from '../pages/paymentPage.ts';
import { beginPayment } from '../placing.ts';
import { BookingPath, bookingId, buyer } from './bookings.ts';
import { ok, timeOrNull } from './envelope.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { amount, envelope, id, instant } from './shapes.ts';

const PaymentStart = z
  .object({
    booking_id: id,
    amount,
    currency: z.string(),
    payment_intent_id: z.string(),
    client_secret: z.string(),
    publishable_key: z.string(),
    status: z.string(),
    expires_at: instant.nullable(),
  })
  .meta({ id: 'OpenPayment' });

export const PaymentState = z
  .object({
    status: z.enum(['pending', 'processing', 'failed', 'confirmed', 'expired', 'cancelled', 'refunded']),
    expires_at: instant.nullable(),
  })
  .meta({ id: 'PaymentStatus' });

const tag = 'Payments';
const path = '/api/v1/payments/initiate/:id';
const summary = 'Start the payment of a booking';
const refusals: RefusalCode[] = ['order_not_found', 'payment_failed', 'order_not_payable', 'order_expired', 'payment_unavailable'];
const Started = envelope(PaymentStart);

/** The routes under /api/v1/payments. */
export function payments(gateway: Gateway): Route[] {
  const { config, db } = gateway;

  async function start(id: string, caller: Caller, note: (orderId: string) => void): Promise<Reply> {
    const order = await orders.findFor(db, bookingId(id), buyer(caller));
    note(order.id);
    const payment = await begin(gateway, order.id);
    return ok({
      booking_id: order.id,
      amount: present.money(payment.amountMinor, payment.currency),
      currency: payment.currency,
      payment_intent_id: payment.providerRef,
      client_secret: payment.secret,
      publishable_key: config.stripe.publishableKey,
      status: payment.status,
      expires_at: timeOrNull(order.expires_at),
    });
  }

  return [
    route({
      method: 'post',
      path,
      idempotent: true,
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'startPayment',
      summary,
      description: 'For programs: the payment intent to finish with Stripe.js or Stripe’s API. Repeating it gives the same intent.',
      params: BookingPath,
      responses: { 200: { description: 'The open payment.', schema: Started } },
      refusals,
      handle: ({ params, caller, note }) => start(params.id, caller, note),
    }),
    route({
      method: 'get',
      path,
      // A browser opens this address as a link and cannot send a token with it, so the booking's id (122 random bits, known to its
      // owner only) is the capability: the page shows event, seats and amount, and all it can do is pay.
      access: 'link',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'openPayment',
      summary,
      description: 'With Accept: text/html a page with a card form, opened by its link; otherwise the same as POST, for the owner.',
      params: BookingPath,
      responses: {
        200: { description: 'The open payment.', schema: Started, type: 'text/html' },
        302: { description: 'For a browser: the page on which this booking is paid, where another provider serves its event.' },
      },
      refusals,
      async handle({ params, caller, ctx, note }) {
        ctx.vary('Accept');
        if (ctx.accepts('json', 'html') === 'html') return show(gateway, params.id, note);
        if (!caller) throw new DomainError('unauthenticated', 'Authentication required: send Authorization: Bearer <access_token>.');
        return start(params.id, caller, note);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/payments/status/:id',
      access: 'link',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'getPaymentStatus',
      summary: 'How the payment of a booking stands',
      description: 'For the payment page, which knows the link only; so it tells the status and nothing else.',
      params: BookingPath,
      responses: { 200: { description: 'The status.', schema: envelope(PaymentState) } },
      refusals: ['order_not_found'],
      async handle({ params, note }) {
        const order = await orders.find(db, bookingId(params.id));
        if (!order) throw new DomainError('order_not_found', 'Booking does not exist.');
        note(order.id);
        return ok({ status: present.paymentState(order), expires_at: timeOrNull(order.expires_at) });
      },
    }),
  ];
}

/** The booking's open card payment. Of an event that another provider serves there is none: it is paid on that one's page. */
async function begin(gateway: Gateway, orderId: string) {
  const payment = await beginPayment(gateway, { orderId });
  if (payment.next.kind !== 'card')
    throw new DomainError('order_not_payable', `This booking is paid on a page of its own: ${payment.next.url}`, {
      status: payment.status,
    });
  return { ...payment, secret: payment.next.secret };
}

/** The page for people. Its refusals are pages too. */
async function show(gateway: Gateway, id: string, note: (orderId: string) => void): Promise<Reply> {
  const { config, db } = gateway;
  const order = await found(db, id);
  if (!order) return noticePage(404, 'Booking not found', 'This link names no booking. Please check that it was copied whole.');
  note(order.id);
  let clientSecret: string | undefined;
  if (order.status === 'pending') {
    try {
      const { next } = await beginPayment(gateway, { orderId: order.id });
      if (next.kind === 'page') return { status: 302, body: undefined, headers: { Location: next.url, 'Cache-Control': 'no-store' } };
      clientSecret = next.secret;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code === 'payment_unavailable' || error.code === 'unavailable')
        return noticePage(
          503,
          'Payments are not available right now',
          'Your seats are still held. This page tries again by itself in a few seconds.',
          5,
        );
      if (error.code === 'payment_failed') return noticePage(402, 'This booking cannot be paid by card', error.message);
      if (isRefusal(error, 'order_not_payable') && error.details.free)
        return noticePage(
          409,
          'There is nothing to pay',
          'This booking costs nothing: confirm it where you made it, and the tickets are yours.',
        );
      // Expired, paid or cancelled in this very moment: the page shows what is true now.
    }
  }
  const now = clientSecret ? order : ((await orders.find(db, order.id)) ?? order);
  const { standinUrl, publishableKey } = config.stripe;
  return paymentPage({
    order: now,
    code: present.bookingCode(now),
    state: present.paymentState(now),
    statusUrl: `/api/v1/payments/status/${now.id}`,
    clientSecret,
    publishableKey,
    stripeJs: standinUrl ? `${standinUrl}/v3/` : 'https://js.stripe.com/v3/',
    real: !standinUrl,
    returnUrl: `${config.http.publicUrl}${present.paymentUrl(order.id)}`,
    nonce: randomBytes(16).toString('base64'),
  });
}

async function found(db: Gateway['db'], id: string): Promise<orders.OrderView | undefined> {
  try {
    return await orders.find(db, bookingId(id));
  } catch (error) {
    if (error instanceof DomainError && error.code === 'order_not_found') return undefined;
    throw error;
  }
}
