// What several of Evently's resources share: ids, times, paging, phone numbers and the envelopes of answers.
import { z } from 'zod';
import { textable } from '../../services/outbox/texts.ts';

export const id = z.guid().meta({ example: '550e8400-e29b-41d4-a716-446655440001' });
// Other years are written with a sign, which is no date-time any more. An offset can lead there too.
export const isWritable = (text: string) => new Date(text).getUTCFullYear() >= 1 && new Date(text).getUTCFullYear() <= 9999;
export const instant = z.iso
  .datetime({ offset: true })
  .refine(isWritable, 'must be in the years 1 to 9999 (UTC)')
  .meta({ example: '2024-07-15T18:00:00Z' });

export const amount = z.number().meta({ example: 500.0 });
export const label = (max: number) => z.string().trim().min(1).max(max);
/** A whole number in a query, once. Digits only: Number() also takes '', 0x10 and 1e3. */
export const whole = (min: number, max: number) =>
  z.preprocess((given) => (typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given), z.int().min(min).max(max));
export const paging = {
  page: whole(1, 1_000_000)
    .default(1)
    .meta({ override: { default: 1 }, description: 'Which page, from 1.', param: { id: 'Page' } }),
  per_page: whole(1, 100)
    .default(20)
    .meta({ override: { default: 20 }, description: 'How many entries a page has.', param: { id: 'PerPage' } }),
};

export const PHONE = 'With + and country code; spaces, dots, dashes and brackets are taken out.';
/** With + and country code, as text messages need it: services/outbox/texts.ts `textable` has its plain form. */
export const phone = z
  .string()
  .max(40)
  .refine((text) => textable(text) !== undefined, 'must be an international number: +4512345678')
  .nullish();

/** The data of an answer that only says that it was done. */
export const Nothing = z.object({}).meta({ id: 'Nothing' });

const base = { success: z.literal(true), message: z.string().optional(), timestamp: instant };

/** The success envelope around an answer. */
export const envelope = <T extends z.ZodType>(data: T) => z.object({ ...base, data });

const Pagination = z
  .object({
    page: z.number().int(),
    per_page: z.number().int(),
    total: z.number().int(),
    total_pages: z.number().int(),
    has_next: z.boolean(),
    has_prev: z.boolean(),
  })
  .meta({ id: 'Pagination' });

/** The page envelope around a list's entries. */
export const pageOf = <T extends z.ZodType>(entry: T) =>
  z.object({
    success: z.literal(true),
    data: z.array(entry),
    pagination: Pagination,
    timestamp: instant,
  });
