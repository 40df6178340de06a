// EasyTicket's orders: made and shown. Lists are in orderLists.ts, what is done with one in orderActions.ts, its money in payments.ts and refunds.ts.
import { z } from 'zod';
import type { Caller } from '../../services/accounts/sessions.ts';
import { type OfferWanted, resolveItems } from '../../services/orders/items.ts';
import * as orders from '../../services/orders/orders.ts';
import { confirmFree } from '../../services/orders/settlement.ts';
import { textable } from '../../services/outbox/texts.ts';
import { DomainError, isRefusal } from '../../services/shared/errors.ts';
import { isUuid } from '../../services/shared/ids.ts';
import type { Gateway } from '../deps.ts';
import { id, newEmail, phone } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { place } from '../placing.ts';
import { LIMITS } from './limits.ts';
import * as present from './orderPresenter.ts';

export const OrderPath = z.object({ id: z.string().meta({ description: "The order's id.", param: { id: 'OrderId' } }) });

const ItemBody = z
  .object({
    ticket_type_id: id,
    ticket_tier_id: id.nullish().meta({ description: 'Where the event is sold by tier.' }),
    day_pass_id: id.nullish().meta({ description: 'Where it is sold by day.' }),
    day_tier_price_id: id.nullish().meta({ description: 'Where it is sold by day and tier.' }),
    quantity: z.int().min(1).max(1000),
  })
  .meta({ id: 'EasyOrderItemWanted' });

const OrderBody = z
  .object({
    event: id,
    buyer_email: newEmail.nullish().meta({ description: "The account's own, unless said.", example: 'buyer@example.com' }),
    buyer_phone: phone.meta({ example: '+1234567890' }),
    buyer_name: z.string().trim().max(200).nullish().meta({ description: "The account's own, unless said.", example: 'John Doe' }),
    notes: z.string().max(2000).nullish(),
    items: z.array(ItemBody).max(100).default([]).meta({ description: 'At least one. What is named twice is summed up.' }),
  })
  .meta({ id: 'EasyOrderWanted' });

const tag = 'Orders';

/** The caller with its role: admins act on any order. */
export const actor = ({ accountId, role }: Caller) => ({ kind: 'account', id: accountId, role }) as const;

/** The order id of a path. What is no uuid names no order. */
export function orderId(text: string): string {
  if (!isUuid(text)) throw new DomainError('order_not_found', 'There is no such order.');
  return text.toLowerCase();
}

const itemWanted = (item: z.output<typeof ItemBody>) => ({
  type: item.ticket_type_id.toLowerCase(),
  tier: item.ticket_tier_id?.toLowerCase(),
  dayPass: item.day_pass_id?.toLowerCase(),
  dayTier: item.day_tier_price_id?.toLowerCase(),
  quantity: item.quantity,
});

/** A lost race for the last of everything is told as one for what was asked: nothing of it is left. */
const namesShort = (wanted: OfferWanted[]) => (error: unknown) => {
  if (!isRefusal(error, 'sold_out', 'places_unavailable')) throw error;
  const details = error.details as { wanted?: number; waitlist?: true; offers?: { id: string; name: string; left: number }[] };
  const left = new Map(details.offers?.map((offer) => [offer.id, offer.left]));
  const short = wanted.filter(({ offerId }) => error.code === 'sold_out' || left.has(offerId));
  throw new DomainError('places_unavailable', error.message, {
    ...(details.wanted && { wanted: details.wanted }),
    ...(details.waitlist && { waitlist: true }),
    ...(short.length && { offers: short.map(({ offerId, name }) => ({ id: offerId, name, left: left.get(offerId) ?? 0 })) }),
  });
};

/** The routes under /api/orders/ that make and show orders. */
export function orderRoutes(gateway: Gateway): Route[] {
  const { config, db, ticketKeys } = gateway;
  const { holdSeconds, feeBasisPoints } = config.apis.easyticket;
  const { publicUrl } = config.http;
  const shown = (order: orders.OrderView) => present.orderFull(order, publicUrl);

  return [
    route({
      method: 'post',
      path: '/api/orders/',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'createOrder',
      summary: 'Create order',
      description:
        'Holds the tickets, all or none, until `expires_at`. Each item names its ticket type and, as the event is sold, a tier, a day pass or a day and tier. An order that costs nothing is confirmed at once.',
      body: OrderBody,
      responses: { 201: { description: 'The tickets are held; confirmed where nothing is due.', schema: present.Order } },
      refusals: [
        'invalid',
        'event_not_found',
        'blocked',
        'event_not_on_sale',
        'event_over',
        'event_cancelled',
        'places_unavailable',
        'limit_exceeded',
        'order_expired',
        'order_not_payable',
      ],
      idempotent: true,
      async handle({ body, caller, note, attempt }) {
        const eventId = body.event.toLowerCase();
        // What an earlier run of this request made is found again, whatever is on sale by now.
        const made = attempt?.again && (await orders.find(db, attempt.id));
        const wanted = made ? [] : await resolveItems(db, eventId, body.items.map(itemWanted));
        const placed = await place(
          gateway,
          { attempt, note },
          {
            actor: actor(caller),
            eventId,
            want: { offers: wanted.map(({ offerId, quantity }) => ({ offerId, quantity })) },
            terms: {
              holdSeconds,
              maxPlaces: config.maxPlacesPerOrder,
              feeBasisPoints,
              codePrefix: present.CODE_PREFIX,
              buyer: { name: body.buyer_name || null, email: body.buyer_email, phone: textable(body.buyer_phone) },
              notes: body.notes ?? undefined,
            },
          },
        ).catch(namesShort(wanted));
        if (placed.total_minor === 0) await confirmFree(db, placed.id, ticketKeys);
        return { status: 201, body: shown((await orders.find(db, placed.id))!) };
      },
    }),
    route({
      method: 'get',
      path: '/api/orders/:id/',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'getOrder',
      summary: 'Show order',
      description: 'For its owner and for admins.',
      params: OrderPath,
      responses: { 200: { description: 'The order.', schema: present.Order } },
      refusals: ['order_not_found', 'forbidden'],
      async handle({ params, caller, note }) {
        const order = await orders.findFor(db, orderId(params.id), actor(caller));
        note(order.id);
        return { status: 200, body: shown(order) };
      },
    }),
  ];
}
