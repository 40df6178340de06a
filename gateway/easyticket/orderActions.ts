// What is done with an EasyTicket order: cancelled, confirmed by hand where nothing is real, and the overdue ones ended.
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { cancel } from '../../services/orders/cancel.ts';
import * as orders from '../../services/orders/orders.ts';
import { takesCards } from '../../services/payments/provider.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { id, instant } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import * as present from './orderPresenter.ts';
import { actor, OrderPath, orderId } from './orders.ts';
import { time } from './shapes.ts';

const CancelBody = z.object({ reason: z.string().trim().max(500).nullish().meta({ example: 'Changed my mind' }) });

const Cancelled = z
  .object({
    id,
    order_number: z.string(),
    status: z.enum(['cancelled', 'refunded']),
    cancellation_reason: z.string(),
    cancelled_at: instant,
    message: z.string(),
  })
  .meta({ id: 'EasyOrderCancelled' });

const ConfirmBody = z.object({
  payment_id: z.string().max(255).nullish().meta({
    description:
      "One of Stripe's test payment methods (pm_card_...) or tokens (tok_...) to pay with; any other text is accepted and means pm_card_visa.",
  }),
  payment_method: z.string().max(50).nullish().meta({ example: 'stripe' }),
});

const Cleaned = z
  .object({
    message: z.string(),
    expired_count: z.int().meta({ description: 'How many this very call has marked as failed, at most 500.' }),
  })
  .meta({ id: 'EasyCleanup' });

const tag = 'Orders';

/** Whether money here is play money: outside production, and with a key of Stripe's test mode or its stand-in's. */
const isPlay = ({ production, stripe }: Config): boolean => !production && /^(sk|rk)_test_/.test(stripe.secretKey);

/** What stands for a test card in `payment_id`. */
const methodOf = (paymentId: string | null | undefined): string =>
  paymentId && /^(pm|tok)_\w+$/.test(paymentId) ? paymentId : 'pm_card_visa';

/** The routes that do something with an order. */
export function orderActions(gateway: Gateway): Route[] {
  const { config, db } = gateway;
  const shown = (order: orders.OrderView) => present.orderFull(order, config.http.publicUrl);
  return [
    route({
      method: 'post',
      path: '/api/orders/:id/cancel/',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'cancelOrder',
      summary: 'Cancel order',
      description:
        'Ends an order that is not paid; its tickets are free at once. A paid one is refunded instead; one that cost nothing is cancelled until its event begins. Cancelling twice gives the same answer.',
      params: OrderPath,
      body: CancelBody.default({}),
      idempotent: true,
      responses: { 200: { description: 'Cancelled.', schema: Cancelled } },
      refusals: ['order_not_found', 'forbidden', 'order_not_cancellable', 'order_expired'],
      async handle({ params, body, caller, note }) {
        const id = orderId(params.id);
        note(id);
        // What cost nothing has nothing to be refunded, so it is cancelled also when it is confirmed.
        const { total_minor, account_id } = await orders.findFor(db, id, actor(caller));
        const reason = body.reason || `cancelled by ${account_id === caller.accountId ? 'the buyer' : 'an administrator'}`;
        const { order } = await cancel(db, id, actor(caller), { reason, act: total_minor ? 'decline' : 'cancel' });
        const answer = {
          id,
          order_number: present.orderNumber(order),
          status: present.statusOf(order),
          cancellation_reason: order.end_reason,
          cancelled_at: time(order.ended_at!),
          message: 'Order cancelled successfully',
        };
        return { status: 200, body: answer };
      },
    }),
    route({
      method: 'post',
      path: '/api/orders/:id/confirm_payment/',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'confirmPayment',
      summary: 'Confirm payment by hand (testing only)',
      description:
        "Pays with one of Stripe's test cards. Refused in production and with live keys: there an order is confirmed by Stripe's webhook alone.",
      params: OrderPath,
      body: ConfirmBody.default({}),
      idempotent: true,
      responses: {
        200: { description: 'Confirmed.', schema: present.Order },
        202: { description: 'The outcome is not known yet: look at the order again.', schema: present.Order },
      },
      refusals: ['order_not_found', 'forbidden', 'payment_failed', 'order_not_payable', 'order_expired', 'payment_unavailable'],
      async handle({ params, body, caller, note, waitedMs }) {
        if (!isPlay(config))
          throw new DomainError(
            'forbidden',
            'Manual confirmation is for testing only. Orders are confirmed by their payment: create a payment intent.',
          );
        const { id } = await orders.findFor(db, orderId(params.id), actor(caller), 'pay');
        note(id);
        const result = await gateway.pay({
          orderId: id,
          accountId: caller.accountId,
          method: methodOf(body.payment_id),
          waitedMs: waitedMs(),
        });
        const now = (await orders.find(db, id))!;
        if (result.outcome === 'declined') throw new DomainError('payment_failed', result.message, { declineCode: result.declineCode });
        if (now.status === 'confirmed') return { status: 200, body: shown(now) };
        if (now.status === 'expired') throw new DomainError('order_expired', 'The hold of this order has ended.', { orderId: id });
        if (now.status === 'cancelled' || result.outcome === 'refused')
          throw new DomainError('order_not_payable', 'This order can no longer be paid: nothing was charged.', {
            status: present.statusOf(now),
          });
        if (result.outcome === 'not-payable' && !takesCards(gateway.providers, now))
          throw new DomainError('order_not_payable', 'This order is paid on a page of its own: creating its payment intent tells where.', {
            status: present.statusOf(now),
          });
        return { status: 202, body: shown(now) };
      },
    }),
    route({
      method: 'post',
      path: '/api/orders/cleanup_expired/',
      access: 'admin',
      wrongRole: 'Only administrators can trigger order cleanup.',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'cleanUpExpiredOrders',
      summary: 'End overdue orders',
      description: 'Marks orders that were not paid in time as failed. Timers do so anyway: the count is of those this call was first to.',
      responses: { 200: { description: 'How many.', schema: Cleaned } },
      async handle() {
        const count = await orders.expireOverdue(db);
        return { status: 200, body: { message: `${count} expired orders marked as failed`, expired_count: count } };
      },
    }),
  ];
}
