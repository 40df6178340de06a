// The door's rate limits, calls a minute: all gates of a house may share one account, and one address.
import type { Limit } from '../http/steps/limits.ts';

const seconds = 60;

export const LIMITS = {
  public: { name: 'public', calls: 300, seconds, per: 'address' },
  signIn: { name: 'sign-in', calls: 60, seconds, per: 'address' },
  scans: { name: 'scans', calls: 3_000, seconds, per: 'account' },
  reading: { name: 'reading', calls: 3_000, seconds, per: 'account' },
} as const satisfies Record<string, Limit>;
