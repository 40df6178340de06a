// All providers, opened from their settings: gateway, worker and net have the same.
import { type PaygateTerms, paygateProvider } from './paygate.ts';
import { PAYGATE, type Providers } from './provider.ts';
import { type StripeSettings, stripeProvider } from './stripe.ts';

/** Opens them. Opening calls nobody. */
export const openProviders = (settings: { stripe: StripeSettings; paygate: PaygateTerms }): Providers => ({
  stripe: stripeProvider(settings.stripe),
  [PAYGATE]: paygateProvider(settings.paygate),
});
