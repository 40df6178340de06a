// Which prices can be paid at all: found out when an event is made, and not by its buyers.
import { decimal } from '../shared/money.ts';
import type { AmountLimits, Providers } from './provider.ts';

/** What is wrong with a price, in a sentence; undefined where some provider takes it. What is free asks no provider. */
export function priceFault(providers: Providers, minor: number, currency: string): string | undefined {
  if (minor === 0) return undefined;
  const faults = Object.values(providers).map((provider) => fault(provider.amounts(currency), minor, currency));
  return faults.includes(undefined) ? undefined : faults[0];
}

function fault({ leastMinor, mostMinor, stepMinor }: AmountLimits, minor: number, currency: string): string | undefined {
  const said = (amount: number) => `${decimal(amount, currency)} ${currency}`;
  if (minor < leastMinor) return `A price is nothing at all, or at least ${said(leastMinor)}: less cannot be paid.`;
  if (minor > mostMinor) return `At most ${said(mostMinor)} can be paid at once.`;
  if (minor % stepMinor) return `Prices in ${currency} come in steps of ${said(stepMinor)}: ${said(minor)} cannot be paid.`;
  return undefined;
}
