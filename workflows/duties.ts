// What is to be done next for an order, told from its facts and the clock. Pure: no rows are read, no engine is needed to test it.
import type { OrderFacts } from '../services/orders/facts.ts';

/** What the order's loop knows beside the rows. Times are milliseconds since 1970, ids those of attempts, payments and refunds. */
export type Clock = {
  now: number;
  /** How much later than the hold's end it is tidied up, where nothing wakes the loop before (`OrderInput.lateMs`). */
  lateMs: number;
  /** What the provider is being asked about now. */
  asking: ReadonlySet<string>;
  /** What the provider has left undecided, and when it is to be asked again. */
  again: ReadonlyMap<string, number>;
};

export type Duty =
  /** Turn captured money into tickets or a refund. */
  | { do: 'settle' }
  /** Ask the provider about payments that a callback contradicted, and capture what it has set aside. */
  | { do: 'ask'; payments: string[] }
  /** Send owed money back. */
  | { do: 'refund'; refunds: string[] }
  /** Bring the provider of an external event in step with the order. */
  | { do: 'align' }
  /** Decide one attempt to pay. */
  | { do: 'charge'; attempt: string }
  /** Close payments that an order which is over still has open. */
  | { do: 'close'; payments: string[] }
  /** End the hold, after one last question about these payments. */
  | { do: 'end'; payments: string[] }
  /** Nothing until then, or until something is written; `until` null: what is under way tells when it is over. */
  | { do: 'wait'; until: number | null; why: string }
  /** Nothing ever again, unless something is written. */
  | { do: 'done' };

/** What the errand to the provider of an external event is called among those of payments and refunds. */
export const ALIGN = 'align';

/** The next duty. What is with the provider is not asked about a second time, and holds up nothing but a charge the hold's end. */
export function nextDuty(facts: OrderFacts, clock: Clock): Duty {
  const due = (ids: string[]) => ids.filter((id) => !clock.asking.has(id) && (clock.again.get(id) ?? 0) <= clock.now);
  const open = facts.status === 'pending';
  const charging = facts.attempts.some((id) => clock.asking.has(id));

  if (facts.unsettled) return { do: 'settle' };

  const suspects = due(facts.suspectPayments);
  if (suspects.length) return { do: 'ask', payments: suspects };

  const refunds = due(facts.pendingRefunds);
  if (refunds.length) return { do: 'refund', refunds };

  if (facts.behind && due([ALIGN]).length) return { do: 'align' };

  // One at a time: the second of two presses often finds the order paid. Places of an external event are submitted to their provider first.
  const [attempt] = due(facts.attempts);
  if (open && attempt && !charging && !facts.behind) return { do: 'charge', attempt };

  // Money that waits for the provider's word holds the places: its hold has no end.
  if (open && !charging && !facts.awaitsProvider) return holdDuty(facts, clock);

  const left = open ? [] : due(facts.openPayments);
  if (left.length) return { do: 'close', payments: left };

  const rest = undecided(facts);
  if (clock.asking.size || rest.length) return { do: 'wait', until: nextAgain(rest, clock), why: waitsFor(facts, charging) };
  return { do: 'done' };
}

/** What only the provider can decide. A payment that is open while its order waits for money is as it should be; presses are what matters then. */
export function undecided(facts: OrderFacts): string[] {
  const payments = facts.status === 'pending' ? facts.attempts : facts.openPayments;
  return [...facts.suspectPayments, ...facts.pendingRefunds, ...payments, ...(facts.behind ? [ALIGN] : [])];
}

/** A hold that nobody is paying for at the moment: it is waited for, then ended. */
function holdDuty(facts: OrderFacts, clock: Clock): Duty {
  const ends = Date.parse(facts.expiresAt!);
  if (ends <= clock.now) return { do: 'end', payments: facts.openPayments };
  // After a rush thousands of holds end in the same seconds. They are tidied up no faster than they were started, or what is urgent would
  // wait behind them. The places are free in SQL since the hold's own end.
  const tidied = ends + clock.lateMs;
  const asked = nextAgain(undecided(facts), clock) ?? tidied;
  return {
    do: 'wait',
    until: Math.min(tidied, asked),
    why: `Waits for the payment until ${facts.expiresAt}; then the places are free again.`,
  };
}

/** The first of the times at which the provider is to be asked again about one of these. */
function nextAgain(ids: string[], { asking, again }: Clock): number | null {
  const times = ids.flatMap((id) => (asking.has(id) ? [] : (again.get(id) ?? [])));
  return times.length ? Math.min(...times) : null;
}

function waitsFor({ pendingRefunds, behind }: OrderFacts, charging: boolean): string {
  if (charging) return 'A payment is being made at the provider.';
  if (behind) return 'The provider of the event’s places is brought in step; asked again until it answers.';
  return `The payment provider has not decided about a ${pendingRefunds.length ? 'refund' : 'payment'} yet; asked again from time to time.`;
}
