// What Stripe's refusals mean, told by their type and code (docs.stripe.com/error-codes).
import Stripe from 'stripe';

/**
 * passing: the outcome is open, and another try finds it out. unfunded: our balance does not cover it yet. ours: keys or account are wrong, which
 * an operator can mend, so it is tried again. final: so it stays, however often it is asked. other: none of Stripe's.
 */
export type Meaning = 'passing' | 'unfunded' | 'ours' | 'final' | 'other';

const BY_CODE: Partial<Record<string, Meaning>> = {
  balance_insufficient: 'unfunded',
  insufficient_funds: 'unfunded',
  lock_timeout: 'passing',
  rate_limit: 'passing',
  account_invalid: 'ours',
  api_key_expired: 'ours',
  platform_api_key_expired: 'ours',
  secret_key_required: 'ours',
  livemode_mismatch: 'ours',
  testmode_charges_only: 'ours',
  tls_version_unsupported: 'ours',
};

/** What the error means for the one request that met it. */
export function meaningOf(error: unknown): Meaning {
  if (!(error instanceof Stripe.errors.StripeError)) return 'other';
  const status = error.statusCode ?? 0;
  if (status === 0 || status >= 500 || status === 429 || status === 409) return 'passing';
  if (status === 401 || status === 403) return 'ours';
  // A card without the funds is a declined card, not our balance.
  if (error instanceof Stripe.errors.StripeCardError) return 'final';
  const known = error.code && BY_CODE[error.code];
  return known || (error instanceof Stripe.errors.StripeInvalidRequestError ? 'final' : 'ours');
}
