// Which amounts Stripe takes, by currency, in our minor units: docs.stripe.com/currencies (special cases; minimum and maximum charge amounts).
import { exponent } from '../shared/money.ts';
import type { AmountLimits } from './provider.ts';

/** The least charges. Any other currency must be worth the least one of the bank account's own, which only Stripe knows. */
const LEAST: Record<string, number> = {
  ...{ USD: 50, AED: 200, ARS: 50, AUD: 50, BRL: 50, CAD: 50, CHF: 50, COP: 50, CZK: 1500, DKK: 250, EUR: 50, GBP: 30, HKD: 400 },
  ...{ HUF: 17_500, IDR: 50, ILS: 50, INR: 50, JPY: 50, KRW: 50, MXN: 1000, MYR: 200, NOK: 300, NZD: 50, PHP: 50, PLN: 200, RON: 200 },
  ...{ RUB: 50, SEK: 300, SGD: 50, THB: 1000, ZAR: 50 },
};

/** How many digits an amount may have, in the unit that Stripe counts in. */
const DIGITS: Record<string, number> = { IDR: 12, COP: 10, INR: 9 };

/** Currencies without decimals that Stripe's API still counts in hundredths, always whole ones. */
export const IN_HUNDREDTHS = new Set(['ISK', 'UGX']);

/** What Stripe takes of a currency. Of three decimals the last must be 0. */
export function stripeAmounts(currency: string): AmountLimits {
  const most = 10 ** (DIGITS[currency] ?? 8) - 1;
  const stepMinor = exponent(currency) === 3 ? 10 : 1;
  return { leastMinor: LEAST[currency] ?? stepMinor, mostMinor: IN_HUNDREDTHS.has(currency) ? Math.floor(most / 100) : most, stepMinor };
}

/** An amount in the unit that Stripe counts the currency in: 42000, USD -> 42000; 5000, ISK -> 500000. */
export const toStripe = (minor: number, currency: string): number => (IN_HUNDREDTHS.has(currency) ? minor * 100 : minor);
