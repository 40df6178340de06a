// Codes for people, made from what identifies a thing. They are derived whenever they are shown, and never stored.
import { sql } from 'kysely';

type Numbered = { number: number; created_at: Date };

const day = (at: Date): string => at.toISOString().slice(0, 10).replaceAll('-', '');

/** An order's code: the day it was made (UTC) and its number, 2024011500001. Who shows it to buyers puts a prefix before it. */
export const orderCode = (order: Numbered): string => day(order.created_at) + String(order.number).padStart(5, '0');

/** A code that is read aloud in parts: `OE-` gives OE-20240115-0001. */
export const dashedCode = (prefix: string, { number, created_at }: Numbered): string =>
  `${prefix}${day(created_at)}-${String(number).padStart(4, '0')}`;

/**
 * An order's code as its buyer sees it, in answers, mails and on tickets alike: under the prefix it was placed with, else under the `house`'s.
 * A prefix that ends in a dash sets the number apart by one, too.
 */
export function buyersCode(order: Numbered & { code_prefix: string | null }, house: string): string {
  const prefix = order.code_prefix ?? house;
  return prefix.endsWith('-') ? dashedCode(prefix, order) : prefix + orderCode(order);
}

/** A participant's registration, as its organizer's programs know it: reg-123. */
export const registrationCode = (order: { number: number }): string => `reg-${order.number}`;

/** The same as a statement makes it of the order with this alias. */
export const registrationCodeIn = (alias: string) => sql<string>`'reg-' || ${sql.ref(`${alias}.number`)}`;

/** The number in such a code; undefined for a text that is none. */
export function registrationNumber(code: string): number | undefined {
  const digits = /^reg-([1-9]\d{0,14})$/.exec(code)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
