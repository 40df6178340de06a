// /api/billetter/webhooks/{id}/…: what a webhook was sent, a test on request, and deliveries made again.
import { z } from 'zod';
import * as endpoints from '../../services/delivery/webhookEndpoints.ts';
import { TEST_EVENT, WEBHOOK_EVENTS } from '../../services/outbox/announcements.ts';
import * as log from '../../services/outbox/webhookLog.ts';
import type { Gateway } from '../deps.ts';
import { id, instant, whole } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { time, timeOrNull } from './shapes.ts';
import { Which } from './webhooks.ts';

const WhichDelivery = Which.extend({ deliveryId: z.string().meta({ description: 'Of the delivery.' }) });

const Pages = z.object({
  state: z.enum(log.DELIVERY_STATES).optional().meta({ description: 'Only those. Left out, all.' }),
  limit: whole(1, 100).default(50).meta({ description: 'How many a page has.' }),
  after: z.string().max(100).optional().meta({ description: 'The `next` of the page before.' }),
});

const Range = z
  .object({
    from: instant,
    until: instant,
    state: z.enum([...log.DELIVERY_STATES, 'all']).default('failed'),
  })
  .refine(({ from, until }) => new Date(from) < new Date(until), { path: ['until'], message: 'must be later than from' });

const Payload = z
  .object({
    event: z.enum([...WEBHOOK_EVENTS, TEST_EVENT]),
    timestamp: instant,
    data: z.object({
      ...{ registrationId: z.string(), participantId: z.string(), eventId: z.string(), ticketType: z.string() },
      ticketId: z.string().optional().meta({ description: 'Of `ticket.resent`.' }),
      ticketCode: z.string().optional().meta({ description: 'Of `ticket.resent`: what its QR code says.' }),
    }),
  })
  .meta({ id: 'WebhookPayload' });

const Delivery = z
  .object({
    id,
    webhookId: z.string().meta({ description: 'What the header `webhook-id` says: the same at every try, and at all of your webhooks.' }),
    state: z.enum(log.DELIVERY_STATES),
    payload: Payload,
    tries: z
      .array(
        z.object({
          at: instant,
          status: z.int().nullable().meta({ description: 'What was answered; null if nothing was.' }),
          error: z.string().nullable().meta({ description: 'Why it was no success.' }),
          durationMs: z.int(),
        }),
      )
      .meta({ description: 'The last twenty, the newest last.' }),
    createdAt: instant,
    nextTryAt: instant.nullable().meta({ description: 'Of one that waits. While its webhook is paused nothing happens then.' }),
    deliveredAt: instant.nullable(),
    failedAt: instant.nullable(),
    replayedAt: instant.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

const Replayed = z
  .object({ replayed: z.int().meta({ description: 'How many deliveries are made again.' }) })
  .meta({ id: 'ReplayedDeliveries' });

/** The routes of a webhook's deliveries. */
export function webhookDeliveryRoutes({ db }: Gateway): Route[] {
  const common = { access: 'key', scope: 'webhooks', limit: LIMITS.general, tag: 'Webhooks' } as const;
  return [
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/webhooks/:id/test',
      operationId: 'testWebhook',
      summary: 'Send a test event',
      description: `A \`${TEST_EVENT}\`, whatever the webhook listens to. What became of it stands among its deliveries.`,
      params: Which,
      responses: { 202: { description: 'It is on its way.', schema: z.object({ deliveryId: id }).meta({ id: 'TestDelivery' }) } },
      refusals: ['not_found', 'invalid'],
      async handle({ params, caller }) {
        return { status: 202, body: { deliveryId: await endpoints.sendTest(db, caller.accountId, params.id) } };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/api/billetter/webhooks/:id/deliveries',
      operationId: 'listWebhookDeliveries',
      summary: 'What a webhook was sent',
      description: 'Newest first, for thirty days.',
      params: Which,
      query: Pages,
      responses: {
        200: {
          description: 'A page of deliveries.',
          schema: z
            .object({
              deliveries: z.array(Delivery),
              next: z.string().nullable().meta({ description: 'For `after`; null on the last page.' }),
            })
            .meta({ id: 'WebhookDeliveries' }),
        },
      },
      refusals: ['not_found'],
      async handle({ params, query, caller }) {
        const { id: endpoint } = await endpoints.find(db, caller.accountId, params.id);
        const { deliveries, next } = await log.list(db, endpoint, query);
        return { status: 200, body: { deliveries: deliveries.map(shown), next } };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/api/billetter/webhooks/:id/deliveries/:deliveryId',
      operationId: 'getWebhookDelivery',
      summary: 'A delivery',
      params: WhichDelivery,
      responses: { 200: { description: 'The delivery.', schema: Delivery } },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        const { id: endpoint } = await endpoints.find(db, caller.accountId, params.id);
        return { status: 200, body: shown(await log.find(db, endpoint, params.deliveryId)) };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/webhooks/:id/deliveries/:deliveryId/replay',
      operationId: 'replayWebhookDelivery',
      summary: 'Make a delivery once more',
      description: 'Under the `webhook-id` it had, from the first try on. One that waits is tried at once.',
      params: WhichDelivery,
      responses: { 202: { description: 'It is on its way.', schema: Replayed } },
      refusals: ['not_found', 'invalid'],
      async handle({ params, caller }) {
        return {
          status: 202,
          body: { replayed: await endpoints.replayDeliveries(db, caller.accountId, params.id, { id: params.deliveryId }) },
        };
      },
    }),
    route({
      ...common,
      limit: LIMITS.bulk,
      method: 'post',
      path: '/api/billetter/webhooks/:id/replay',
      operationId: 'replayWebhookDeliveries',
      summary: 'Make the deliveries of a time once more',
      description: `Those announced from \`from\` on and before \`until\`, ${log.MAX_REPLAYED} at most; left out, \`state\` is failed.`,
      params: Which,
      body: Range,
      responses: { 202: { description: 'They are on their way.', schema: Replayed } },
      refusals: ['not_found', 'invalid', 'limit_exceeded'],
      async handle({ params, body, caller }) {
        const range = { from: new Date(body.from), until: new Date(body.until), state: body.state === 'all' ? undefined : body.state };
        return { status: 202, body: { replayed: await endpoints.replayDeliveries(db, caller.accountId, params.id, range) } };
      },
    }),
  ];
}

function shown(delivery: log.Delivery): z.output<typeof Delivery> {
  return {
    id: delivery.id,
    webhookId: delivery.announcement_id,
    state: delivery.state,
    payload: delivery.payload as z.output<typeof Payload>,
    tries: delivery.tries.map(({ at, status, error, ms }) => ({ at: time(new Date(at)), status, error, durationMs: ms })),
    createdAt: time(delivery.created_at),
    nextTryAt: timeOrNull(delivery.next_try_at),
    deliveredAt: timeOrNull(delivery.delivered_at),
    failedAt: timeOrNull(delivery.failed_at),
    replayedAt: timeOrNull(delivery.replayed_at),
  };
}
