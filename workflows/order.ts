// The life of one order after its claim: wait for the money, turn it into tickets or a refund, end the hold. Deterministic code only.
//
// The truth is in the rows. Signals and timers only say "look again", so no order of arrival, repetition or loss of a message matters:
// whatever wakes this, it reads the facts and does the next thing they call for, until nothing is left to do.
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { OrderActivities } from '../activities/orders.ts';
import type { PaymentActivities } from '../activities/payments.ts';
import type { OrderFacts } from '../services/orders.ts';
import { CHANGED, type OrderInput, PAY, type PayRequest, type PayResult, type Queue, SEARCH } from './messages.ts';

const rows = proxyLocalActivities<OrderActivities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});
const payments = proxyActivities<PaymentActivities>({
  taskQueue: 'payments' satisfies Queue,
  startToCloseTimeout: '90 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
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
};

export async function order(input: OrderInput): Promise<string> {
  const state: State = { calls: 1, paying: 0, settledCalls: 0, facts: undefined };
  setHandler(changed, () => {
    state.calls++;
  });
  setHandler(pay, (request) => takePayment(input, state, request));

  let shown = 'pending';
  let patience = MINUTE;
  for (;;) {
    const calls = state.calls;
    const facts = await rows.readOrder(input.orderId);
    state.facts = facts;
    if (facts.status !== shown) {
      upsertSearchAttributes([{ key: SEARCH.status, value: facts.status }]);
      shown = facts.status;
    }

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
        await wake(state, calls, patience, 'ask about the refund again');
        patience = Math.min(patience * 2, 60 * MINUTE);
      }
      continue;
    }
    if (facts.status === 'pending') {
      const left = Date.parse(facts.expiresAt!) - Date.now();
      if (left > 0 || state.paying > 0) {
        setCurrentDetails(
          state.paying > 0
            ? 'A payment is being made at the provider.'
            : `Waits for the payment until ${facts.expiresAt}; then the places are free again.`,
        );
        await (state.paying > 0
          ? condition(() => state.paying === 0 || state.calls > calls)
          : wake(state, calls, left, `hold of ${input.code} ends`));
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
        await wake(state, calls, patience, 'ask about the payment again');
        patience = Math.min(patience * 2, 60 * MINUTE);
      }
      continue;
    }

    await condition(() => state.calls > calls || allHandlersFinished());
    if (state.calls > calls) continue;
    // Saved histories of older code have no such fact.
    if ((facts.failedRefunds ?? 0) > 0) {
      setCurrentDetails('A refund was refused by the bank for good: pay the buyer back another way.');
      throw ApplicationFailure.nonRetryable('A refund was refused by the bank for good: pay the buyer back another way.', 'refund_failed');
    }
    setCurrentDetails(`Done: the order is ${facts.status}.`);
    return facts.status;
  }
}

/** Sleeps at most so long, or until somebody says "look again". */
async function wake(state: State, calls: number, ms: number, summary: string): Promise<void> {
  const scope = new CancellationScope();
  const called = condition(() => state.calls > calls || state.paying > 0);
  await scope.run(() => Promise.race([sleep(ms, { summary }), called]));
  scope.cancel(); // takes the timer away when the call came first
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

/** The pay update: charge, then wait until the main loop has turned the answer into tickets or a refund. */
async function takePayment(input: OrderInput, state: State, request: PayRequest): Promise<PayResult> {
  state.paying++;
  let charged: Awaited<ReturnType<PaymentActivities['chargeOrder']>>;
  try {
    charged = await payments.chargeOrder.executeWithOptions({ summary: `charge ${input.code}` }, [
      input.orderId,
      request.method,
      request.attempt,
    ]);
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
  if (state.facts!.status === 'confirmed') return { outcome: 'confirmed' };
  if (charged.outcome === 'free') return { outcome: 'expired' };
  return { outcome: charged.outcome === 'succeeded' ? 'refunded' : charged.outcome };
}
