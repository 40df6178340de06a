// The Hackload API's rate limits. Its contract asks for limits against fraud, and for ten thousand requests a second: whoever buys is counted by account.
import type { Limit } from '../http/steps/limits.ts';

const seconds = 60;

export const LIMITS = {
  /** Calls that prove nobody: guesses. */
  public: { name: 'public', calls: 100, seconds, per: 'address' },
  /** Lists, answered from memory: thousands of buyers may share an address. */
  lists: { name: 'lists', calls: 1_000_000, seconds, per: 'address' },
  /** What a buyer reads of their own. */
  reading: { name: 'reading', calls: 600, seconds, per: 'account' },
  /** Attempts to get or give back seats, bookings and payments: more than hands can do, fewer than a robot would. */
  attempts: { name: 'attempts', calls: 300, seconds, per: 'account' },
  /** What organizers make. */
  making: { name: 'making', calls: 60, seconds, per: 'account' },
  /** Redirects from a payment page. Each makes us ask the payment gateway. */
  returns: { name: 'returns', calls: 300, seconds, per: 'address' },
  /** The payment gateway's posts, from a few addresses. One that is refused is sent again. */
  notifications: { name: 'notifications', calls: 6000, seconds, per: 'address' },
} as const satisfies Record<string, Limit>;
