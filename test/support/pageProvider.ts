// A second provider, for tests only: the buyer pays on its page, it sets the money aside, and somebody must capture it.
import { callbackId, type PaymentProvider, type ProviderPayment, type ProviderRefund } from '../../services/payments/provider.ts';

type Held = ProviderPayment & { at: number };

/** An acquirer in memory. `pays` is the buyer on its page; `notice` the callback that tells of a payment's present state. */
export function pageProvider(name: string) {
  const held = new Map<string, Held>();
  const refunds: ProviderRefund[] = [];
  const calls: string[] = [];
  const of = (ref: string) => held.get(ref)!;
  const move = (ref: string, more: Partial<ProviderPayment>): Held => {
    held.set(ref, { ...of(ref), ...more, at: of(ref).at + 1 });
    return of(ref);
  };

  const provider: PaymentProvider = {
    name,
    events: 'all',
    amounts: () => ({ leastMinor: 1, mostMinor: Number.MAX_SAFE_INTEGER, stepMinor: 1 }),
    async create(p) {
      const ref = `${name}-${p.paymentId}`;
      held.set(ref, {
        ref,
        status: 'open',
        amountMinor: p.amountMinor,
        receivedMinor: 0,
        currency: p.currency,
        orderId: p.orderId,
        paymentId: undefined, // its callbacks name their own reference only
        failureCode: null,
        failureMessage: null,
        at: 0,
      });
      return { ...of(ref), next: { kind: 'page', url: `https://${name}.test/pay/${ref}` } };
    },
    async capture({ ref, amountMinor }) {
      calls.push(`capture ${ref}`);
      return of(ref).status === 'authorized' ? move(ref, { status: 'succeeded', receivedMinor: amountMinor }) : of(ref);
    },
    read: async (ref) => of(ref),
    async cancel(ref) {
      calls.push(`cancel ${ref}`);
      return of(ref).status === 'succeeded' ? of(ref) : move(ref, { status: 'cancelled' });
    },
    async refund({ ref, refundId, amountMinor, currency }) {
      const made = { ref: `r-${refunds.length + 1}`, status: 'succeeded' as const, refundId, paymentRef: ref, amountMinor, currency };
      refunds.push({ ...made, failureMessage: null });
      return refunds.at(-1)!;
    },
    refunds: async (ref) => refunds.filter((r) => r.paymentRef === ref),
    readCallback(body) {
      const payment = JSON.parse(body.toString()) as Held;
      const id = callbackId({ ref: payment.ref, status: payment.status, at: String(payment.at) });
      return { id, type: payment.status, payment, payload: payment };
    },
  };

  return {
    provider,
    calls,
    refunds,
    /** The buyer pays on the page: the bank sets the money aside. */
    pays: (ref: string) => move(ref, { status: 'authorized' }),
    /** What the provider posts to us now. */
    notice: (ref: string) => provider.readCallback(Buffer.from(JSON.stringify(of(ref))), () => ''),
  };
}
