// Which prices can be paid at all: found out when an event is made, and not by its buyers.
import { type RawBuilder, sql } from 'kysely';
import { decimal } from '../shared/money.ts';
import type { AmountLimits, Providers } from './provider.ts';

/** The greatest amounts that some provider takes at once, in minor units: `by` currency where it is not the usual one. */
export type MostAtOnce = { usual: number; by: Record<string, number> };

/** What can be paid at once, for claims: an order of several items may come to more than each of them. Undefined without any provider. */
export function mostAtOnce(providers: Providers): MostAtOnce | undefined {
  const all = Object.values(providers);
  if (!all.length) return undefined;
  const most = (currency: string) => Math.max(...all.map((provider) => provider.amounts(currency).mostMinor));
  const usual = most('USD');
  const other = Intl.supportedValuesOf('currency').filter((currency) => most(currency) !== usual);
  return { usual, by: Object.fromEntries(other.map((currency) => [currency, most(currency)])) };
}

/** The most that can be paid at once in the currency of a column, in minor units. One text, because a claim is compiled anew each time. */
export function mostIn({ usual, by }: MostAtOnce, column: 'currency' | 'o.currency'): RawBuilder<number> {
  const others = Object.entries(by).map(([currency, minor]) => `when '${currency}' then ${minor}`);
  return sql`${sql.raw(others.length ? `case ${column} ${others.join(' ')} else ${usual} end` : `${usual}`)}::bigint`;
}

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
