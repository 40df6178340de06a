// Whether a database knows the letters of the world. One made with LC_CTYPE=C takes all but ASCII for blanks: search then reads every row.
import { type Kysely, sql } from 'kysely';

/**
 * Why search would be blind in this database, as one line that says what to do; undefined where it sees.
 * It asks what the database does, because names of locales promise nothing. Needs the extension pg_trgm; throws what the database says.
 */
export async function blindness(db: Kysely<any>): Promise<string | undefined> {
  const { rows } = await sql<{ name: string; encoding: string; ctype: string; sees: boolean }>`
    select datname as name, pg_encoding_to_char(encoding) as encoding, datctype as ctype,
      case when pg_encoding_to_char(encoding) = 'UTF8' then show_trgm(chr(1078) || chr(1072) || chr(1088)) <> '{}' else false end as sees
    from pg_database where datname = current_database()`.execute(db);
  const { name, encoding, ctype, sees } = rows[0]!;
  if (sees) return undefined;
  return (
    `database "${name}" (${encoding}, LC_CTYPE ${ctype}) knows no letters beyond ASCII, so searching would read every row: ` +
    `make a database with: create database ... template template0 encoding 'UTF8' lc_ctype 'C.UTF-8' lc_collate 'C'; ` +
    'then restore a dump of this one into it (deploy/README.md, "The letters of the database")'
  );
}

/** The same line at a process' start. A database that does not answer yet is waited for, and asked when it does (readiness). */
export const blindnessAtStart = (db: Kysely<any>): Promise<string | undefined> => blindness(db).catch(() => undefined);

/** A check for readiness: throws that line, or what the database says, until the database was once seen to know its letters. */
export function seesLetters(db: Kysely<any>): () => Promise<void> {
  let seen = false;
  return async () => {
    if (seen) return;
    const blind = await blindness(db);
    if (blind) throw new Error(blind);
    seen = true;
  };
}
