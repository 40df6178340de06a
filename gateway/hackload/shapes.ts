// What several resources of the Hackload API share: 64-bit ids, pages, and how an order or an event is named by its number.
import { z } from 'zod';
import { whole } from '../http/fields.ts';

/** The greatest whole number that JSON carries exactly. */
const MOST = Number.MAX_SAFE_INTEGER;

/** An id in a body. */
export const id = z.int().min(1).max(MOST).meta({ format: 'int64', example: 2 });

/** An id in a query. */
export const queryId = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'must be a whole number')
  .transform(Number)
  .refine((number) => number <= MOST, 'must be smaller')
  .meta({ override: { type: 'integer', format: 'int64', minimum: 1 }, description: 'The number of the event.', example: 2 });

export const page = whole(1, 1_000_000)
  .default(1)
  .meta({ override: { type: 'integer', format: 'int32', minimum: 1, default: 1 }, description: 'The page, from 1.' });
export const pageSize = whole(1, 20)
  .default(20)
  .meta({ override: { type: 'integer', format: 'int32', minimum: 1, maximum: 20, default: 20 }, description: 'How many stand on a page.' });
