// Fields that every API reads the same way: ids, moments, whole numbers, labels, phone numbers.
import { z } from 'zod';
import { textable } from '../../services/outbox/texts.ts';

export const id = z.guid().meta({ example: '550e8400-e29b-41d4-a716-446655440001' });

// Other years are written with a sign, which is no date-time any more. An offset can lead there too.
export const isWritable = (text: string) => new Date(text).getUTCFullYear() >= 1 && new Date(text).getUTCFullYear() <= 9999;

export const instant = z.iso
  .datetime({ offset: true })
  .refine(isWritable, 'must be in the years 1 to 9999 (UTC)')
  .meta({ example: '2024-07-15T18:00:00Z' });

export const label = (max: number) => z.string().trim().min(1).max(max);

/** A whole number in a query, once. Digits only: Number() also takes '', 0x10 and 1e3. */
export const whole = (min: number, max: number) =>
  z.preprocess((given) => (typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given), z.int().min(min).max(max));

/** The address of a new account. */
export const newEmail = z
  .string()
  .trim()
  .max(254)
  .check(z.email())
  .refine((text) => text.indexOf('@') <= 64, 'must have at most 64 characters before the @')
  .meta({ example: 'user@example.com' });

/** A password to be set. */
export const newPassword = z.string().min(8).max(128).meta({ example: 'SecurePass123!' });

/** With + and country code, as text messages need it: services/outbox/texts.ts `textable` has its plain form. */
export const phone = z
  .string()
  .max(40)
  .refine((text) => textable(text) !== undefined, 'must be an international number: +4512345678')
  .nullish();
