// Errands: what the order's loop has done at the payment provider beside itself, each for as long as it takes and none twice at once.
import { rootCause } from '@temporalio/common';

const MINUTE = 60_000;
const LONGEST_PAUSE = 60 * MINUTE;

export type Errands = {
  /** The ids that are with the provider now. */
  asking: ReadonlySet<string>;
  /** When to ask again about what the provider has left undecided, in milliseconds since 1970. */
  again: ReadonlyMap<string, number>;
  /**
   * Why an errand failed for good, by its id. Repeating it seldom makes it better, and money may hang on it: it is shown, and asked about once
   * an hour, so that it heals where somebody mends what is in its way.
   */
  refusals: ReadonlyMap<string, string>;
  /** Forgets the pauses of everything but these ids: it is decided, and when it comes again it is asked about at once. */
  keep(undecided: string[]): void;
  /** Begins one errand for each id. `decide` says whether the provider has decided; if not, the pause before the next one grows. */
  send(ids: string[], decide: (id: string) => Promise<boolean>): void;
};

/** `ended` hears of the end of every errand. */
export function createErrands(ended: () => void): Errands {
  const asking = new Set<string>();
  const again = new Map<string, number>();
  const pauses = new Map<string, number>();
  const refusals = new Map<string, string>();

  async function run(id: string, decide: (id: string) => Promise<boolean>): Promise<void> {
    asking.add(id);
    try {
      const decided = await decide(id);
      refusals.delete(id);
      if (decided) return;
      const pause = pauses.get(id) ?? MINUTE;
      again.set(id, Date.now() + pause);
      pauses.set(id, Math.min(pause * 2, LONGEST_PAUSE));
    } catch (error) {
      refusals.set(id, rootCause(error) ?? 'refused');
      again.set(id, Date.now() + LONGEST_PAUSE);
    } finally {
      asking.delete(id);
      ended();
    }
  }

  return {
    asking,
    again,
    refusals,
    keep(undecided) {
      for (const id of again.keys()) {
        if (undecided.includes(id)) continue;
        again.delete(id);
        pauses.delete(id);
        refusals.delete(id);
      }
    },
    send(ids, decide) {
      for (const id of ids) void run(id, decide);
    },
  };
}
