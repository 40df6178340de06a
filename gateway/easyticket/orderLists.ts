// The lists of EasyTicket's orders, and what they come to.
import { z } from 'zod';
import { listBought } from '../../services/orders/boughtItems.ts';
import * as orders from '../../services/orders/orders.ts';
import { orderStats } from '../../services/reports/orderStats.ts';
import type { Gateway } from '../deps.ts';
import { paged, pageOf, pageSchema, paging } from '../http/answers/pages.ts';
import { id } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import * as present from './orderPresenter.ts';
import { Money, money } from './shapes.ts';

const OrdersQuery = z.object({
  ...paging,
  status: present.OrderStatus.optional().meta({ description: 'Orders in this state.' }),
  event: id.optional().meta({ description: 'Orders of this event, by its id.' }),
});

const Stats = z
  .object({
    total_orders: z.int(),
    pending_orders: z.int().meta({ description: 'Can still be paid.' }),
    confirmed_orders: z.int(),
    cancelled_orders: z.int().meta({ description: 'Refunded ones among them.' }),
    failed_orders: z.int().meta({ description: 'Not paid in time.' }),
    total_spent: Money.meta({ description: 'What was paid minus what went back, in `currency` alone.' }),
    currency: z.string().nullable().meta({ description: 'The one that most confirmed orders were in; null before the first.' }),
    total_tickets: z.int(),
    upcoming_events: z.int(),
  })
  .meta({ id: 'EasyOrderStats' });

const tag = 'Orders';

/** The routes under /api/orders/ that list orders and count them. */
export function orderLists({ config, db }: Gateway): Route[] {
  const { publicUrl } = config.http;

  const listRoute = (at: string, about: { operationId: string; summary: string; description?: string; status?: 'pending' | 'confirmed' }) =>
    route({
      method: 'get',
      path: at,
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: about.operationId,
      summary: about.summary,
      description: about.description,
      query: z.object(paging),
      responses: { 200: { description: 'One page, newest first.', schema: pageSchema(present.OrderBrief) } },
      async handle({ query, caller, ctx }) {
        const { rows, total } = await orders.list(db, caller.accountId, { status: about.status, ...pageOf(query) });
        return paged(ctx, publicUrl, { results: rows.map(present.orderBrief), count: total, ...query });
      },
    });

  return [
    route({
      method: 'get',
      path: '/api/orders/',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'listOrders',
      summary: "The caller's orders",
      description: 'Admins see the orders of everybody.',
      query: OrdersQuery,
      responses: { 200: { description: 'One page, newest first.', schema: pageSchema(present.OrderBrief) } },
      async handle({ query, caller, ctx }) {
        const { rows, total } = await orders.list(db, caller.role === 'admin' ? null : caller.accountId, {
          stages: query.status && present.stagesOf(query.status),
          eventId: query.event,
          ...pageOf(query),
        });
        return paged(ctx, publicUrl, { results: rows.map(present.orderBrief), count: total, ...query });
      },
    }),
    listRoute('/api/orders/pending/', {
      operationId: 'listPendingOrders',
      summary: "The caller's orders that can still be paid",
      description: 'Those whose payment is open (`processing`) or was declined (`failed`) among them, until they expire.',
      status: 'pending',
    }),
    listRoute('/api/orders/confirmed/', {
      operationId: 'listConfirmedOrders',
      summary: "The caller's orders that are paid",
      status: 'confirmed',
    }),
    route({
      method: 'get',
      path: '/api/orders/stats/',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'getOrderStats',
      summary: "Figures of the caller's orders",
      responses: { 200: { description: 'The figures.', schema: Stats } },
      async handle({ caller }) {
        const { spent, ...stats } = await orderStats(db, caller.accountId);
        const body = {
          total_orders: stats.total,
          pending_orders: stats.pending,
          confirmed_orders: stats.confirmed,
          cancelled_orders: stats.cancelled,
          failed_orders: stats.failed,
          total_spent: money(spent?.minor ?? 0, spent?.currency ?? 'USD'),
          currency: spent?.currency ?? null,
          total_tickets: stats.tickets,
          upcoming_events: stats.upcoming,
        };
        return { status: 200, body };
      },
    }),
    route({
      method: 'get',
      path: '/api/orders/my_tickets/',
      access: 'user',
      limit: LIMITS.authenticated,
      tag,
      operationId: 'listBoughtItems',
      summary: "The items of the caller's confirmed orders",
      description: 'So many tickets of a kind in one order. The tickets one by one are under /api/tickets/my-tickets/.',
      query: z.object(paging),
      responses: { 200: { description: 'One page, those of the newest order first.', schema: pageSchema(present.TicketItem) } },
      async handle({ query, caller, ctx }) {
        const { rows, total } = await listBought(db, caller.accountId, pageOf(query));
        return paged(ctx, publicUrl, { results: rows.map(present.boughtItem), count: total, ...query });
      },
    }),
  ];
}
