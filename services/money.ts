// Money for people. The core counts integer minor units; only text and wire formats show decimals.
const exponents = new Map<string, number>();

/** How many decimals a currency has (USD 2, JPY 0, KWD 3), as ISO 4217 says through Intl. */
export function exponent(currency: string): number {
  let e = exponents.get(currency);
  if (e === undefined) {
    e = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
    exponents.set(currency, e);
  }
  return e;
}

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
