// Stripe through its own library. With no key the same client talks to the stand-in of the local stack: only host and port differ.
import Stripe from 'stripe';
import { DomainError } from '../shared/errors.ts';
import { proxyAgent } from '../shared/proxies.ts';
import type { Ledger, LedgerRefund, NextStep, PaymentProvider, ProviderEvent, ProviderPayment, ProviderRefund } from './provider.ts';
import { IN_HUNDREDTHS, stripeAmounts, toStripe } from './stripeAmounts.ts';
import { meaningOf } from './stripeErrors.ts';

export type StripeSettings = { secretKey: string; webhookSecret: string; standinUrl: string | undefined; timeoutMs: number };

const STRIPE = 'https://api.stripe.com';

/** The reasons of a refund that Stripe has words for; any other is ours to keep. */
export const REASONS = ['requested_by_customer', 'duplicate', 'fraudulent'] as const;

/** Opens the Stripe provider. Calls are retried twice by the library itself on connection errors, 409 and 5xx, with the same key. */
export function stripeProvider(settings: StripeSettings): PaymentProvider {
  const standin = settings.standinUrl ? new URL(settings.standinUrl) : undefined;
  const stripe = new Stripe(settings.secretKey, {
    timeout: settings.timeoutMs,
    maxNetworkRetries: 2,
    telemetry: false,
    httpAgent: proxyAgent(standin?.href ?? STRIPE),
    ...(standin && { host: standin.hostname, port: standin.port, protocol: standin.protocol === 'https:' ? 'https' : 'http' }),
  });

  return {
    name: 'stripe',
    amounts: stripeAmounts,
    async create(p) {
      const metadata = { order_id: p.orderId, payment_id: p.paymentId };
      try {
        const wish = {
          amount: toStripe(p.amountMinor, p.currency),
          currency: p.currency.toLowerCase(),
          metadata,
          description: p.description,
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' as const },
        };
        const intent = await unstacked(() => stripe.paymentIntents.create(wish, { idempotencyKey: p.key }));
        const next: NextStep = { kind: 'card', secret: intent.client_secret! };
        return { ...payment(intent), next };
      } catch (error) {
        // Too little or too much for Stripe, or a currency it does not take: so it stays however often it is asked.
        if (error instanceof Stripe.errors.StripeInvalidRequestError && (error.param === 'amount' || error.param === 'currency'))
          throw new DomainError('payment_failed', error.message, { declineCode: error.code ?? 'refused' });
        throw unavailable(error);
      }
    },
    async pay(p) {
      try {
        return payment(await unstacked(() => stripe.paymentIntents.confirm(p.ref, method(p.method), { idempotencyKey: p.key })));
      } catch (error) {
        if (error instanceof Stripe.errors.StripeCardError && error.payment_intent)
          return { ...payment(error.payment_intent), ...declined(error) };
        if (meaningOf(error) === 'final' && error instanceof Stripe.errors.StripeInvalidRequestError) {
          if (isGone(error, 'intent')) throw new DomainError('payment_failed', error.message, { declineCode: 'resource_missing' });
          // Already paid, cancelled or processing: what the intent is now is the answer. A bad token is a decline.
          const now = payment(await call(() => stripe.paymentIntents.retrieve(p.ref)));
          return now.status === 'open' ? { ...now, ...declined(error) } : now;
        }
        throw unavailable(error);
      }
    },
    read: async (ref) => payment(await call(() => stripe.paymentIntents.retrieve(ref))),
    async cancel(ref) {
      try {
        return payment(await stripe.paymentIntents.cancel(ref));
      } catch (error) {
        if (error instanceof Stripe.errors.StripeInvalidRequestError) return payment(await call(() => stripe.paymentIntents.retrieve(ref)));
        throw unavailable(error);
      }
    },
    async refund(p) {
      const reason = REASONS.find((known) => known === p.reason);
      const wish = { payment_intent: p.ref, amount: toStripe(p.amountMinor, p.currency), metadata: { refund_id: p.refundId } };
      try {
        return refund(await stripe.refunds.create({ ...wish, ...(reason && { reason }) }, { idempotencyKey: p.key }));
      } catch (error) {
        const meaning = meaningOf(error);
        // More than is left, disputed, too old: it stays refused however often this very refund is asked for.
        if (meaning === 'final') return notMade(p, 'failed', (error as Error).message);
        // Tomorrow's sales may cover it.
        if (meaning === 'unfunded') return notMade(p, 'pending', (error as Error).message);
        throw unavailable(error);
      }
    },
    async refunds(ref) {
      const made = await call(() => stripe.refunds.list({ payment_intent: ref, limit: 100 }).autoPagingToArray({ limit: 10_000 }));
      return made.map(refund);
    },
    ledger: ledger(stripe),
    readCallback(body, header) {
      let event: Stripe.Event;
      try {
        event = stripe.webhooks.constructEvent(body, header('stripe-signature'), settings.webhookSecret);
      } catch {
        throw new DomainError('signature_invalid', 'The signature of this callback does not fit its body.');
      }
      return readEvent(event);
    },
  };
}

function ledger(stripe: Stripe): Ledger {
  return {
    payments: () => pages((page) => stripe.paymentIntents.list(page), payment),
    refunds: () => pages((page) => stripe.refunds.list(page), ledgerRefund),
    payment: async (ref) => ifThere(stripe.paymentIntents.retrieve(ref), payment),
    refund: async (ref) => ifThere(stripe.refunds.retrieve(ref), ledgerRefund),
  };
}

/** The pages of a list, newest first. Each is asked for when the one before has been read. */
async function* pages<T extends { id: string }, R>(
  list: (page: { limit: number; starting_after?: string }) => Promise<Stripe.ApiList<T>>,
  read: (row: T) => R,
): AsyncGenerator<R[]> {
  for (let after: string | undefined; ; ) {
    const page = await call(() => list({ limit: 100, ...(after && { starting_after: after }) }));
    yield page.data.map(read);
    after = page.data.at(-1)?.id;
    if (!page.has_more || !after) return;
  }
}

async function ifThere<T, R>(asked: Promise<T>, read: (row: T) => R): Promise<R | undefined> {
  try {
    return read(await asked);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404) return undefined; // also an id that is none of Stripe's
    throw unavailable(error);
  }
}

function readEvent(event: Stripe.Event): ProviderEvent {
  const base = { id: event.id, type: event.type, payload: event };
  const object = event.data?.object as { object?: string } | undefined;
  if (object?.object === 'payment_intent') return { ...base, payment: payment(object as Stripe.PaymentIntent) };
  if (object?.object === 'refund') return { ...base, refund: refund(object as Stripe.Refund) };
  if (event.type === 'charge.refunded') {
    const { payment_intent: intent, amount_refunded, currency } = event.data.object;
    if (intent) return { ...base, returned: { paymentRef: idOf(intent), totalMinor: fromStripe(amount_refunded, currency.toUpperCase()) } };
  }
  return base;
}

/** Tokens go in as Stripe's own test tokens do; anything else is a payment method id. */
function method(token: string): Stripe.PaymentIntentConfirmParams {
  return token.startsWith('pm_') ? { payment_method: token } : { payment_method_data: { type: 'card', card: { token } } as never };
}

const declined = (error: { code?: string; decline_code?: string; message: string }) => ({
  failureCode: error.decline_code ?? error.code ?? 'declined',
  failureMessage: error.message,
});

const fromStripe = (amount: number, currency: string): number => (IN_HUNDREDTHS.has(currency) ? amount / 100 : amount);

const STATUS: Partial<Record<Stripe.PaymentIntent.Status, ProviderPayment['status']>> = {
  succeeded: 'succeeded',
  canceled: 'cancelled',
  processing: 'processing',
};

function payment(intent: Stripe.PaymentIntent): ProviderPayment {
  const currency = intent.currency.toUpperCase();
  const status = STATUS[intent.status] ?? 'open';
  return {
    ref: intent.id,
    status,
    amountMinor: fromStripe(intent.amount, currency),
    receivedMinor: fromStripe(intent.amount_received ?? (status === 'succeeded' ? intent.amount : 0), currency),
    currency,
    orderId: intent.metadata?.order_id,
    paymentId: intent.metadata?.payment_id,
    failureCode: intent.last_payment_error?.decline_code ?? intent.last_payment_error?.code ?? null,
    failureMessage: intent.last_payment_error?.message ?? null,
  };
}

/** The id of something that Stripe shows as an id or whole. */
const idOf = (thing: string | { id: string } | null): string => (typeof thing === 'string' ? thing : (thing?.id ?? ''));

function refund(r: Stripe.Refund): ProviderRefund {
  const currency = r.currency.toUpperCase();
  return {
    ref: r.id,
    status: r.status === 'succeeded' ? 'succeeded' : r.status === 'failed' || r.status === 'canceled' ? 'failed' : 'pending',
    refundId: r.metadata?.refund_id,
    paymentRef: idOf(r.payment_intent),
    amountMinor: fromStripe(r.amount, currency),
    currency,
    failureMessage: r.failure_reason ?? null,
  };
}

const ledgerRefund = (r: Stripe.Refund): LedgerRefund => ({ ...refund(r), ref: r.id });

/** A refund that Stripe does not make, for good or as yet: there is none, so it has no id. */
const notMade = (
  p: { ref: string; amountMinor: number; currency: string; refundId: string },
  status: 'failed' | 'pending',
  why: string,
): ProviderRefund => ({
  ref: null,
  status,
  refundId: p.refundId,
  paymentRef: p.ref,
  amountMinor: p.amountMinor,
  currency: p.currency,
  failureMessage: why,
});

/**
 * Makes a call without a note of where it came from. Stripe's library takes one for each call, in case it fails, and reads it through our
 * source maps: a quarter of a millisecond. The two calls of every payment say what they were in the errors they become.
 */
function unstacked<T>(request: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return request();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function call<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw unavailable(error);
  }
}

/** Whether Stripe says that it has no such object (`param` names which). */
const isGone = (error: Stripe.errors.StripeError, param: string): boolean => error.code === 'resource_missing' && error.param === param;

/** What leaves the outcome open is worth another try. What is not there stays so. Wrong keys and the like stay as they are: tried again, and seen. */
function unavailable(error: unknown): unknown {
  const meaning = meaningOf(error);
  if (meaning === 'passing')
    return new DomainError('payment_unavailable', 'The payment provider did not answer; the outcome will be found out.', {
      provider: 'stripe',
      reason: (error as Stripe.errors.StripeError).type,
    });
  if (meaning === 'final' && (error as Stripe.errors.StripeError).code === 'resource_missing')
    return new DomainError('not_found', `Stripe: ${(error as Error).message}`, { what: 'payment' });
  return error;
}
