// Bulk imports: a file goes in by batches, each one transaction that also remembers how far it came, so that a run that was cut off goes on.
import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { type FileRecord, type Format, formatOf, readRecords } from './records.ts';

/** Copies lines in Postgres' text format into a table, on the connection of `db`. */
export type Copy = (table: string, columns: string[], lines: Buffer) => Promise<void>;

/** What is imported, by whoever owns its tables. */
export type Kind = {
  name: string;
  /** Columns without which a CSV file is none of this kind. */
  required: string[];
  /** The temporary table that a batch stands in: `at`, by which its rows are told apart, in the file's order; and these columns with their types. */
  stage: { table: string; columns: Record<string, string> };
  /** A record's values in the order of `stage`, or the reason why it is refused. */
  row(fields: Record<string, unknown>): (string | number | boolean | null)[] | string;
  /** The number that the record is to have, where it says one. */
  numberOf?(fields: Record<string, unknown>): number | undefined;
  /** Before the first batch, and again when a run goes on. `greatest`: of all numbers in the file. */
  begin?(db: Kysely<DB>, greatest: number): Promise<void>;
  /** Writes what stands in the stage; returns the rows that could not be written, with reasons. */
  write(tx: Transaction<DB>): Promise<{ at: number; reason: string }[]>;
  /** After the last batch. */
  finish?(db: Kysely<DB>): Promise<void>;
};

export type Refusal = { line: number; at: number; reason: string };

export type Progress = {
  phase: 'reading' | 'importing' | 'finishing';
  bytes: number;
  size: number;
  records: number;
  taken: number;
  refused: number;
};

export type Imported = { id: string; taken: number; refused: number; already: boolean; resumedAt: number };

/** A batch: enough that the round trips vanish, little enough that a run that is cut off loses a second. */
const BATCH = 10_000;

/** The numbers that a file may give: identities go on after the greatest, and JSON must carry them. */
export const GREATEST = 1_000_000_000_000;

/** One import at a time: they share tables, and an archive without its index. */
const LOCK = 4_720_813;

/**
 * Imports a file, or goes on where an earlier run of the same file (by what is in it) ended; of a finished one nothing is done. `copy` and
 * `db` are one and the same connection. Bad lines and doubles refuse themselves alone.
 * @throws RangeError where the file is none of this kind, or another import is running
 */
export async function runImport(
  { db, copy }: { db: Kysely<DB>; copy: Copy },
  kind: Kind,
  path: string,
  tell: (progress: Progress) => void = () => {},
): Promise<Imported> {
  const locked = await sql<{ ok: boolean }>`select pg_try_advisory_lock(${LOCK}) as ok`.execute(db);
  if (!locked.rows[0]!.ok) throw new RangeError('another import is running');
  try {
    return await run({ db, copy }, kind, path, tell);
  } finally {
    await sql`select pg_advisory_unlock(${LOCK})`.execute(db);
  }
}

async function run(
  { db, copy }: { db: Kysely<DB>; copy: Copy },
  kind: Kind,
  path: string,
  tell: (progress: Progress) => void,
): Promise<Imported> {
  const format = await formatOf(path);
  const missing = kind.required.filter((name) => format.columns && !format.columns.includes(name));
  if (missing.length) throw new RangeError(`it has no column ${missing.join(', ')}: its first line must name the columns of ${kind.name}`);

  const { size } = await stat(path);
  const known = await survey(kind, path, format, size, tell);
  const found = await remember(db, kind, path, { size, ...known }, format);
  if (found.finished_at) return { id: found.id, taken: found.taken, refused: found.refused, already: true, resumedAt: found.line };

  await kind.begin?.(db, known.greatest);
  await makeStage(db, kind);
  let { taken, refused } = found;
  const say = (phase: Progress['phase'], bytes: number) => tell({ phase, bytes, size, records: known.records, taken, refused });
  for await (const batch of batches(readRecords(path, format.cutter, { offset: found.bytes, line: found.line }))) {
    const counts = await db.transaction().execute((tx) => take(tx, copy, kind, found.id, batch));
    taken += counts.taken;
    refused += counts.refused;
    say('importing', batch.at(-1)!.end);
  }

  say('finishing', size);
  await kind.finish?.(db);
  await db.updateTable('imports').set({ finished_at: sql<Date>`now()` }).where('id', '=', found.id).execute();
  return { id: found.id, taken, refused, already: false, resumedAt: found.taken + found.refused ? found.line : 0 };
}

/** Reads the whole file once: by its digest it is known again, and numbers beyond its greatest are free for others meanwhile. */
async function survey(kind: Kind, path: string, format: Format, size: number, tell: (progress: Progress) => void) {
  const hash: Hash = createHash('sha256');
  let [bytes, records, greatest] = [format.offset, 0, 0];
  // What stands before the records (the names of the columns) is part of what the file says.
  hash.update(JSON.stringify(format.columns ?? null));
  const saw = (piece: Buffer) => {
    hash.update(piece);
    bytes += piece.length;
    tell({ phase: 'reading', bytes, size, records, taken: 0, refused: 0 });
  };
  for await (const some of readRecords(path, format.cutter, format, saw)) {
    records += some.length;
    for (const record of some) {
      const number = 'fields' in record ? kind.numberOf?.(record.fields) : undefined;
      if (number !== undefined && number > greatest) greatest = number;
    }
  }
  return { digest: hash.digest(), records, greatest };
}

type Known = { id: string; line: number; bytes: number; taken: number; refused: number; finished_at: Date | null };

async function remember(
  db: Kysely<DB>,
  kind: Kind,
  path: string,
  file: { digest: Buffer; size: number; records: number },
  begins: { offset: number; line: number },
): Promise<Known> {
  await db
    .insertInto('imports')
    .values({
      kind: kind.name,
      file: basename(path),
      digest: file.digest,
      size: file.size,
      records: file.records,
      bytes: begins.offset,
      line: begins.line,
    })
    .onConflict((c) => c.constraint('imports_once').doNothing())
    .execute();
  return db
    .selectFrom('imports')
    .select(['id', 'line', 'bytes', 'taken', 'refused', 'finished_at'])
    .where('kind', '=', kind.name)
    .where('digest', '=', file.digest)
    .executeTakeFirstOrThrow();
}

/** A table of this session alone: it needs no log and leaves nothing behind, however the run ends. */
async function makeStage(db: Kysely<DB>, { stage }: Kind): Promise<void> {
  const columns = Object.entries(stage.columns).map(([name, type]) => sql`, ${sql.id(name)} ${sql.raw(type)}`);
  await sql`drop table if exists pg_temp.${sql.id(stage.table)}`.execute(db);
  await sql`create temporary table ${sql.id(stage.table)} (at bigint primary key ${sql.join(columns, sql``)}) on commit delete rows`.execute(
    db,
  );
}

/** The same records, so many at once. */
async function* batches(pieces: AsyncGenerator<FileRecord[]>): AsyncGenerator<FileRecord[]> {
  let batch: FileRecord[] = [];
  for await (const piece of pieces) {
    for (const record of piece) {
      batch.push(record);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length) yield batch;
}

async function take(
  tx: Transaction<DB>,
  copy: Copy,
  kind: Kind,
  id: string,
  batch: FileRecord[],
): Promise<{ taken: number; refused: number }> {
  const reasons = new Map<number, string>();
  const lines: string[] = [];
  for (const record of batch) {
    const row = 'fault' in record ? record.fault : rowOf(kind, record.fields);
    if (typeof row === 'string') reasons.set(record.end, row);
    else lines.push(copyLine([record.end, ...row]));
  }
  if (lines.length) {
    await copy(kind.stage.table, ['at', ...Object.keys(kind.stage.columns)], Buffer.from(lines.join('')));
    for (const { at, reason } of await kind.write(tx)) reasons.set(at, reason);
  }

  const refused = batch.filter((record) => reasons.has(record.end));
  if (refused.length)
    await sql`insert into import_refusals (import_id, at, line, reason)
      select ${id}::uuid, * from unnest(${refused.map((r) => r.end)}::bigint[], ${refused.map((r) => r.line)}::bigint[],
        ${refused.map((r) => reasons.get(r.end)!)}::text[])`.execute(tx);
  const last = batch.at(-1)!;
  const counts = { taken: batch.length - refused.length, refused: refused.length };
  await sql`update imports set bytes = ${last.end}, line = ${last.next}, taken = taken + ${counts.taken}, refused = refused + ${counts.refused}
    where id = ${id}::uuid`.execute(tx);
  return counts;
}

function rowOf(kind: Kind, fields: Record<string, unknown>): ReturnType<Kind['row']> {
  const row = kind.row(fields);
  return typeof row !== 'string' && row.some((value) => typeof value === 'string' && value.includes('\0')) ? 'it has a character 0' : row;
}

const ESCAPED: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A row in the text format of COPY. */
const copyLine = (values: (string | number | boolean | null)[]): string =>
  `${values.map((value) => (value === null ? '\\N' : typeof value === 'string' ? value.replace(/[\\\n\r\t]/g, (sign) => ESCAPED[sign]!) : value)).join('\t')}\n`;

/** The lines of an import that were refused, in their order, a few thousand at once. */
export async function* refusals(db: Kysely<DB>, importId: string): AsyncGenerator<Refusal[]> {
  for (let after = 0; ; ) {
    const some = await db
      .selectFrom('import_refusals')
      .select(['line', 'at', 'reason'])
      .where('import_id', '=', importId)
      .where('at', '>', after)
      .orderBy('at')
      .limit(5_000)
      .execute();
    if (!some.length) return;
    yield some;
    after = some.at(-1)!.at;
  }
}
