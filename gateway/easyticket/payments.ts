// How EasyTicket's orders are paid: a payment intent for Stripe.js, and how the payment stands.
import { z } from 'zod';
import type { PaymentStatus } from '../../db/tables.ts';
import * as orders from '../../services/orders/orders.ts';
import * as money from '../../services/payments/payments.ts';
import { toStripe } from '../../services/payments/stripeAmounts.ts';
import { DomainError, isRefusal } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { id } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { beginPayment } from '../placing.ts';
import { LIMITS } from './limits.ts';
import * as present from './orderPresenter.ts';
import { actor, OrderPath, orderId } from './orders.ts';
import { amount } from './shapes.ts';

/** A payment's state in Stripe's words, which this API speaks. */
const STRIPE_WORDS = {
  created: 'requires_payment_method',
  authorized: 'requires_capture',
  processing: 'processing',
  succeeded: 'succeeded',
  cancelled: 'canceled',
} as const satisfies Record<PaymentStatus, string>;

const Words = z.enum(['requires_payment_method', 'requires_capture', 'processing', 'succeeded', 'canceled']);

const Intent = z
  .object({
    success: z.literal(true),
    payment_intent: z
      .object({
        client_secret: z.string(),
        payment_intent_id: z.string(),
        amount: z.int().meta({ description: 'With the service fee, in the unit that Stripe counts the currency in: cents of dollars.' }),
        currency: z.string().meta({ example: 'usd' }),
        status: Words,
      })
      .meta({ id: 'PaymentIntent' }),
  })
  .meta({ id: 'PaymentIntentCreated' });

const State = z
  .object({
    order_id: id,
    order_number: z.string(),
    order_status: present.OrderStatus,
    payment_status: z
      .enum([...Words.options, 'not_started', 'not_required'])
      .meta({ description: "Stripe's word; not_started before there is a payment, not_required where nothing is due." }),
    amount: z.number(),
    currency: z.string().meta({ example: 'usd' }),
    last_error: z.string().nullable().meta({ description: 'Why the card was declined last.' }),
  })
  .meta({ id: 'EasyPaymentStatus' });

const tag = 'Payments';

/** The routes that pay an order. */
export function paymentRoutes(gateway: Gateway): Route[] {
  const { db, providers } = gateway;

  return [
    route({
      method: 'post',
      path: '/api/orders/:id/create-payment-intent/',
      access: 'user',
      limit: LIMITS.payment,
      tag,
      operationId: 'createPaymentIntent',
      summary: 'Create payment intent',
      description:
        'The intent to finish with Stripe.js, for the order’s owner. Repeating it gives the same intent. The order reads processing then.',
      params: OrderPath,
      idempotent: true,
      responses: { 200: { description: 'The open intent.', schema: Intent } },
      refusals: ['order_not_found', 'forbidden', 'order_not_payable', 'payment_failed', 'payment_unavailable'],
      async handle({ params, caller, note }) {
        const order = await orders.findFor(db, orderId(params.id), actor(caller), 'pay');
        note(order.id);
        const payment = await beginPayment(gateway, { orderId: order.id }).catch(notInTime);
        if (payment.next.kind !== 'card')
          throw new DomainError('order_not_payable', `This order is paid on a page of its own: ${payment.next.url}`, {
            status: 'processing',
          });
        const intent = {
          client_secret: payment.next.secret,
          payment_intent_id: payment.providerRef,
          amount: toStripe(payment.amountMinor, payment.currency),
          currency: payment.currency.toLowerCase(),
          status: STRIPE_WORDS[payment.status],
        };
        return { status: 200, body: { success: true, payment_intent: intent } };
      },
    }),
    route({
      method: 'get',
      path: '/api/orders/:id/payment-status/',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'getPaymentStatus',
      summary: 'How the payment stands',
      description: 'Stripe is asked while it is open. For the order’s owner and for admins.',
      params: OrderPath,
      responses: { 200: { description: 'The payment as it is now.', schema: State } },
      refusals: ['order_not_found', 'forbidden', 'payment_unavailable'],
      async handle({ params, caller, note }) {
        const before = await orders.findFor(db, orderId(params.id), actor(caller));
        note(before.id);
        const isOpen = before.payment && before.payment.status !== 'succeeded' && before.payment.status !== 'cancelled';
        if (isOpen) await money.reconcile(db, providers, before.payment!.id, false, true);
        const order = isOpen ? (await orders.find(db, before.id))! : before;
        const body = {
          order_id: order.id,
          order_number: present.orderNumber(order),
          order_status: present.statusOf(order),
          payment_status: order.payment ? STRIPE_WORDS[order.payment.status] : order.total_minor ? 'not_started' : 'not_required',
          amount: amount(order.total_minor, order.currency),
          currency: order.currency.toLowerCase(),
          last_error: order.payment?.failure_message ?? null,
        };
        return { status: 200, body };
      },
    }),
  ];
}

/** An order that was not paid in time cannot be paid: said as for any other that cannot. */
function notInTime(error: unknown): never {
  if (!isRefusal(error, 'order_expired')) throw error;
  throw new DomainError('order_not_payable', 'This order was not paid in time: its tickets are free for others.', { status: 'failed' });
}
