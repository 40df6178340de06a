// What a person types into a search, as the database is to look for it, and how common its words are in the archive.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';

/** A searched text is cut here: a title has fewer letters. */
const MAX_LETTERS = 300;

export type Question = {
  /** A tsquery in words; undefined: the text has nothing to look for. */
  words: string | undefined;
  /** Whether the archive is to be looked at: it has no index of words while its first import runs. */
  archive: boolean;
  /** Which part of the archive may fit, where its words are common there; undefined: few fit, a few thousand at most. */
  share: number | undefined;
};

type Parsed = { words: string; nodes: number; lexemes: string[]; ready: boolean; shares: number[] };

/**
 * Reads a text as web searches are written: all words, "a phrase", -without, or. Nothing in it is an error. Words in Russian and in English are
 * found in all their forms, ё is е.
 */
export async function read(db: Kysely<DB>, text = ''): Promise<Question> {
  const clean = text.slice(0, MAX_LETTERS).replaceAll('\0', ' ');
  const { rows } = await sql<Parsed>`
    select q.words::text as words, numnode(q.words) as nodes, q.lexemes, to_regclass('archived_events_search') is not null as ready,
      array(select w.share from archived_words w where w.word = any(q.lexemes)) as shares
    from (select websearch_to_tsquery('russian', search_folded(${clean})) as words,
      tsvector_to_array(to_tsvector('russian', search_folded(${clean}))) as lexemes) q`.execute(db);
  const parsed = rows[0]!;
  return { words: parsed.nodes ? parsed.words : undefined, archive: parsed.ready, share: parsed.nodes ? shareOf(parsed) : undefined };
}

/** At most which part of the archive fits; undefined where it is a small one. A sign too many in the words costs time, nothing else. */
function shareOf({ words, lexemes, shares }: Parsed): number | undefined {
  if (words.includes('!')) return 1;
  const rare = lexemes.length > shares.length;
  if (words.includes('|'))
    return shares.length
      ? Math.min(
          1,
          shares.reduce((sum, share) => sum + share, 0),
        )
      : undefined;
  return rare || !shares.length ? undefined : Math.min(...shares);
}
