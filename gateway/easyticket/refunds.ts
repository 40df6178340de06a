// POST /api/orders/{id}/refund/: sends money back, all or a part, and waits a little for its workflow to have done so.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { refundFor } from '../../services/orders/refunding.ts';
import * as refunds from '../../services/payments/refunds.ts';
import type { Db, Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { actor, OrderPath, orderId } from './orders.ts';
import { amount, Price } from './shapes.ts';

const RefundBody = z.object({
  amount: Price.nullish().meta({ description: 'Left out: all that is left of what was paid.', example: 50.0 }),
  reason: z.string().trim().max(500).nullish().meta({
    description: 'requested_by_customer, duplicate and fraudulent are told to Stripe; any other text is kept here.',
    example: 'requested_by_customer',
  }),
});

const Refunded = z
  .object({
    success: z.boolean().meta({ description: 'False when the bank has refused it; it is tried again by itself.' }),
    refund_id: z.string().meta({ description: "Stripe's id; ours until Stripe has given one.", example: 're_1234567890abcdef' }),
    amount: z.number(),
    currency: z.string().meta({ example: 'usd' }),
    status: z.enum(['pending', 'succeeded', 'failed']),
  })
  .meta({ id: 'EasyRefund' });

/** Usually a refund is made within 200 ms. One that takes longer is answered as pending: it is owed all the same. */
const WAIT_MS = 5_000;
const LOOK_EVERY_MS = 100;

/** The route that refunds an order. */
export function refundRoute({ db }: Gateway): Route {
  return route({
    method: 'post',
    path: '/api/orders/:id/refund/',
    access: 'user',
    limit: LIMITS.payment,
    tag: 'Payments',
    operationId: 'refundOrder',
    summary: 'Refund order',
    description:
      'For the owner of a confirmed order until its event begins and while no ticket is used, and for admins. All of it cancels the order and its tickets; after a part they stay good, and another part can follow. Together never more than was paid.',
    params: OrderPath,
    body: RefundBody.default({}),
    idempotent: true,
    responses: { 200: { description: 'On its way.', schema: Refunded } },
    refusals: ['order_not_found', 'forbidden', 'order_not_refundable', 'invalid'],
    async handle({ params, body, caller, note, attempt }) {
      const id = orderId(params.id);
      note(id);
      const owed = await refundFor(db, id, actor(caller), {
        id: attempt?.id,
        amount: body.amount ?? undefined,
        reason: body.reason || 'requested_by_customer',
      });
      const { status, providerRef } = await made(db, owed.ids);
      const answer = {
        success: status !== 'failed',
        refund_id: providerRef ?? owed.ids[0],
        amount: amount(owed.amountMinor, owed.currency),
        currency: owed.currency.toLowerCase(),
        status,
      };
      return { status: 200, body: answer };
    },
  });
}

/** How the refunds stand once the provider was asked for them, or the wait is over. */
async function made(db: Db, ids: string[]): Promise<Awaited<ReturnType<typeof refunds.standing>>> {
  for (let left = WAIT_MS; ; left -= LOOK_EVERY_MS) {
    const now = await refunds.standing(db, ids);
    if (now.status !== 'pending' || now.providerRef || left <= 0) return now;
    await sleep(LOOK_EVERY_MS);
  }
}
