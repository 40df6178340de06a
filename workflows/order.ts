// The life of one order after its claim: wait for the money, turn it into tickets or a refund, end the hold. Deterministic code only.
//
// The truth is in the rows. Signals, updates and timers only say "look again", so no order of arrival, repetition or loss of a message
// matters: the loop reads the facts and does the next duty they call for (duties.ts), until nothing is left to do. The loop alone acts; what
// takes its time at the provider runs beside it (errands.ts), and so does the mail.
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
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { OrderFacts } from '../services/orders/facts.ts';
import type { ChargeOutcome } from '../services/payments/payments.ts';
import { ALIGN, nextDuty, undecided } from './duties.ts';
import { createErrands, type Errands } from './errands.ts';
import { CHANGED, IN_STEP, type OrderInput, PAY, type PayRequest, type PayResult, SEARCH } from './messages.ts';
import { deliverMail, inventory, notifications, payments, payOrder, rows } from './orderAsks.ts';
import { wake } from './wake.ts';

const changed = defineSignal(CHANGED);
const pay = defineUpdate<PayResult, [PayRequest]>(PAY);
const inStep = defineUpdate<void>(IN_STEP);

/** One attempt to pay, as far as this run has brought it. */
type Press = { tried: boolean; charged?: ChargeOutcome; result?: PayResult };

type State = {
  input: OrderInput;
  /** How often somebody said "look again", and how many of these calls the facts answer. */
  calls: number;
  answered: number;
  facts: OrderFacts | undefined;
  /** By the attempt's id. */
  presses: Map<string, Press>;
  errands: Errands;
  /** The mails being delivered, however long it takes. */
  mailing: Set<string>;
  /** Mails the server has not taken in three days. */
  undelivered: number;
  /** The status that operators can search for. */
  shown: string;
};

export async function order(input: OrderInput): Promise<string> {
  const state = begin(input);
  setHandler(changed, () => call(state));
  setHandler(pay, ({ attempt }) => handIn(state, attempt));
  setHandler(inStep, () => becomesInStep(state));

  for (;;) {
    const facts = await look(state);
    show(state, facts);
    deliverMails(state, facts);
    answerPresses(state, facts);

    const { lateMs = 0 } = input;
    const { asking, again } = state.errands;
    const duty = nextDuty(facts, { now: Date.now(), lateMs, asking, again });
    switch (duty.do) {
      case 'settle':
        await settle(state);
        break;
      case 'ask':
        askAbout(state, duty.payments, { close: false });
        break;
      case 'refund':
        sendBack(state, duty.refunds);
        break;
      case 'align':
        bringInStep(state);
        break;
      case 'charge':
        await charge(state, duty.attempt);
        break;
      case 'close':
        askAbout(state, duty.payments, { close: true });
        break;
      case 'end':
        await endHold(state, duty.payments);
        break;
      case 'wait':
        await wait(state, duty);
        break;
      case 'done':
        if (await finish(state, facts)) return facts.status;
    }
  }
}

function begin(input: OrderInput): State {
  const state: State = {
    input,
    calls: 1,
    answered: 0,
    facts: undefined,
    presses: new Map(),
    errands: createErrands(() => call(state)),
    mailing: new Set(),
    undelivered: 0,
    shown: 'pending',
  };
  return state;
}

/** Something may have changed: the facts are to be read again. */
function call(state: State): void {
  state.calls++;
}

const isCalled = (state: State): boolean => state.calls > state.answered;

/** The pay update: the attempt is handed to the loop, whose answer is waited for. */
async function handIn(state: State, attempt: string): Promise<PayResult> {
  const press = pressOf(state, attempt);
  call(state);
  await condition(() => press.result !== undefined);
  return press.result!;
}

/** The update of who has changed an order of an external event, or is about to pay it: waits until its provider has it as it is now. */
async function becomesInStep(state: State): Promise<void> {
  call(state);
  const { calls } = state;
  await condition(() => state.answered >= calls && !state.facts!.behind);
}

function pressOf({ presses }: State, attempt: string): Press {
  const known = presses.get(attempt) ?? { tried: false };
  presses.set(attempt, known);
  return known;
}

/** The facts, read again if somebody called. A new press is decided on the way where it can be: one step of this workflow task for both. */
async function look(state: State): Promise<OrderFacts> {
  if (!isCalled(state)) return state.facts!;
  const charging = [...state.presses.keys()].some((id) => state.errands.asking.has(id));
  const untried = [...state.presses].find(([, press]) => !press.tried);
  if (untried && !charging && (await chargeHere(state, untried[0]))) return state.facts!;
  const { calls } = state; // whoever calls while the facts are being read is not answered by them
  return learn(state, await rows.readOrder(state.input.orderId), calls);
}

/** Takes in facts that answer so many calls. */
function learn(state: State, facts: OrderFacts, calls: number): OrderFacts {
  state.facts = facts;
  state.answered = calls;
  state.errands.keep(undecided(facts));
  return facts;
}

function show(state: State, { status }: OrderFacts): void {
  if (status === state.shown) return;
  upsertSearchAttributes([{ key: SEARCH.status, value: status }]);
  state.shown = status;
}

function deliverMails(state: State, { unsentMails }: OrderFacts): void {
  for (const id of unsentMails) if (!state.mailing.has(id)) void deliver(state, id);
}

/** Delivers one promised mail beside whatever else the order needs. Never throws. */
async function deliver(state: State, id: string): Promise<void> {
  state.mailing.add(id);
  try {
    const here = await deliverMail(id).catch(() => null);
    const outcome = here ?? (await notifications.deliverMail.executeWithOptions({ summary: `mail ${id}` }, [id]));
    if (outcome === 'refused') call(state); // how many were refused is one of the facts
  } catch (error) {
    if (!isCancellation(error)) state.undelivered++;
  } finally {
    state.mailing.delete(id);
  }
}

function answerPresses(state: State, facts: OrderFacts): void {
  for (const [attempt, press] of state.presses) press.result ??= answer(state, facts, attempt, press);
}

/** What became of an attempt; undefined while that is not known. */
function answer({ errands }: State, facts: OrderFacts, attempt: string, { tried, charged }: Press): PayResult | undefined {
  if (charged?.outcome === 'declined') return charged;
  if (facts.unsettled || facts.awaitsProvider || facts.suspectPayments.length) return undefined;
  if (facts.status === 'confirmed') return { outcome: 'confirmed' };
  if (charged?.outcome === 'succeeded') return { outcome: 'refunded' };
  if (charged?.outcome === 'free') return { outcome: 'expired' };
  if (charged) return { outcome: charged.outcome };

  // It was withdrawn, or the order ended first.
  const open = facts.status === 'pending' && facts.attempts.includes(attempt);
  if (!tried || open || errands.asking.has(attempt)) return undefined;
  return { outcome: facts.status === 'expired' ? 'expired' : 'not-payable' };
}

async function settle(state: State): Promise<void> {
  setCurrentDetails('The money is here; the places are being turned into tickets, or the money sent back.');
  await rows.settleOrder(state.input.orderId);
  call(state);
}

/** Decides an attempt: once inside this workflow task, then through the queue of the payments. */
async function charge(state: State, attempt: string): Promise<void> {
  if (await chargeHere(state, attempt)) return;
  const { orderId, code } = state.input;
  state.errands.send([attempt], async () => {
    pressOf(state, attempt).charged = await payments.chargeOrder.executeWithOptions({ summary: `charge ${code}` }, [orderId, attempt]);
    return true;
  });
}

/** The one try inside this workflow task. It brings the facts along; false when it failed, or this worker does not serve payments. */
async function chargeHere(state: State, attempt: string): Promise<boolean> {
  const press = pressOf(state, attempt);
  if (press.tried) return false;
  press.tried = true;
  const { calls } = state;
  try {
    const paid = await payOrder(state.input.orderId, attempt);
    if (!paid) return false;
    press.charged = paid.charged;
    learn(state, paid.facts, calls);
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}

function bringInStep(state: State): void {
  setCurrentDetails('The provider of the event’s places is being brought in step with the order.');
  const { orderId, code } = state.input;
  state.errands.send([ALIGN], () =>
    inventory.alignOrder.executeWithOptions({ summary: `bring the provider in step with ${code}` }, [orderId]),
  );
}

function askAbout({ errands }: State, ids: string[], { close }: { close: boolean }): void {
  errands.send(ids, async (id) => {
    const summary = `${close ? 'close' : 'ask about'} payment ${id}`;
    const status = await payments.reconcilePayment.executeWithOptions({ summary }, [id, close]);
    return status === 'succeeded' || status === 'cancelled';
  });
}

function sendBack({ errands }: State, ids: string[]): void {
  errands.send(ids, async (id) => (await payments.makeRefund.executeWithOptions({ summary: `refund ${id}` }, [id])) !== 'pending');
}

/** Ends the hold, unless a last question finds captured money: a lost callback must not cost the buyer the places. */
async function endHold(state: State, ids: string[]): Promise<void> {
  setCurrentDetails('The hold has ended; open payments are being closed.');
  const options = {
    summary: 'close payments at the end of the hold',
    scheduleToCloseTimeout: '10 seconds',
    startToCloseTimeout: '9 seconds',
  } as const;
  const told = await Promise.all(
    ids.map((id) => payments.reconcilePayment.executeWithOptions(options, [id, true]).catch(() => 'unknown' as const)),
  );
  if (!told.includes('succeeded')) await rows.expireOrder(state.input.orderId, new Date().toISOString());
  call(state);
}

/** Waits for a call, or for the time at which something falls due. */
async function wait(state: State, { until, why }: { until: number | null; why: string }): Promise<void> {
  const refusals = [...state.errands.refusals.values()].map((reason) => ` The payment provider refuses: ${reason}`);
  setCurrentDetails(why + refusals.join(''));
  if (until === null) await condition(() => isCalled(state));
  else await wake(() => isCalled(state), until - Date.now(), why);
  call(state); // time has passed, and rows change without a call too
}

/** Waits until the mails are gone and every update has its answer. True: the order's story is over; false: somebody called. */
async function finish(state: State, { status, failedRefunds, refusedMails = 0 }: OrderFacts): Promise<boolean> {
  if (state.mailing.size) setCurrentDetails(`The order is ${status}; its mail is being handed to the mail server.`);
  await condition(() => isCalled(state) || (allHandlersFinished() && state.mailing.size === 0));
  if (isCalled(state)) return false;

  if (failedRefunds > 0) {
    const why = 'A refund was refused by the bank. It is tried again later; if it stays so, pay the buyer back another way.';
    setCurrentDetails(why);
    throw ApplicationFailure.nonRetryable(why, 'refund_failed');
  }
  const lost = refusedMails + state.undelivered;
  setCurrentDetails(`Done: the order is ${status}.${lost ? ` Mails that will never arrive: ${lost}; see mails.refusal.` : ''}`);
  return true;
}
