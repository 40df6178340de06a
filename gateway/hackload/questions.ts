// How often a payment provider is asked about one order, whoever makes us ask: strangers may count through numbers.
import { DomainError } from '../../services/shared/errors.ts';
import { createCache } from '../http/answers/lru.ts';

const A_MINUTE = 20;
const MAX_ORDERS = 20_000;

export type Questions = {
  /** Asks, unless the same is being asked already: then that answer is this one's too. Throws rate_limited. */
  ask<T>(orderId: string, what: string, question: () => Promise<T>): Promise<T>;
};

/** Each gateway counts alone: it is the provider's patience that is spared, and no right of anybody's that hangs on it. */
export function createQuestions(): Questions {
  const counts = createCache<{ asked: number; endsAt: number }>(MAX_ORDERS, Number.MAX_SAFE_INTEGER);
  const running = new Map<string, Promise<unknown>>();

  function count(orderId: string): void {
    const now = Date.now();
    const known = counts.get(orderId);
    const window = known && known.endsAt > now ? known : { asked: 0, endsAt: now + 60_000 };
    const retrySeconds = Math.ceil((window.endsAt - now) / 1000);
    if (window.asked >= A_MINUTE)
      throw new DomainError('rate_limited', `Asked about this booking too often: try again in ${retrySeconds} seconds.`, {
        limit: A_MINUTE,
        retrySeconds,
      });
    window.asked++;
    counts.set(orderId, window, 0);
  }

  return {
    async ask<T>(orderId: string, what: string, question: () => Promise<T>): Promise<T> {
      const key = `${what} ${orderId}`;
      const asked = running.get(key) as Promise<T> | undefined;
      if (asked) return asked;
      count(orderId);
      const answer = question().finally(() => running.delete(key));
      running.set(key, answer);
      return answer;
    },
  };
}
