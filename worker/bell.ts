// What a loop waits for: to be rung, or for some time.

export type Bell = {
  ring(): void;
  /** Resolves when it is rung, or after so many milliseconds. One waits at a time. */
  rung(ms?: number): Promise<void>;
};

/** Makes a bell. A ring that comes while nobody waits is kept for the next wait. */
export function createBell(): Bell {
  let kept = false;
  let wake: (() => void) | undefined;

  return {
    ring() {
      if (wake) wake();
      else kept = true;
    },
    rung(ms) {
      return new Promise((resolve) => {
        const timer = ms === undefined ? undefined : setTimeout(() => wake?.(), ms);
        wake = () => {
          clearTimeout(timer);
          wake = undefined;
          kept = false;
          resolve();
        };
        if (kept) wake();
      });
    },
  };
}
