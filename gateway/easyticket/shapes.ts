// What several of EasyTicket's resources share: how times, money and flags are written and read.
import { z } from 'zod';
import { decimal, minor } from '../../services/shared/money.ts';

/** Times are written to the second: 2025-12-15T18:00:00Z. Cut, not rounded: a deadline is never shown later than it is. */
export const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

export const timeOrNull = (date: Date | null): string | null => date && time(date);

/** Money on EasyTicket's wire is text, "420.00"; the few figures that are numbers there use `amount`. */
export const money = decimal;

/** 42000, USD -> 420. For the payment's figures only, which the seed has as numbers. */
export const amount = (minorUnits: number, currency: string): number => Number(decimal(minorUnits, currency));

/** An answer that only says what was done. */
export const Message = z.object({ message: z.string() }).meta({ id: 'Message' });

/** Money in an answer. */
export const Money = z.string().meta({ example: '420.00' });

/** A price in a body: 150, 150.5 or "150.00". Its currency, and so its decimals, is known later: `priceMinor`. */
export const Price = z
  .union([z.number().min(0).max(999_999_999_999), z.string().regex(/^\d{1,12}(\.\d{1,4})?$/, 'must be an amount, as 150.00')])
  .meta({ example: '150.00' });

/** A price of this currency in minor units; undefined where it has more decimals than the currency. */
export function priceMinor(price: number | string, currency: string): number | undefined {
  try {
    return minor(price, currency);
  } catch {
    return undefined;
  }
}

/** true or false in a query, in any of the spellings that programs use. */
export const flag = z
  .enum(['true', 'false', 'True', 'False', '1', '0'])
  .transform((text) => ['true', 'True', '1'].includes(text))
  .meta({ override: { type: 'string', enum: ['true', 'false', 'True', 'False', '1', '0'] } });

/** Routes for organizers, and for admins, with the seed's sentence for everybody else. */
export const ORGANIZERS = { access: 'organizer', wrongRole: 'Only organizers can access this endpoint.' } as const;
export const ADMINS = { access: 'admin', wrongRole: 'Only administrators can access this endpoint.' } as const;
