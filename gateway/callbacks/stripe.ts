// POST /api/webhooks/stripe/: Stripe's callbacks, verified over their raw bytes and recorded once.
import * as payments from '../../services/payments/payments.ts';
import type { Gateway } from '../deps.ts';
import type { Api, RefusalTable } from '../http/api.ts';
import { route } from '../http/route.ts';

// Stripe looks at the status alone: 2xx is done, anything else is sent again for days. The bodies are for whoever reads its dashboard.
const STATUS: Partial<Record<keyof RefusalTable, number>> = {
  signature_invalid: 400,
  invalid: 400,
  // On record and being looked into; sent again it would contradict us just the same, so the sender is told it is wrong.
  payment_mismatch: 400,
  body_too_large: 413,
  route_not_found: 404,
  method_not_allowed: 405,
  unavailable: 503,
  payment_unavailable: 503,
};

/** The webhook as an API of its own: no tokens, no rate limit, its sender proven by the signature. */
export function stripeWebhook({ db, provider }: Pick<Gateway, 'db' | 'provider'>): Api {
  return {
    name: 'webhooks',
    title: 'Webhooks',
    version: '1',
    description: 'Callbacks of payment providers.',
    prefix: '/api/webhooks',
    authenticate: () => Promise.reject(new Error('webhooks have no signed-in routes')),
    refuse: ({ code, message }) => ({ status: STATUS[code] ?? 500, body: { error: { code, message } } }),
    routes: [
      route({
        method: 'post',
        path: '/api/webhooks/stripe/',
        access: 'signature',
        limit: 'none',
        tag: 'Webhooks',
        summary: 'Stripe webhook',
        rawBody: true,
        responses: { 200: { description: 'Taken in: recorded, a duplicate, or nothing we act on.' } },
        async handle({ body, ctx, note }) {
          const event = provider.parseWebhook(body as unknown as Buffer, ctx.get('stripe-signature'));
          if (event.payment?.orderId) note(event.payment.orderId);
          const { outcome } = await payments.receive(db, provider.name, event);
          return { status: 200, body: { received: true, outcome } };
        },
      }),
    ],
  };
}
