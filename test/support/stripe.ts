// The customer's bank and Stripe's side of things: the real library against the stand-in, its fault switches, and signed callbacks of our own making.
import Stripe from 'stripe';
import { inject } from 'vitest';
import { type Answer, call } from './client.ts';

/** The real Stripe library on the stack's stand-in. */
export function stripeClient(stripeUrl: string): Stripe {
  const { hostname, port } = new URL(stripeUrl);
  return new Stripe('sk_test_standin', { host: hostname, port, protocol: 'http', telemetry: false });
}

/** Sets the stand-in's fault switches. */
export async function faults(stripeUrl: string, switches: Record<string, unknown>): Promise<void> {
  const answer = await call(stripeUrl, 'POST', '/_standin/faults', { body: switches });
  if (answer.status !== 200) throw new Error(`faults answered ${answer.status}`);
}

/** Posts a callback as Stripe would, signed with the stack's secret (or another). */
export async function callback(gatewayUrl: string, event: object, secret = inject('stack').webhookSecret): Promise<Answer> {
  const payload = JSON.stringify(event);
  const header = await new Stripe('sk_test_x').webhooks.generateTestHeaderStringAsync({ payload, secret });
  return call(gatewayUrl, 'POST', '/api/webhooks/stripe/', { raw: payload, headers: { 'stripe-signature': header } });
}

/** An event as Stripe sends it. */
export const stripeEvent = (type: string, object: object, id = `evt_test_${Math.random().toString(36).slice(2)}`) => ({
  id,
  object: 'event',
  api_version: '2025-01-01',
  created: Math.floor(Date.now() / 1000),
  livemode: false,
  pending_webhooks: 1,
  request: null,
  type,
  data: { object },
});
