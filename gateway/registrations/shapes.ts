// Names as the Registrations API takes them, and how it writes times.
import { z } from 'zod';

/** What names a thing or a person: one line of text. */
export const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => !/\p{Cc}/u.test(text), 'must not have control characters');

/** 2025-01-15T10:30:00Z, to the second. */
export const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** The same; null where there is none. */
export const timeOrNull = (date: Date | null): string | null => date && time(date);
