// The loop of the workflows that know nothing by themselves: every round an activity reads the rows, does what is due and says when to
// come again. Lost, repeated or late calls only cost a round; killed or terminated, it goes on where it was.
import { continueAsNew, defineSignal, setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { CHANGED, type SEARCH } from './messages.ts';
import { wake } from './wake.ts';

/** Far below the engine's limits of 51,200 events and 10,000 signals in one run, and small enough to replay in a moment. */
const LONG_HISTORY = 2_000;

const changed = defineSignal(CHANGED);

export type Rounds<R> = {
  serve(): Promise<R>;
  /** What the round's outcome is to whoever watches. The attribute is written when it has changed. */
  show(round: R): { details: string; attribute: { key: (typeof SEARCH)['event' | 'status']; value: string } | undefined };
  /** Why it sleeps. */
  until: string;
  /** What the next run of a long history starts with. */
  input: unknown;
};

/** Serves rounds until one has nothing left to wait for (`waitMs` null) and nobody has called meanwhile; gives that last one. */
export async function rounds<R extends { waitMs: number | null }>({ serve, show, until, input }: Rounds<R>): Promise<R> {
  let calls = 1;
  setHandler(changed, () => {
    calls++;
  });
  let written: unknown;
  for (;;) {
    const seen = calls;
    const round = await serve();
    const { details, attribute } = show(round);
    if (attribute && attribute.value !== written) {
      upsertSearchAttributes([attribute]);
      written = attribute.value;
    }
    setCurrentDetails(details);
    if (round.waitMs === null) {
      if (calls > seen) continue;
      return round;
    }
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    if (historyLength > LONG_HISTORY || continueAsNewSuggested) await continueAsNew(input);
    if (round.waitMs > 0 && calls === seen) await wake(() => calls > seen, round.waitMs, until);
  }
}
