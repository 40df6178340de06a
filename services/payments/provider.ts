// What the core asks of a payment provider. Stripe is one (stripe.ts); the contest's gateway will be another.

/** A payment as the provider sees it. Amounts in minor units, currency in upper case. */
export type ProviderPayment = {
  ref: string;
  /** open: can still be paid; processing: the provider will say later; the rest are final. */
  status: 'open' | 'processing' | 'succeeded' | 'cancelled';
  amountMinor: number;
  /** What was really captured (equal to amountMinor once succeeded, unless somebody changed it at the provider). */
  receivedMinor: number;
  currency: string;
  clientSecret: string | null;
  orderId: string | undefined;
  paymentId: string | undefined;
  failureCode: string | null;
  failureMessage: string | null;
};

export type ProviderRefund = { ref: string; status: 'pending' | 'succeeded' | 'failed'; refundId: string | undefined };

/** A verified callback. `payment` or `refund` is what it tells; neither: nothing we act on. */
export type ProviderEvent = { id: string; type: string; payment?: ProviderPayment; refund?: ProviderRefund; payload: unknown };

/**
 * The provider's operations. Each may be repeated with the same key without a second effect.
 * A provider that cannot be reached or answers 5xx throws DomainError payment_unavailable: the outcome is unknown then.
 */
export type PaymentProvider = {
  name: string;
  /** Throws DomainError payment_failed (details.decline_code) for what the provider never takes: an amount too small, say. */
  create(p: {
    key: string;
    amountMinor: number;
    currency: string;
    orderId: string;
    paymentId: string;
    description: string;
  }): Promise<ProviderPayment>;
  /** Pays with a token or payment method. A decline is an answer (status open, failureCode set), not an exception. */
  pay(p: { key: string; ref: string; method: string }): Promise<ProviderPayment>;
  read(ref: string): Promise<ProviderPayment>;
  /** Cancels if it still can; answers with what the payment is now (perhaps succeeded). */
  cancel(ref: string): Promise<ProviderPayment>;
  refund(p: { key: string; ref: string; amountMinor: number; currency: string; refundId: string; reason: string }): Promise<ProviderRefund>;
  /** Verifies and reads a callback. Throws DomainError signature_invalid. */
  parseWebhook(body: Buffer, signature: string): ProviderEvent;
};
