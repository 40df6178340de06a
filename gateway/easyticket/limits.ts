// EasyTicket's rate limits, as its seed gives them: calls an hour.
import type { Limit } from '../http/steps/limits.ts';

const seconds = 3600;

export const LIMITS = {
  anonymous: { name: 'anonymous', calls: 100, seconds, per: 'address' },
  authenticated: { name: 'authenticated', calls: 1000, seconds, per: 'account' },
  /** Signup and login, each with a bucket of its own: who has just signed up can still sign in. */
  signup: { name: 'signup', calls: 5, seconds, per: 'address' },
  login: { name: 'login', calls: 5, seconds, per: 'address' },
  /** As often as signing up: it sends mail to somebody as signing up does. */
  resend: { name: 'resend', calls: 5, seconds, per: 'address' },
  /** A page refreshes every five minutes, and many people share an address; a token cannot be guessed, and a spent one ends its sign-in. */
  refresh: { name: 'refresh', calls: 1000, seconds, per: 'address' },
  /** Guessing the present password with a token that was found is guessing, as signing in is. */
  password: { name: 'password', calls: 5, seconds, per: 'account' },
  payment: { name: 'payment', calls: 10, seconds, per: 'account' },
  /** A page of tickets asks for a hundred of them at once. */
  pictures: { name: 'pictures', calls: 3000, seconds, per: 'address' },
} as const satisfies Record<string, Limit>;
