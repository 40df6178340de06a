// The contest's payment gateway as a provider: the buyer pays on its page, the bank sets the money aside, we take it.
//
// It has no idempotency keys, and a call may take effect although it failed. So every call that does something is wrapped in questions: it
// is asked what the payment is before, which makes a repeat harmless, and after, which is what is believed.
import { z } from 'zod';
import { DomainError } from '../shared/errors.ts';
import { type PaygateSettings, paygate, Refused, type Told, unavailable } from './paygateCalls.ts';
import { callbackId, PAYGATE, type PaymentProvider, type ProviderEvent, type ProviderPayment, type ProviderRefund } from './provider.ts';

export type { PaygateSettings } from './paygateCalls.ts';

/** Where buyers and notifications come back to, and which events it serves: their numbers, or all. */
export type PaygateTerms = PaygateSettings & { publicUrl: string; events: ReadonlySet<number> | 'all' };

/** Its documents name no limits. */
const AMOUNTS = { leastMinor: 1, mostMinor: Number.MAX_SAFE_INTEGER, stepMinor: 1 };

const WHOLE_ONLY = 'The payment gateway returns payments only whole: a part of one has to be returned another way.';

/** Opens the provider. */
export function paygateProvider(terms: PaygateTerms): PaymentProvider {
  const { events, publicUrl } = terms;
  const gateway = paygate(terms);

  async function told(ref: string): Promise<Told> {
    const found = await gateway.check(ref).catch((error) => {
      throw error instanceof Refused ? unavailable(error.message) : error;
    });
    if (!found) throw new DomainError('not_found', `The payment gateway has no payment ${ref}.`, { what: 'payment' });
    return found;
  }

  /** Does something to a payment that is in one of these states, and tells what it is then. `refused`: what the gateway said, if it said no. */
  async function act(ref: string, states: string[], call: () => Promise<void>): Promise<{ now: Told; refused?: Refused }> {
    const before = await told(ref);
    if (!states.includes(statusOf(before))) return { now: before };
    const failure = await call().then(
      () => undefined,
      (error: unknown) => error,
    );
    const now = await told(ref);
    if (failure === undefined || statusOf(now) !== statusOf(before)) return { now };
    if (failure instanceof Refused) return { now, refused: failure };
    throw failure;
  }

  return {
    name: PAYGATE,
    events,
    amounts: () => AMOUNTS,
    async create(p) {
      const orderId = String(p.orderNumber);
      const back = (to: 'success' | 'fail') => `${publicUrl}/api/payments/${to}?orderId=${orderId}`;
      try {
        // Where its answer is lost another is opened next time: nobody knows the page of the lost one, so nobody can pay it.
        const { paymentId, paymentURL } = await gateway.init({
          amount: p.amountMinor,
          currency: p.currency,
          orderId,
          description: p.description,
          successURL: back('success'),
          failURL: back('fail'),
          notificationURL: `${publicUrl}/api/payments/notifications`,
        });
        const open = { paymentId, orderId, status: 'NEW', amount: p.amountMinor, currency: p.currency };
        return { ...payment(open), next: { kind: 'page', url: paymentURL } };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (error.status === 401 || error.status === 403) throw unavailable(`${error.errorCode} ${error.message}`); // ours to mend: nothing a buyer can do
        throw new DomainError('payment_failed', error.message, { declineCode: error.errorCode || 'refused' });
      }
    },
    async capture({ ref, amountMinor }) {
      const { now, refused } = await act(ref, ['AUTHORIZED'], () => gateway.confirm(ref, amountMinor));
      if (refused) throw unavailable(refused.message);
      return payment(now);
    },
    read: async (ref) => payment(await told(ref)),
    // Never of money that was taken: that would return it.
    cancel: async (ref) => {
      const { now, refused } = await act(ref, [...OPEN, 'AUTHORIZED'], () => gateway.cancel(ref, 'not paid in time'));
      if (refused) throw unavailable(refused.message);
      return payment(now);
    },
    async refund(p) {
      const whole = await told(p.ref);
      const answer = { refundId: p.refundId, paymentRef: p.ref, amountMinor: p.amountMinor, currency: p.currency, failureMessage: null };
      const failed = (failureMessage: string): ProviderRefund => ({ ...answer, ref: null, status: 'failed', failureMessage });
      if (p.amountMinor !== whole.amount) return failed(WHOLE_ONLY);
      const { now, refused } = await act(p.ref, ['CONFIRMED'], () => gateway.cancel(p.ref, p.reason));
      if (refused) return failed(refused.message);
      if (statusOf(now) !== 'REFUNDED') return failed(`A payment that is ${now.status} cannot be returned.`);
      return { ...answer, ref: refundRef(now), status: 'succeeded' };
    },
    async refunds(ref) {
      const now = await told(ref);
      return statusOf(now) === 'REFUNDED' ? [wholeRefund(now)] : [];
    },
    async readCallback(body) {
      const notice = Notice.safeParse(parse(body));
      if (!notice.success) throw new DomainError('signature_invalid', 'This is no notification of a payment.');
      return eventOf(await told(notice.data.paymentId), notice.data);
    },
  };
}

const Notice = z.looseObject({ paymentId: z.string().min(1).max(200) });

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

/**
 * What a notification tells: nothing but that there is news of the payment. Its own words are on record and never believed; the id is made
 * of what the gateway says, so that the same news counts once however often and by whomever it is sent.
 */
function eventOf(now: Told, payload: unknown): ProviderEvent {
  const id = callbackId({ ref: now.paymentId, status: now.status, at: now.updatedAt ?? '' });
  const base = { id, type: now.status, payload };
  return statusOf(now) === 'REFUNDED' ? { ...base, refund: wholeRefund(now) } : { ...base, payment: payment(now) };
}

/** Words for one and the same state. */
const SAME: Record<string, string> = { COMPLETED: 'CONFIRMED', CANCELED: 'CANCELLED', REVERSED: 'CANCELLED', REJECTED: 'FAILED' };
const OPEN = ['NEW', 'FORM_SHOWED'];
const OVER = ['CANCELLED', 'FAILED', 'EXPIRED'];

function statusOf({ status }: { status: string }): string {
  const word = status.toUpperCase();
  return SAME[word] ?? word;
}

function payment(told: Told): ProviderPayment {
  const word = statusOf(told);
  const isTaken = word === 'CONFIRMED' || word === 'REFUNDED';
  const isOver = OVER.includes(word);
  return {
    ref: told.paymentId,
    status: isTaken
      ? 'succeeded'
      : isOver
        ? 'cancelled'
        : OPEN.includes(word)
          ? 'open'
          : word === 'AUTHORIZED'
            ? 'authorized'
            : 'processing',
    amountMinor: told.amount,
    receivedMinor: isTaken ? told.amount : 0,
    returnedMinor: word === 'REFUNDED' ? told.amount : 0,
    currency: told.currency,
    orderId: undefined,
    orderNumber: told.orderId,
    paymentId: undefined,
    failureCode: isOver ? word.toLowerCase() : null,
    failureMessage: isOver ? MESSAGES[word]! : null,
  };
}

const MESSAGES: Record<string, string> = {
  CANCELLED: 'The payment was cancelled.',
  FAILED: 'The payment was declined.',
  EXPIRED: 'The payment was not made in time.',
};

/** A payment goes back once at most, so its refund is named by it. */
const refundRef = ({ paymentId }: { paymentId: string }): string => `${paymentId}/refund`;

function wholeRefund(told: Told): ProviderRefund {
  const { paymentId: paymentRef, amount: amountMinor, currency } = told;
  return {
    ref: refundRef(told),
    status: 'succeeded',
    refundId: undefined,
    unnamed: true,
    paymentRef,
    amountMinor,
    currency,
    failureMessage: null,
  };
}
