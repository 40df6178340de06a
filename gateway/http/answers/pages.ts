// Pages of lists as two APIs have them: {count, next, previous, results}, and what a list may be asked.
import type { Context } from 'koa';
import { z } from 'zod';
import type { Ordering, Page } from '../../../services/shared/pages.ts';
import { whole } from '../fields.ts';
import type { Reply } from '../route.ts';

export const paging = {
  page: whole(1, 1_000_000)
    .default(1)
    .meta({ override: { default: 1 }, description: 'Which page, from 1.', param: { id: 'Page' } }),
  page_size: whole(1, 100)
    .default(20)
    .meta({ override: { default: 20 }, description: 'How many entries a page has, at most 100.', param: { id: 'PageSize' } }),
};

/** What `paging` reads, as lists of the core take it. */
export const pageOf = (query: { page: number; page_size: number }): Page => ({ page: query.page, perPage: query.page_size });

/**
 * The parameter `ordering`: names that a list may be ordered by on the wire with what the core calls them, `-` before one turns it round,
 * several with commas between.
 */
export function ordering<K extends string>(names: Record<string, K>) {
  const one = Object.keys(names).join('|');
  return z
    .string()
    .regex(new RegExp(`^-?(${one})(,-?(${one}))*$`), `must be of ${Object.keys(names).join(', ')}, with - before it for descending`)
    .transform((text): Ordering<K>[] =>
      text.split(',').map((key) => ({ by: names[key.replace(/^-/, '')]!, descending: key.startsWith('-') })),
    )
    .optional()
    .meta({ override: { type: 'string' }, description: `Order by ${Object.keys(names).join(', ')}; descending with - before it.` });
}

/** The envelope of a list. */
export const pageSchema = <T extends z.ZodType>(entry: T) =>
  z.object({ count: z.int(), next: z.url().nullable(), previous: z.url().nullable(), results: z.array(entry) });

/**
 * One page of a list. The addresses of its neighbours carry all parameters of this one.
 * A page past the end is an empty one: it may have been full a moment ago.
 */
export function paged(
  { request, URL: asked }: Pick<Context, 'request' | 'URL'>,
  publicUrl: string,
  of: { results: unknown[]; count: number; page: number; page_size: number },
): Reply {
  const address = (page: number) => {
    const query = new URLSearchParams(asked.search);
    query.set('page', String(page));
    return `${publicUrl}${request.path}?${query}`;
  };
  const last = Math.max(1, Math.ceil(of.count / of.page_size));
  return {
    status: 200,
    body: {
      count: of.count,
      next: of.page < last ? address(of.page + 1) : null,
      previous: of.page > 1 ? address(Math.min(of.page - 1, last)) : null,
      results: of.results,
    },
  };
}
