// Evently's rate limits, as its seed gives them: calls a minute.
import type { Limit } from '../http/steps/limits.ts';

const seconds = 60;

export const LIMITS = {
  public: { name: 'public', calls: 100, seconds, per: 'address' },
  // The seed counts sign-in as public. It has a bucket of its own with the same figures, so that who looks around can still sign in.
  signIn: { name: 'sign-in', calls: 100, seconds, per: 'address' },
  authenticated: { name: 'authenticated', calls: 200, seconds, per: 'account' },
  booking: { name: 'booking', calls: 10, seconds, per: 'account' },
  admin: { name: 'admin', calls: 1000, seconds, per: 'account' },
} as const satisfies Record<string, Limit>;
