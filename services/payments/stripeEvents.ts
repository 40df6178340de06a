// What Stripe is asked to tell us.

/**
 * The types of events that our endpoint at Stripe asks for (deploy/README.md): what may be news. The making of a payment is none, and what
 * happens to a charge is told of its payment.
 */
export const WEBHOOK_EVENTS = [
  'payment_intent.amount_capturable_updated',
  'payment_intent.canceled',
  'payment_intent.payment_failed',
  'payment_intent.processing',
  'payment_intent.succeeded',
  'refund.created',
  'refund.failed',
  'refund.updated',
  'charge.refunded',
] as const;
