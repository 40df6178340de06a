// The life of one order after its claim: wait for the money, turn it into tickets or a refund, end the hold. Deterministic code only.
//
// The truth is in the rows. Signals and timers only say "look again", so no order of arrival, repetition or loss of a message matters:
// whatever wakes this, it reads the facts and does the next thing they call for, until nothing is left to do.
//
// A paid order is one workflow task where all goes well: payment, tickets and mail are tried once inside it (local activities cost no
// durable writes of their own), and only what fails there becomes an activity of its service's queue, tried for as long as it takes.
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineSignal,
  defineUpdate,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { NotificationActivities } from '../activities/notifications.ts';
import type { OrderActivities, Paid } from '../activities/orders.ts';
import type { PaymentActivities } from '../activities/payments.ts';
import type { OrderFacts } from '../services/orders/orders.ts';
import type { ChargeOutcome } from '../services/payments/payments.ts';
import { CHANGED, type OrderInput, PAY, type PayRequest, type PayResult, type Queue, SEARCH } from './messages.ts';
import { wake } from './wake.ts';

const rows = proxyLocalActivities<OrderActivities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});
const payments = proxyActivities<PaymentActivities>({
  taskQueue: 'payments' satisfies Queue,
  startToCloseTimeout: '90 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** Longer than nearly every charge and mail takes; shorter than the ten seconds of a workflow task, so that a slow one makes it beat at most once. */
const once = { startToCloseTimeout: '10 seconds', retry: { maximumAttempts: 1 } } as const;
const { payOrder } = proxyLocalActivities<OrderActivities>(once);
/** A buyer's answer may wait for this one: it leaves with the workflow task. */
const { deliverMail } = proxyLocalActivities<OrderActivities>({ ...once, startToCloseTimeout: '3 seconds' });
const notifications = proxyActivities<NotificationActivities>({
  taskQueue: 'notifications' satisfies Queue,
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '3 days',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '10 minutes' },
});

const MINUTE = 60_000;

const changed = defineSignal(CHANGED);
const pay = defineUpdate<PayResult, [PayRequest]>(PAY);

type State = {
  /** How often somebody said "look again". */
  calls: number;
  /** Attempts to pay that are at the provider now: the hold is not ended under them. */
  paying: number;
  /** The last call whose facts held no captured money without its tickets or refund decided. */
  settledCalls: number;
  facts: OrderFacts | undefined;
  /** Payments being tried inside this workflow task. */
  payingHere: number;
  /** What was read together with the last payment made here: spares the loop a look. */
  told: Look | undefined;
  /** The mails being delivered, however long it takes. */
  mailing: Set<string>;
  /** Mails the server has not taken in three days. */
  undelivered: number;
};
/** Facts, and how many calls they answer: whoever calls after that is not answered by them. */
type Look = { facts: OrderFacts; calls: number };

export async function order(input: OrderInput): Promise<string> {
  const state: State = {
    calls: 1,
    paying: 0,
    settledCalls: 0,
    facts: undefined,
    payingHere: 0,
    told: undefined,
    mailing: new Set(),
    undelivered: 0,
  };
  setHandler(changed, () => {
    state.calls++;
  });
  setHandler(pay, (request) => takePayment(input, state, request));

  let shown = 'pending';
  let patience = MINUTE;
  for (;;) {
    const { facts, calls } = await look(input, state);
    state.facts = facts;
    const called = () => calledAgain(state, calls) || state.paying > 0;
    if (facts.status !== shown) {
      upsertSearchAttributes([{ key: SEARCH.status, value: facts.status }]);
      shown = facts.status;
    }
    for (const id of facts.unsentMails ?? []) if (!state.mailing.has(id)) void mail(state, id);

    if (facts.unsettled) {
      setCurrentDetails('The money is here; the places are being turned into tickets, or the money sent back.');
      await rows.settleOrder(input.orderId);
      continue;
    }
    if (facts.suspectPayments.length) {
      setCurrentDetails('A callback contradicted the payment; the provider is asked what is true.');
      for (const id of facts.suspectPayments) await payments.reconcilePayment(id, false);
      continue;
    }
    state.settledCalls = calls;
    if (facts.pendingRefunds.length) {
      setCurrentDetails(`Sending money back: ${facts.pendingRefunds.length} refund(s) at the payment provider.`);
      const made = await Promise.all(
        facts.pendingRefunds.map((id) => payments.makeRefund.executeWithOptions({ summary: `refund ${id}` }, [id])),
      );
      if (made.includes('pending')) {
        setCurrentDetails('The payment provider is working on the refund; asked again from time to time.');
        await wake(called, patience, 'ask about the refund again');
        patience = Math.min(patience * 2, 60 * MINUTE);
      }
      continue;
    }
    if (facts.status === 'pending') {
      const left = Date.parse(facts.expiresAt!) - Date.now();
      // After a rush thousands of holds end in the same seconds. Their ends are tidied up no faster than they were started: what is
      // urgent would wait behind them. The places are free in SQL since the hold's own end.
      const late = input.lateMs ?? 0;
      if (left > 0 || state.paying > 0) {
        setCurrentDetails(
          state.paying > 0
            ? 'A payment is being made at the provider.'
            : `Waits for the payment until ${facts.expiresAt}; then the places are free again.`,
        );
        await (state.paying > 0
          ? condition(() => state.paying === 0 || calledAgain(state, calls))
          : wake(called, left + late, `hold of ${input.code} ends`));
        continue;
      }
      // One question to the provider before the order is ended: a lost callback must not cost the buyer the seats.
      setCurrentDetails('The hold has ended; open payments are being closed.');
      if (facts.openPayments.length && (await closeQuickly(facts.openPayments))) continue;
      await rows.expireOrder(input.orderId, new Date().toISOString());
      continue;
    }
    if (facts.openPayments.length) {
      setCurrentDetails(`The order is ${facts.status}; open payments are being closed at the provider.`);
      const now = await Promise.all(
        facts.openPayments.map((id) => payments.reconcilePayment.executeWithOptions({ summary: `close payment ${id}` }, [id, true])),
      );
      if (now.every((status) => status === 'processing' || status === 'created')) {
        setCurrentDetails('The payment provider has not decided yet; asked again from time to time.');
        await wake(called, patience, 'ask about the payment again');
        patience = Math.min(patience * 2, 60 * MINUTE);
      }
      continue;
    }

    if (state.mailing.size) setCurrentDetails(`The order is ${facts.status}; its mail is being handed to the mail server.`);
    await condition(() => calledAgain(state, calls) || (allHandlersFinished() && state.mailing.size === 0));
    if (calledAgain(state, calls)) continue;
    // Saved histories of older code have no such fact.
    if ((facts.failedRefunds ?? 0) > 0) {
      setCurrentDetails('A refund was refused by the bank for good: pay the buyer back another way.');
      throw ApplicationFailure.nonRetryable('A refund was refused by the bank for good: pay the buyer back another way.', 'refund_failed');
    }
    if (state.undelivered) throw ApplicationFailure.nonRetryable('The mail server has not taken a mail in three days.', 'mail_undelivered');
    setCurrentDetails(`Done: the order is ${facts.status}.`);
    return facts.status;
  }
}

/** The facts, read after the last call. A payment made in this workflow task is waited for (seconds at most): it brings them along. */
async function look(input: OrderInput, state: State): Promise<Look> {
  if (state.payingHere) await condition(() => state.payingHere === 0);
  if (!state.told) {
    const calls = state.calls;
    const facts = await rows.readOrder(input.orderId);
    if (!state.told) return { facts, calls };
  }
  const told = state.told;
  state.told = undefined;
  return told;
}

const calledAgain = (state: State, calls: number) => state.calls > calls || state.told !== undefined;

/** Delivers one promised mail beside whatever else the order needs. Never throws. */
async function mail(state: State, id: string): Promise<void> {
  state.mailing.add(id);
  try {
    const sent = await deliverMail(id).catch(() => null);
    if (sent === null) await notifications.deliverMail.executeWithOptions({ summary: `mail ${id}` }, [id]);
  } catch (error) {
    if (!isCancellation(error)) state.undelivered++;
  } finally {
    state.mailing.delete(id);
  }
}

/** Asks the provider once, for a few seconds. True when that found captured money, so the order must not be ended. */
async function closeQuickly(ids: string[]): Promise<boolean> {
  const options = {
    summary: 'close payments at the end of the hold',
    scheduleToCloseTimeout: '10 seconds',
    startToCloseTimeout: '9 seconds',
  } as const;
  const told = await Promise.all(
    ids.map((id) => payments.reconcilePayment.executeWithOptions(options, [id, true]).catch(() => 'unknown' as const)),
  );
  return told.includes('succeeded');
}

/** The pay update: charge, then wait until the answer has been turned into tickets or a refund. */
async function takePayment(input: OrderInput, state: State, request: PayRequest): Promise<PayResult> {
  state.paying++;
  let charged: ChargeOutcome;
  try {
    // Saved histories of older code hold no such wish.
    const here = request.tryHere ? await payHere(input, state, request) : undefined;
    if (here && !here.facts.unsettled && !here.facts.suspectPayments.length) return answer(here.charged, here.facts);
    charged =
      here?.charged ??
      (await payments.chargeOrder.executeWithOptions({ summary: `charge ${input.code}` }, [
        input.orderId,
        request.method,
        request.attempt,
      ]));
  } finally {
    state.paying--;
    state.calls++;
  }
  if (charged.outcome === 'declined') return charged;
  if (charged.outcome === 'free') {
    await rows.settleOrder(input.orderId);
    state.calls++;
  }
  const mine = state.calls;
  await condition(() => state.settledCalls >= mine);
  return answer(charged, state.facts!);
}

/** Tries the payment inside this workflow task; undefined when it failed or this worker does not serve payments: the queue repeats it. */
async function payHere(input: OrderInput, state: State, request: PayRequest): Promise<Paid | undefined> {
  const calls = state.calls + 1; // the call that every payment ends with is answered by these facts
  state.payingHere++;
  try {
    const paid = await payOrder(input.orderId, request.method, request.attempt);
    if (paid) state.told = { facts: paid.facts, calls };
    return paid ?? undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return undefined;
  } finally {
    state.payingHere--;
  }
}

function answer(charged: ChargeOutcome, facts: OrderFacts): PayResult {
  if (charged.outcome === 'declined') return charged;
  if (facts.status === 'confirmed') return { outcome: 'confirmed' };
  if (charged.outcome === 'free') return { outcome: 'expired' };
  return { outcome: charged.outcome === 'succeeded' ? 'refunded' : charged.outcome };
}
