// What the core asks of a payment provider, and the providers by their names. Stripe is one (stripe.ts).
import { DomainError } from '../shared/errors.ts';

/** A payment as the provider sees it. Amounts in minor units, currency in upper case. */
export type ProviderPayment = {
  ref: string;
  /** open: can still be paid; authorized: set aside, to be captured; processing: the provider will say later; the rest are final. */
  status: 'open' | 'authorized' | 'processing' | 'succeeded' | 'cancelled';
  amountMinor: number;
  /** What was really captured (equal to amountMinor once succeeded, unless somebody changed it at the provider). */
  receivedMinor: number;
  currency: string;
  orderId: string | undefined;
  /** The order, where the provider knows it by its number. */
  orderNumber?: string;
  paymentId: string | undefined;
  /** What of it has gone back, where the provider says so in the same breath. */
  returnedMinor?: number;
  failureCode: string | null;
  failureMessage: string | null;
};

/** What the buyer does next: gives a card to the provider's own form (which needs the secret), or visits the provider's page. */
export type NextStep = { kind: 'card'; secret: string } | { kind: 'page'; url: string };

/** A refund as the provider sees it. `refundId` is ours, undefined for one that was made at the provider itself. */
export type ProviderRefund = {
  /** null: the provider refused to make it. */
  ref: string | null;
  status: 'pending' | 'succeeded' | 'failed';
  refundId: string | undefined;
  /** The provider keeps no name of ours: a refund that we owe of exactly this amount is taken for it. */
  unnamed?: true;
  /** The provider's reference of the payment it returns money of. */
  paymentRef: string;
  amountMinor: number;
  currency: string;
  failureMessage: string | null;
};

/** A refund that the provider made: it has a reference. */
export type LedgerRefund = ProviderRefund & { ref: string };

/**
 * The provider's own account of all money, ours and that of others who share the account: newest first, a page at a time, so that a
 * reader needs memory for one page only. One row by its reference is undefined where the provider has none.
 */
export type Ledger = {
  payments(): AsyncIterable<ProviderPayment[]>;
  refunds(): AsyncIterable<LedgerRefund[]>;
  payment(ref: string): Promise<ProviderPayment | undefined>;
  refund(ref: string): Promise<LedgerRefund | undefined>;
};

/**
 * A verified callback, by its own id or one made of what it tells (`callbackId`). `payment` or `refund` is what it tells; `returned` tells
 * how much of a payment went back by now, but not by which refunds. None of them: nothing we act on.
 */
export type ProviderEvent = {
  id: string;
  type: string;
  payment?: ProviderPayment;
  refund?: ProviderRefund;
  returned?: { paymentRef: string; totalMinor: number };
  payload: unknown;
};

/** The least and the greatest amount of one payment, and the steps amounts come in; minor units. */
export type AmountLimits = { leastMinor: number; mostMinor: number; stepMinor: number };

/**
 * The provider's operations. Each may be repeated with the same key without a second effect.
 * A provider that cannot be reached or answers 5xx throws DomainError payment_unavailable: the outcome is unknown then.
 */
export type PaymentProvider = {
  name: string;
  /** The numbers of the events it serves, or all. Absent: every event that is no other's. */
  events?: ReadonlySet<number> | 'all';
  /** What it takes of a currency at once. */
  amounts(currency: string): AmountLimits;
  /** Throws DomainError payment_failed (details.declineCode) for what the provider never takes: an amount too small, say. */
  create(p: {
    key: string;
    amountMinor: number;
    currency: string;
    orderId: string;
    orderNumber: number;
    paymentId: string;
    description: string;
  }): Promise<ProviderPayment & { next: NextStep }>;
  /**
   * Pays with a token or payment method. A decline is an answer (status open, failureCode set), not an exception; a payment that the provider
   * does not know is DomainError payment_failed.
   * Absent where the buyer pays on the provider's page.
   */
  pay?(p: { key: string; ref: string; method: string }): Promise<ProviderPayment>;
  /** Takes money that was set aside. Absent where paying takes it. */
  capture?(p: { key: string; ref: string; amountMinor: number; currency: string }): Promise<ProviderPayment>;
  read(ref: string): Promise<ProviderPayment>;
  /** Cancels if it still can, and lets money go that was set aside; answers with what the payment is now (perhaps succeeded). */
  cancel(ref: string): Promise<ProviderPayment>;
  /** Sends money back. What the provider refuses for good is an answer (failed, no ref), and so is what it cannot do yet (pending, no ref). */
  refund(p: { key: string; ref: string; amountMinor: number; currency: string; refundId: string; reason: string }): Promise<ProviderRefund>;
  /** All refunds of a payment, whoever made them. */
  refunds(ref: string): Promise<ProviderRefund[]>;
  /** Absent where the provider shows no list of its payments. */
  ledger?: Ledger;
  /**
   * Verifies and reads a callback; `header` gives a header by its lower-case name. One that proves nothing by itself is asked about at the
   * provider, whose answer is the event. Throws DomainError signature_invalid.
   */
  readCallback(body: Buffer, header: (name: string) => string): ProviderEvent | Promise<ProviderEvent>;
};

/** The providers by the name that `payments.provider` has. Mains make it; whoever has a payment in hand looks its provider up here. */
export type Providers = Readonly<Record<string, PaymentProvider>>;

/** The provider of this name. Throws DomainError payment_unavailable where this process does not have it: another one may. */
export function providerOf(providers: Providers, name: string): PaymentProvider {
  const provider = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (!provider) throw new DomainError('payment_unavailable', 'This payment provider is not served here.', { provider: name });
  return provider;
}

/** Who serves which event, as statements read it: by the event's number in JSON (`special`), all others by the `usual` one; and who takes tokens. */
export type Served = { usual: string; special: string; takingTokens: string[] };

/** Who serves which event. It is said once for the providers of a process. */
export function served(providers: Providers): Served {
  const known = tables.get(providers);
  if (known) return known;
  const all = Object.values(providers);
  const usual = all.find(({ events }) => events === 'all')?.name ?? CARD_PROVIDER;
  const special: Record<string, string> = {};
  for (const { name, events } of all.reverse()) if (events !== 'all') for (const number of events ?? []) special[number] = name;
  const table = { usual, special: JSON.stringify(special), takingTokens: all.filter(({ pay }) => pay).map(({ name }) => name) };
  tables.set(providers, table);
  return table;
}

const tables = new WeakMap<Providers, Served>();

/** The name of the provider that serves the event of this number. */
export function providerFor(providers: Providers, event: number): string {
  const { special, usual } = served(providers);
  return JSON.parse(special)[event] ?? usual;
}

/** Whether an order is paid with a card's token, and not on a page. */
export function takesCards(
  providers: Providers,
  order: { event: { number: number }; payment: { status: string; provider: string } | null },
): boolean {
  const open = order.payment?.status === 'cancelled' ? undefined : order.payment?.provider;
  const name = open ?? providerFor(providers, order.event.number);
  return !Object.hasOwn(providers, name) || providers[name]!.pay !== undefined;
}

/** The id of a callback that carries none: the same telling has the same id. `at` is the provider's own time of it. */
export const callbackId = (told: { ref: string; status: string; at: string }): string => `${told.ref}/${told.status}/${told.at}`;

/** Who serves an event that is nobody else's, and whose tokens and payment methods a press on pay brings along. */
export const CARD_PROVIDER = 'stripe';

/** The contest's payment gateway (paygate.ts). It keeps no names of ours and returns a payment only whole. */
export const PAYGATE = 'paygate';
