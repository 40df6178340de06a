// The Registrations API's rate limits: general and bulk are the seed's, for each key by itself.
import type { Limit } from '../http/steps/limits.ts';

const seconds = 60;

export const LIMITS = {
  /** Calls that bring no key, or none that is good: guesses. */
  public: { name: 'public', calls: 100, seconds, per: 'address' },
  general: { name: 'general', calls: 1000, seconds, per: 'key' },
  bulk: { name: 'bulk', calls: 100, seconds, per: 'key' },
  /** Making and ending keys, by people. */
  keys: { name: 'keys', calls: 60, seconds, per: 'account' },
} as const satisfies Record<string, Limit>;
