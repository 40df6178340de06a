// Money for people. The core counts integer minor units; only text and wire formats show decimals.
import { type RawBuilder, sql } from 'kysely';

/**
 * Decimals by ISO 4217 where they are not two (the ariary's fifths are no decimals). Not from Intl: that tells how amounts are commonly
 * written (none for HUF, IDR, COP, PKR, ...), changes between releases, and is not what a provider counts in.
 */
const DECIMALS: Record<string, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};
const exponents = new Map(Object.entries(DECIMALS).flatMap(([e, codes]) => codes.split(' ').map((code) => [code, Number(e)])));

/** How many decimals a currency has (USD 2, JPY 0, KWD 3). */
export const exponent = (currency: string): number => exponents.get(currency) ?? 2;

/** The same in SQL, for comparing prices of events with a number: 50000, USD -> 500.00, exact. */
export const inUnits = (minor: RawBuilder<unknown>, currency: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`(${minor}::numeric / case ${sql.join(
    Object.entries(DECIMALS).map(
      ([e, codes]) => sql`when ${currency} = any(${sql.lit(`{${codes.replaceAll(' ', ',')}}`)}) then ${sql.lit(10 ** Number(e))}`,
    ),
    sql` `,
  )} else 100 end)`;

/** 50000, USD -> "500.00". Exact: the digits are moved, never divided. */
export function decimal(minor: number, currency: string): string {
  const e = exponent(currency);
  const digits = String(Math.abs(minor)).padStart(e + 1, '0');
  const text = e ? `${digits.slice(0, -e)}.${digits.slice(-e)}` : digits;
  return minor < 0 ? `-${text}` : text;
}

/** "500.00" or 500.5, USD -> 50000, 50050. Throws RangeError where the amount has more decimals than the currency. */
export function minor(amount: number | string, currency: string): number {
  const e = exponent(currency);
  const match = /^(\d{1,12})(?:\.(\d*))?$/.exec(String(amount));
  const fraction = (match?.[2] ?? '').replace(/0+$/, '');
  if (!match || fraction.length > e) throw new RangeError(`not an amount of ${currency}`);
  return Number(match[1] + fraction.padEnd(e, '0'));
}

/**
 * An amount in minor units as cards can move it, rounded half up: three-decimal currencies end in 0, as Stripe demands and the card
 * networks do. All others stay as they are.
 */
export const payable = (minor: number, currency: string): number => (exponent(currency) === 3 ? Math.floor((minor + 5) / 10) * 10 : minor);

/** The same in SQL, of a bigint. */
export const payableOf = (minor: RawBuilder<unknown>, currency: RawBuilder<unknown>): RawBuilder<number> =>
  sql<number>`(case when ${currency} = any(${sql.lit(`{${DECIMALS[3]!.replaceAll(' ', ',')}}`)}) then ((${minor}) + 5) / 10 * 10 else ${minor} end)`;
