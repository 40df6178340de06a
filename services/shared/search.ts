// Search: text is compared as people read it. The folding is the database's own function, so that columns, indexes and questions agree.
import { type RawBuilder, sql } from 'kysely';

/** Ten words find what they can find; each is a condition of its own. */
const MAX_WORDS = 10;

/**
 * A text as it is compared: without case, accents, composed or decomposed letters, `ё`, `ß` and kinds of dashes and quotes
 * (migration 0003 says it all). A value, or a piece of SQL.
 */
export const folded = (text: string | RawBuilder<unknown>): RawBuilder<string> => sql`search_fold(${text})`;

/**
 * A value folded once for the whole statement: in a plan that is kept, a function of a parameter would run again for each row.
 */
export const foldedOnce = (text: string): RawBuilder<string> => sql`(select ${folded(text)})`;

/**
 * A condition for each word of `text` (at most ten): it stands somewhere in `column`, a folded column with a trigram index such as
 * `events.search_text`. Words shorter than three letters stand at the beginning of one. Every character means itself, % and _ too.
 * The pattern is a subquery so that it is made once and not for each row.
 */
export const contains = (column: RawBuilder<unknown>, text: string): RawBuilder<unknown>[] =>
  [...new Set(text.split(/\s+/).filter(Boolean))].slice(0, MAX_WORDS).map((word) => sql`${column} like (select search_pattern(${word}))`);
