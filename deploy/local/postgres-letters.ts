// The letters that the embedded PostgreSQL knows: a cluster made with LC_CTYPE=C takes all but ASCII for blanks, and search needs letters.
import type { Client } from 'pg';

/** Locales of the operating system that know letters, the first that it has is taken: Linux, an older glibc, macOS. */
export const CTYPES = ['C.UTF-8', 'C.utf8', 'en_US.UTF-8', 'UTF-8'];

/**
 * Gives the databases of a cluster that an earlier version made with LC_CTYPE=C one that knows letters. Their data stays: only indexes
 * of trigrams hang on it, and the migration that comes next (0003) makes those anew. A machine without such a locale is left as it is;
 * the migration then says what to do.
 */
export async function openEyes(client: Client): Promise<void> {
  const { rows } = await client.query("select datname from pg_database where datctype in ('C', 'POSIX')");
  if (!rows.length) return;
  for (const ctype of CTYPES) {
    const known = await client.query(`create collation pg_temp.letters (provider = libc, lc_collate = 'C', lc_ctype = '${ctype}')`).then(
      () => true,
      () => false,
    );
    if (known) return void (await client.query("update pg_database set datctype = $1 where datctype in ('C', 'POSIX')", [ctype]));
  }
}
