// What several of Evently's resources share: ids, times, paging, phone numbers and the envelopes of answers.
import { z } from 'zod';
import { instant, whole } from '../http/fields.ts';

export { id, instant, isWritable, label, phone, whole } from '../http/fields.ts';

export const amount = z.number().meta({ example: 500.0 });
export const paging = {
  page: whole(1, 1_000_000)
    .default(1)
    .meta({ override: { default: 1 }, description: 'Which page, from 1.', param: { id: 'Page' } }),
  per_page: whole(1, 100)
    .default(20)
    .meta({ override: { default: 20 }, description: 'How many entries a page has.', param: { id: 'PerPage' } }),
};

export const PHONE = 'With + and country code; spaces, dots, dashes and brackets are taken out.';
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
