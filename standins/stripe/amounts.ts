// Which amounts Stripe takes: the least and the greatest of each currency, and the steps they come in.
// As docs.stripe.com/currencies has them (special cases; minimum and maximum charge amounts).
import { invalid } from './errors.ts';
import { type Form, integer } from './form.ts';
import { money } from './wire.ts';

/** The least charges, in the unit the API counts in. Any other currency must be worth the least one of the bank account's own. */
const LEAST: Record<string, number> = {
  usd: 50,
  aed: 200,
  ars: 50,
  aud: 50,
  brl: 50,
  cad: 50,
  chf: 50,
  cop: 50,
  czk: 1500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  idr: 50,
  ils: 50,
  inr: 50,
  jpy: 50,
  krw: 50,
  mxn: 1000,
  myr: 200,
  nok: 300,
  nzd: 50,
  php: 50,
  pln: 200,
  ron: 200,
  rub: 50,
  sek: 300,
  sgd: 50,
  thb: 1000,
  zar: 50,
};

/** How many digits an amount may have. */
const DIGITS: Record<string, number> = { idr: 12, cop: 10, inr: 9 };
const greatest = (currency: string): number => 10 ** (DIGITS[currency] ?? 8) - 1;

/** Three decimals, of which the last must be 0; and none, counted in hundredths as if there were two. */
const STEP: Record<string, number> = { bhd: 10, jod: 10, kwd: 10, omr: 10, tnd: 10, isk: 100, ugx: 100 };

const currencies = new Set(Intl.supportedValuesOf('currency'));

export function validCurrency(given: string): string {
  const currency = given.toLowerCase();
  if (!currencies.has(currency.toUpperCase())) throw invalid(`Invalid currency: ${given}.`, { param: 'currency' });
  return currency;
}

/** The amount of a charge. */
export function validAmount(form: Form, currency: string): number {
  const amount = integer(form, 'amount') ?? 0;
  if (amount < 1) throw invalid('This value must be greater than or equal to 1.', { code: 'parameter_invalid_integer', param: 'amount' });
  const [least, most] = [LEAST[currency] ?? 1, greatest(currency)];
  if (amount < least)
    throw invalid(`Amount must be at least ${money(least, currency)} ${currency}`, { code: 'amount_too_small', param: 'amount' });
  if (amount > most)
    throw invalid(`Amount must be no more than ${money(most, currency)} ${currency}`, { code: 'amount_too_large', param: 'amount' });
  assertStep(amount, currency);
  return amount;
}

/** Charges and refunds come in the currency's steps. */
export function assertStep(amount: number, currency: string): void {
  const step = STEP[currency] ?? 1;
  if (amount % step === 0) return;
  const message = `Invalid amount: in ${currency} it must be evenly divisible by ${step}.`;
  throw invalid(message, { code: 'parameter_invalid_integer', param: 'amount' });
}
