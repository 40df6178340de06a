// The rows the stand-in keeps: Stripe's own wire objects, unexpanded, held to the library's published types by the compiler.
import { randomBytes, randomInt } from 'node:crypto';
import Stripe from 'stripe';

/** The library's types allow expanded objects in these fields; a stored row only ever holds the id. */
export type Intent = Omit<Stripe.PaymentIntent, 'latest_charge' | 'payment_method'> & {
  latest_charge: string | null;
  payment_method: string | null;
};
export type Charge = Omit<Stripe.Charge, 'payment_intent' | 'refunds'> & { payment_intent: string };
export type Refund = Omit<Stripe.Refund, 'payment_intent' | 'charge'> & { payment_intent: string; charge: string };
export type Method = Stripe.PaymentMethod & { card: Stripe.PaymentMethod.Card };
/** `data.object` is whatever the event is about; the library's union of 250 event types says no more than that here. */
export interface EventRow {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: WireObject; previous_attributes?: Record<string, unknown> };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: Stripe.Event.Type;
}
export type WireObject = Intent | Charge | Refund | Method;

export const apiVersion: string = Stripe.API_VERSION;

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
function letters(count: number): string {
  let out = '';
  for (let i = 0; i < count; i += 1) out += alphabet[randomInt(alphabet.length)];
  return out;
}

const lengths = { pi: '3', ch: '3', re: '3', evt: '1', pm: '1', txn: '3' } as const;
/** `pi_3` and 23 more, as Stripe's look: code that cuts columns or matches patterns should meet the real length. */
export function newId(prefix: keyof typeof lengths): string {
  return `${prefix}_${lengths[prefix]}${letters(23)}`;
}
export const newSecret = (intent: string): string => `${intent}_secret_${letters(25)}`;
export const newRequestId = (): string => `req_${letters(14)}`;
export const newToken = (): string => randomBytes(8).toString('hex');
export const seconds = (): number => Math.floor(Date.now() / 1000);

/** `$25.00` in Stripe's messages; yen and its like have no minor unit, so the number of decimals comes from the currency itself. */
export function money(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency: currency.toUpperCase() });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}
