// Errands: what the order's loop has done at the payment provider beside itself, each for as long as it takes and none twice at once.

const MINUTE = 60_000;
const LONGEST_PAUSE = 60 * MINUTE;

export type Errands = {
  /** The ids that are with the provider now. */
  asking: ReadonlySet<string>;
  /** When to ask again about what the provider has left undecided, in milliseconds since 1970. */
  again: ReadonlyMap<string, number>;
  /** Forgets the pauses of everything but these ids: it is decided, and when it comes again it is asked about at once. */
  keep(undecided: string[]): void;
  /** Throws what ended an errand for good: repeating it cannot make it better. */
  throwFailure(): void;
  /** Begins one errand for each id. `decide` says whether the provider has decided; if not, the pause before the next one grows. */
  send(ids: string[], decide: (id: string) => Promise<boolean>): void;
};

/** `ended` hears of the end of every errand. */
export function createErrands(ended: () => void): Errands {
  const asking = new Set<string>();
  const again = new Map<string, number>();
  const pauses = new Map<string, number>();
  const failures: unknown[] = [];

  async function run(id: string, decide: (id: string) => Promise<boolean>): Promise<void> {
    asking.add(id);
    try {
      if (await decide(id)) return;
      const pause = pauses.get(id) ?? MINUTE;
      again.set(id, Date.now() + pause);
      pauses.set(id, Math.min(pause * 2, LONGEST_PAUSE));
    } catch (error) {
      failures.push(error);
    } finally {
      asking.delete(id);
      ended();
    }
  }

  return {
    asking,
    again,
    keep(undecided) {
      for (const id of again.keys()) {
        if (undecided.includes(id)) continue;
        again.delete(id);
        pauses.delete(id);
      }
    },
    throwFailure() {
      if (failures.length) throw failures[0];
    },
    send(ids, decide) {
      for (const id of ids) void run(id, decide);
    },
  };
}
