// Which prices can be paid at all: found out when an event is made, and not by its buyers.
import { type RawBuilder, sql } from 'kysely';
import { decimal } from '../shared/money.ts';
import type { AmountLimits, PaymentProvider, Providers } from './provider.ts';

/**
 * The greatest amounts that some provider takes at once, in minor units: `by` currency where it is not the usual one. `named`: those of events
 * that have a provider of their own, by their numbers, in whatever currency.
 */
export type MostAtOnce = { usual: number; by: Record<string, number>; named: { events: number[]; minor: number }[] };

/** The providers of an event that nobody has named. */
function usualOf(providers: Providers): PaymentProvider[] {
  const all = Object.values(providers);
  const ofAll = all.filter(({ events }) => events === 'all');
  return ofAll.length ? ofAll : all.filter(({ events }) => !events);
}

/** What can be paid at once, for claims: an order of several items may come to more than each of them. Undefined without any provider. */
export function mostAtOnce(providers: Providers): MostAtOnce | undefined {
  const all = usualOf(providers);
  if (!all.length) return undefined;
  const most = (currency: string) => Math.max(...all.map((provider) => provider.amounts(currency).mostMinor));
  const usual = most('USD');
  const other = Intl.supportedValuesOf('currency').filter((currency) => most(currency) !== usual);
  const named = Object.values(providers).flatMap(({ events, amounts }) =>
    events && events !== 'all' && events.size ? [{ events: [...events], minor: amounts('USD').mostMinor }] : [],
  );
  return { usual, by: Object.fromEntries(other.map((currency) => [currency, most(currency)])), named };
}

/** Where an event's number is to be found beside each of the columns. */
const NUMBER = { currency: 'number', 'o.currency': '(select n.number from events n where n.id = o.event_id)' };

/** The most that can be paid at once in the currency of a column, in minor units. One text, because a claim is compiled anew each time. */
export function mostIn({ usual, by, named }: MostAtOnce, column: keyof typeof NUMBER): RawBuilder<number> {
  const others = [
    ...named.map(({ events, minor }) => `when ${NUMBER[column]} in (${events.join(', ')}) then ${minor}`),
    ...Object.entries(by).map(([currency, minor]) => `when ${column} = '${currency}' then ${minor}`),
  ];
  return sql`${sql.raw(others.length ? `case ${others.join(' ')} else ${usual} end` : `${usual}`)}::bigint`;
}

/** What is wrong with a price, in a sentence; undefined where some provider takes it. What is free asks no provider. */
export function priceFault(providers: Providers, minor: number, currency: string): string | undefined {
  if (minor === 0) return undefined;
  const faults = usualOf(providers).map((provider) => fault(provider.amounts(currency), minor, currency));
  return faults.includes(undefined) ? undefined : faults[0];
}

function fault({ leastMinor, mostMinor, stepMinor }: AmountLimits, minor: number, currency: string): string | undefined {
  const said = (amount: number) => `${decimal(amount, currency)} ${currency}`;
  if (minor < leastMinor) return `A price is nothing at all, or at least ${said(leastMinor)}: less cannot be paid.`;
  if (minor > mostMinor) return `At most ${said(mostMinor)} can be paid at once.`;
  if (minor % stepMinor) return `Prices in ${currency} come in steps of ${said(stepMinor)}: ${said(minor)} cannot be paid.`;
  return undefined;
}
