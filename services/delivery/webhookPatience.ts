// When a delivery is tried again: the pauses that the Standard Webhooks specification names, ten tries in a little over three days.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Before the second try, the third, and so on. */
const PAUSES = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/** A pause is longer by up to this share, so that what failed together does not come again together. */
const JITTER = 0.2;

/** A receiver may ask for a longer pause than ours, but for no more than a day. */
const LONGEST_ASKED = 24 * HOUR;

/**
 * The pause in milliseconds after `tried` tries of which none succeeded; null once that was the last. What the receiver asks for (Retry-After)
 * is kept to where it is longer. `chance`: 0 to 1.
 */
export function pauseAfter(tried: number, retryAfterMs: number | null, chance: number): number | null {
  const pause = PAUSES[tried - 1];
  if (pause === undefined) return null;
  return Math.round(Math.max(pause, Math.min(retryAfterMs ?? 0, LONGEST_ASKED)) * (1 + JITTER * chance));
}
