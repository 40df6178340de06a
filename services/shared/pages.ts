// Pages of lists: which part is read, and in which order. The last key is unique, so no row is on two pages or on none.
import { type RawBuilder, sql } from 'kysely';

/** `page` counts from 1. */
export type Page = { page: number; perPage: number };

/** One key of an order; `K` are the names that a list may be ordered by. */
export type Ordering<K extends string> = { by: K; descending: boolean };

/** One page of a list, and how many rows all pages have together. */
export type Paged<Row> = { rows: Row[]; total: number };

/** The end of a statement that reads one page. */
export const slice = ({ page, perPage }: Page): RawBuilder<unknown> => sql`limit ${perPage} offset ${(page - 1) * perPage}`;

/**
 * The order of a list: the keys asked for, by the columns of the list's whitelist, then a unique column. Rows without a value come last
 * either way.
 */
export function orderBy<K extends string>(
  columns: Record<K, RawBuilder<unknown>>,
  orderings: Ordering<K>[],
  unique: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const keys = orderings.map(({ by, descending }) => sql`${columns[by]} ${descending ? sql`desc nulls last` : sql`asc nulls last`}`);
  return sql`order by ${sql.join([...keys, unique])}`;
}
