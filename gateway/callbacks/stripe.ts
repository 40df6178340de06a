// POST /api/webhooks/stripe/: where Stripe calls back.
import type { Gateway } from '../deps.ts';
import type { Api } from '../http/api.ts';
import { callback } from './callback.ts';

/** Stripe's webhook. */
export const stripeCallback = (gateway: Pick<Gateway, 'receive' | 'providers'>): Api =>
  callback(gateway, {
    provider: 'stripe',
    name: 'webhooks',
    title: 'Webhooks',
    prefix: '/api/webhooks',
    path: '/api/webhooks/stripe/',
  });
