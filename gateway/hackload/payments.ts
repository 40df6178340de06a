// Payment by the contest's API: where a booking is paid, the way back from there, and what the gateway posts.
import type { Context } from 'koa';
import { z } from 'zod';
import * as orders from '../../services/orders/orders.ts';
import { catchUp, giveUp } from '../../services/orders/returning.ts';
import { confirmFree } from '../../services/orders/settlement.ts';
import * as callbacks from '../../services/payments/callbacks.ts';
import { PAYGATE, providerOf } from '../../services/payments/provider.ts';
import { DomainError, isRefusal } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { type Reply, type Route, route } from '../http/route.ts';
import { returnPage, type Standing } from '../pages/returnPage.ts';
import { beginPayment, settled } from '../placing.ts';
import { type Bookings, buyer } from './bookings.ts';
import { LIMITS } from './limits.ts';
import { createQuestions } from './questions.ts';
import { id, queryId } from './shapes.ts';

const Initiate = z.object({ booking_id: id }).meta({ id: 'InitiatePaymentRequest' });
const Return = z.object({ orderId: queryId });
const Notification = z
  .looseObject({
    paymentId: z.string().min(1).max(200),
    status: z.string().max(100).optional(),
    teamSlug: z.string().max(200).optional(),
    timestamp: z.string().max(100).optional().meta({ format: 'date-time' }),
    data: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'PaymentNotificationPayload' });

const Location = z.string().meta({ format: 'url' });

/** The routes of payments, and of the booking that is to be paid. */
export function paymentRoutes(gateway: Gateway, bookings: Bookings): Route[] {
  const { db, config, providers, ticketKeys } = gateway;
  const questions = createQuestions();

  /** The order as the provider's word makes it. Nothing is asked about one whose rows say that it is paid. */
  async function upToDate(orderId: string): Promise<orders.OrderView> {
    const known = await orders.find(db, orderId);
    if (known?.status === 'confirmed') return known;
    return questions.ask(orderId, 'catch up', async () => settled(gateway, await catchUp(gateway, orderId)));
  }

  /** Where this order is paid: the page of its provider, or our own with a card form. */
  async function pageOf(order: orders.OrderView): Promise<string> {
    const { next } = await beginPayment(gateway, { orderId: order.id });
    return next.kind === 'page' ? next.url : config.mail.payUrl.replace(':order', order.id);
  }

  /** Seats that cost nothing are the buyer's at once. */
  async function confirmed(order: orders.OrderView, error: unknown): Promise<string> {
    if (!isRefusal(error, 'order_not_payable') || !error.details.free || !order.places.length) throw error;
    await confirmFree(db, order.id, ticketKeys);
    return `${config.http.publicUrl}/api/payments/success?orderId=${order.number}`;
  }

  /** The booking of a return, as it stands without anybody being asked; `act` where the return may have an effect. */
  async function returned(ctx: Context, number: number, act: (orderId: string) => Promise<orders.OrderView>): Promise<orders.OrderView> {
    const { id: orderId } = await bookings.find(number);
    if (!isInert(ctx)) return act(orderId);
    const order = await orders.find(db, orderId);
    if (!order) throw new DomainError('order_not_found', 'There is no such booking.', { orderId });
    return order;
  }

  return [
    route({
      method: 'patch',
      path: '/api/bookings/initiatePayment',
      access: 'user',
      limit: LIMITS.attempts,
      tag: 'Bookings',
      operationId: 'InitiatePayment',
      summary: 'Start the payment of a booking',
      description:
        'The page on which it is paid. Asking twice gives the same page; after a payment that failed, another. From then on no seat goes in or out.',
      body: Initiate,
      responses: { 302: { description: 'Where the booking is paid.', headers: { Location } } },
      refusals: ['order_not_found', 'forbidden', 'order_expired', 'order_not_payable', 'payment_failed', 'payment_unavailable'],
      async handle({ body, caller, note }) {
        const { id: orderId } = await bookings.find(body.booking_id);
        note(orderId);
        const before = await orders.findFor(db, orderId, buyer(caller), 'pay');
        // A page that is over is nobody's way to pay; that it cannot be asked about now keeps nobody from it.
        const order = before.payment
          ? await upToDate(orderId).catch((error) => {
              if (!isRefusal(error, 'payment_unavailable', 'rate_limited')) throw error;
              return before;
            })
          : before;
        const page = await pageOf(order).catch((error) => confirmed(order, error));
        return { status: 302, body: undefined, headers: { Location: page } };
      },
    }),
    route({
      method: 'get',
      path: '/api/payments/success',
      access: 'public',
      limit: LIMITS.returns,
      tag: 'Payments',
      operationId: 'NotifyPaymentCompleted',
      summary: 'Return from a payment that was made',
      description:
        'Proves nothing: the payment gateway is asked. Where it has the money the booking is paid and its seats are sold when this answers. HEAD and prefetching only tell how it stands.',
      query: Return,
      responses: { 200: { description: 'The booking is paid.', type: 'text/html' } },
      refusals: ['order_not_found', 'order_unconfirmed', 'payment_failed', 'order_expired', 'order_cancelled', 'payment_unavailable'],
      async handle({ query, ctx, note }) {
        const order = await returned(ctx, query.orderId, upToDate);
        note(order.id);
        const standing = standingOf(order);
        const refused = refusalOf(standing);
        if (asksForPage(ctx)) return returnPage(refused ? 419 : 200, standing, order);
        if (refused) throw refused;
        return quiet(200);
      },
    }),
    route({
      method: 'get',
      path: '/api/payments/fail',
      access: 'public',
      limit: LIMITS.returns,
      tag: 'Payments',
      operationId: 'NotifyPaymentFailed',
      summary: 'Return from a payment that was not made',
      description:
        'Proves nothing: the payment gateway is asked. Where it says that the payment failed, was cancelled or has expired, the booking is cancelled and its seats are free; one that can still be paid stays. HEAD and prefetching only tell how it stands.',
      query: Return,
      responses: { 200: { description: 'Taken in.', type: 'text/html' } },
      refusals: ['order_not_found', 'payment_unavailable'],
      async handle({ query, ctx, note }) {
        const order = await returned(ctx, query.orderId, (orderId) => questions.ask(orderId, 'give up', () => giveUp(gateway, orderId)));
        note(order.id);
        return asksForPage(ctx) ? returnPage(200, standingOf(order), order) : quiet(200);
      },
    }),
    route({
      method: 'post',
      path: '/api/payments/notifications',
      access: 'public',
      limit: LIMITS.notifications,
      tag: 'Payments',
      operationId: 'OnPaymentUpdates',
      summary: 'Take in a notification of the payment gateway',
      description: 'Never believed: the gateway is asked about the payment it names, and what it answers is taken in, once.',
      body: Notification,
      responses: { 200: { description: 'Taken in, or of no payment of ours.' } },
      refusals: ['payment_mismatch', 'payment_unavailable', 'not_found'],
      async handle({ body, note }) {
        const orderId = await callbacks.orderOf(db, PAYGATE, body.paymentId);
        if (!orderId) return quiet(200);
        note(orderId);
        const event = await providerOf(providers, PAYGATE).readCallback(Buffer.from(JSON.stringify(body)), () => '');
        await gateway.receive(PAYGATE, event);
        return quiet(200);
      },
    }),
  ];
}

/** A return that somebody only looks at: what a browser fetches before its user decides, and HEAD. */
function isInert(ctx: Context): boolean {
  const purposes = ['purpose', 'sec-purpose', 'x-purpose', 'x-moz'].map((name) => ctx.get(name).toLowerCase());
  return ctx.method === 'HEAD' || purposes.some((purpose) => /prefetch|prerender|preview/.test(purpose));
}

/** Browsers say first that they want a page; programs take anything. */
function asksForPage(ctx: Context): boolean {
  ctx.vary('Accept');
  return ctx.accepts('json', 'html') === 'html';
}

/** Nothing of it may be kept by anybody: the same address answers otherwise a moment later. */
const quiet = (status: number): Reply => ({ status, body: undefined, headers: { 'Cache-Control': 'no-store' } });

function standingOf({ status, payment, refund }: orders.OrderView): Standing {
  if (status === 'confirmed') return 'paid';
  if (refund) return 'returned';
  // Its tickets are being made.
  if (payment?.status === 'succeeded' && status === 'pending') return 'paid';
  if (status !== 'pending') return status;
  return payment?.status === 'cancelled' ? 'failed' : 'open';
}

function refusalOf(standing: Standing): DomainError | undefined {
  switch (standing) {
    case 'paid':
      return undefined;
    case 'open':
      return new DomainError('order_unconfirmed', 'The payment gateway has no money for this booking.');
    case 'failed':
      return new DomainError('payment_failed', 'The payment of this booking failed, or was cancelled.');
    case 'returned':
      return new DomainError('order_cancelled', 'This booking has no seats any more; its money goes back.');
    case 'cancelled':
      return new DomainError('order_cancelled', 'This booking is cancelled.');
    case 'expired':
      return new DomainError('order_expired', 'This booking was not paid in time.');
  }
}
