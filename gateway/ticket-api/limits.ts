// The Ticket API's rate limits. Its seed names none; these are as the other APIs have them. A door scans quickly.
import type { Limit } from '../http/steps/limits.ts';

const seconds = 60;

export const LIMITS = {
  public: { name: 'public', calls: 100, seconds, per: 'address' },
  booking: { name: 'booking', calls: 10, seconds, per: 'account' },
  checkIn: { name: 'check-in', calls: 600, seconds, per: 'account' },
  // Few, because each tells whether an address has an account.
  blocks: { name: 'blocks', calls: 60, seconds, per: 'account' },
  pictures: { name: 'pictures', calls: 600, seconds, per: 'address' },
} as const satisfies Record<string, Limit>;
