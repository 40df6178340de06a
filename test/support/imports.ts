// A text imported as a file, over a connection as `npm run import` has it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from } from 'pg-copy-streams';
import { connectAlone } from '../../db/connect.ts';
import { type Copy, type Imported, type Kind, refusals, runImport } from '../../services/shared/imports.ts';

/** Imports it; the lines that were refused come with it. */
export async function importText(
  url: string,
  kind: Kind,
  content: string | Buffer,
): Promise<Imported & { lines: { line: number; reason: string }[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'billetter-import-'));
  const path = join(dir, 'file');
  await writeFile(path, content);
  const { db, client } = await connectAlone({ url, name: 'billetter-import' });
  const copy: Copy = (table, columns, lines) =>
    pipeline(Readable.from([lines]), client.query(from(`copy ${table} (${columns.join(', ')}) from stdin`)));
  try {
    const done = await runImport({ db, copy }, kind, path);
    const lines = [];
    for await (const some of refusals(db, done.id)) lines.push(...some.map(({ line, reason }) => ({ line, reason })));
    return { ...done, lines };
  } finally {
    await db.destroy();
    await rm(dir, { recursive: true });
  }
}
