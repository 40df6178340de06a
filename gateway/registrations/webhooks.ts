// /api/billetter/webhooks: where an organizer's programs are told of what happens. Their deliveries: webhookDeliveries.ts.
import { z } from 'zod';
import type { KeyCaller } from '../../services/accounts/verified.ts';
import * as endpoints from '../../services/delivery/webhookEndpoints.ts';
import { WEBHOOK_EVENTS } from '../../services/outbox/announcements.ts';
import type { Gateway } from '../deps.ts';
import { id, instant } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { time, timeOrNull } from './shapes.ts';

const EVENT = z.enum(WEBHOOK_EVENTS);
export const Which = z.object({ id: z.string().meta({ description: 'Of the webhook.' }) });

const url = z
  .string()
  .max(2048)
  .meta({ example: 'https://example.org/billetter', description: 'https, a public address, no name and password in it.' });
const events = z
  .array(EVENT)
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .meta({ example: ['registration.created', 'registration.cancelled'] });
const description = z.string().trim().max(200);

const Wish = z.object({ url, events, description: description.optional() });
const Change = z.object({ url, events, description }).partial();

const Rotation = z.object({
  overlapSeconds: z
    .int()
    .min(0)
    .max(endpoints.MAX_OVERLAP_SECONDS)
    .default(86_400)
    .meta({ description: 'How long the old secret signs beside the new one, a week at most. 0: it ends at once.' }),
});

const Webhook = z
  .object({
    id,
    url,
    description: z.string(),
    events: z.array(EVENT),
    status: z.enum(['active', 'paused', 'disabled']),
    disabledBecause: z.enum(['gone', 'failing']).nullable().meta({ description: 'It answered 410, or no try of three days succeeded.' }),
    failingSince: instant.nullable().meta({ description: 'Since when no try has succeeded; null while the last one did.' }),
    formerSecretUntil: instant.nullable().meta({ description: 'Until when the secret before the last rotation signs too.' }),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'Webhook' });

const WithSecret = Webhook.extend({
  secret: z.string().meta({
    description: 'What deliveries are signed with. It is shown here and never again.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  }),
}).meta({ id: 'WebhookWithSecret' });

/** The routes of webhooks. */
export function webhookRoutes({ db, webhooks: keeping }: Gateway): Route[] {
  const common = { access: 'key', scope: 'webhooks', limit: LIMITS.general, tag: 'Webhooks' } as const;
  const one = { description: 'The webhook.', schema: Webhook };
  const by = ({ keyId }: KeyCaller) => `key/${keyId}`;
  return [
    route({
      ...common,
      method: 'get',
      path: '/api/billetter/webhooks',
      operationId: 'listWebhooks',
      summary: 'Your webhooks',
      description: `Oldest first; there are ${endpoints.MAX_ENDPOINTS} at most.`,
      responses: { 200: { description: 'Your webhooks.', schema: z.object({ webhooks: z.array(Webhook) }).meta({ id: 'Webhooks' }) } },
      async handle({ caller }) {
        return { status: 200, body: { webhooks: (await endpoints.list(db, caller.accountId)).map(shown) } };
      },
    }),
    // Not idempotent by an Idempotency-Key, nor is rotating: an answer that is kept would keep the secret.
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/webhooks',
      operationId: 'createWebhook',
      summary: 'Create a webhook',
      description: `It is told what happens at all of your events from then on: a POST for each, signed as the [Standard Webhooks](https://www.standardwebhooks.com) specification says (\`webhook-id\`, \`webhook-timestamp\`, \`webhook-signature\`), at least once, with the same \`webhook-id\` each time. An answer of 2xx within ten seconds takes it; anything else is tried again for three days, a 410 ends it. You are sent 500 a minute at most; more comes later.`,
      body: Wish,
      responses: { 201: { description: 'The webhook with its secret, shown this once.', schema: WithSecret } },
      refusals: ['invalid', 'limit_exceeded'],
      async handle({ body, caller }) {
        return { status: 201, body: withSecret(await endpoints.create(db, keeping, caller.accountId, by(caller), body)) };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/api/billetter/webhooks/:id',
      operationId: 'getWebhook',
      summary: 'A webhook',
      params: Which,
      responses: { 200: one },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        return { status: 200, body: shown(await endpoints.find(db, caller.accountId, params.id)) };
      },
    }),
    route({
      ...common,
      method: 'put',
      path: '/api/billetter/webhooks/:id',
      operationId: 'updateWebhook',
      summary: 'Change a webhook',
      description: 'What is left out stays. Deliveries that wait go to the new URL.',
      params: Which,
      body: Change,
      responses: { 200: one },
      refusals: ['not_found', 'invalid'],
      async handle({ params, body, caller }) {
        return { status: 200, body: shown(await endpoints.update(db, keeping, caller.accountId, params.id, body)) };
      },
    }),
    route({
      ...common,
      method: 'delete',
      path: '/api/billetter/webhooks/:id',
      operationId: 'deleteWebhook',
      summary: 'Delete a webhook',
      description: 'Its deliveries go with it, those that wait too.',
      params: Which,
      responses: { 204: { description: 'It is gone.' } },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        await endpoints.remove(db, caller.accountId, params.id);
        return { status: 204, body: undefined };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/webhooks/:id/rotate',
      operationId: 'rotateWebhookSecret',
      summary: 'Give a webhook a new secret',
      description: 'While both secrets sign, `webhook-signature` has a signature by each: a receiver that knows either takes it.',
      params: Which,
      body: Rotation,
      responses: { 200: { description: 'The webhook with its new secret, shown this once.', schema: WithSecret } },
      refusals: ['not_found'],
      async handle({ params, body, caller }) {
        return { status: 200, body: withSecret(await endpoints.rotate(db, keeping, caller.accountId, params.id, body.overlapSeconds)) };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/webhooks/:id/pause',
      operationId: 'pauseWebhook',
      summary: 'Hold deliveries back',
      description: 'What happens meanwhile is kept and delivered once the webhook is resumed.',
      params: Which,
      responses: { 200: one },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        return { status: 200, body: shown(await endpoints.pause(db, caller.accountId, params.id)) };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/webhooks/:id/resume',
      operationId: 'resumeWebhook',
      summary: 'Let deliveries go',
      description: 'Of a webhook that was paused or disabled. What was given up when it was disabled is not delivered by this: replay it.',
      params: Which,
      responses: { 200: one },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        return { status: 200, body: shown(await endpoints.resume(db, caller.accountId, params.id)) };
      },
    }),
  ];
}

function shown(endpoint: endpoints.Endpoint): z.output<typeof Webhook> {
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    events: endpoint.events,
    status: endpoint.disabled_at ? 'disabled' : endpoint.paused_at ? 'paused' : 'active',
    disabledBecause: endpoint.disabled_because,
    failingSince: timeOrNull(endpoint.failing_since),
    formerSecretUntil: timeOrNull(endpoint.former_until),
    createdAt: time(endpoint.created_at),
    updatedAt: time(endpoint.updated_at),
  };
}

const withSecret = (made: endpoints.WithSecret): z.output<typeof WithSecret> => ({ ...shown(made), secret: made.secret });
