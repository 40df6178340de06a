// Records of a file, CSV or JSON, read in pieces: memory stays the same however long it is, and reading can begin in the middle.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { csvCutter } from './recordsCsv.ts';
import { jsonCutter, MAX_RECORD } from './recordsJson.ts';

/** One record, or why it is none. `line` is where it begins, from 1; `end` the first byte after it, which stands on line `next`. */
export type FileRecord = { line: number; end: number; next: number } & ({ fields: Record<string, unknown> } | { fault: string });

/** What is left after the records of a piece: bytes of a record that is not whole. */
export type Cut = { records: FileRecord[]; used: number; line: number };

/** Cuts records out of `bytes`, which stand in the file at `offset` and begin on `line`. `last`: nothing comes after them. */
export type Cutter = (bytes: Buffer, at: { offset: number; line: number; last: boolean }) => Cut;

/** A file is looked at in pieces of this many bytes. */
const PIECE = 1 << 20;

export type Format = { cutter: Cutter; offset: number; line: number; columns: string[] | undefined };

/**
 * How the file is to be read, and where its records begin: JSON where it begins with [ or {, else CSV, whose first line names the columns.
 * Throws RangeError where it has no first line of a sane length.
 */
export async function formatOf(path: string): Promise<Format> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_RECORD), 0, MAX_RECORD, 0);
    const head = buffer.subarray(0, bytesRead);
    const bom = head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
    if (/^\s*[[{]/.test(head.subarray(bom, bom + 1000).toString()))
      return { cutter: jsonCutter(), offset: bom, line: 1, columns: undefined };

    const end = head.indexOf(10);
    if (end < 0 && bytesRead === MAX_RECORD) throw new RangeError('its first line has no end: it is neither CSV nor JSON');
    const { cutter, columns } = csvCutter(head.subarray(bom, end < 0 ? bytesRead : end).toString());
    return { cutter, columns, offset: end < 0 ? bytesRead : end + 1, line: 2 };
  } finally {
    await file.close();
  }
}

/**
 * The records from `at` on, as many at once as a piece of the file has. `saw` is shown all bytes as they are read.
 */
export async function* readRecords(
  path: string,
  cutter: Cutter,
  at: { offset: number; line: number },
  saw: (bytes: Buffer) => void = () => {},
): AsyncGenerator<FileRecord[]> {
  let { offset, line } = at;
  let rest: Buffer = Buffer.alloc(0);
  const cut = (bytes: Buffer, last: boolean) => {
    const { records, used, line: next } = cutter(bytes, { offset, line, last });
    offset += used;
    line = next;
    rest = bytes.subarray(used);
    return records;
  };
  for await (const piece of createReadStream(path, { start: offset, highWaterMark: PIECE }) as AsyncIterable<Buffer>) {
    saw(piece);
    yield cut(rest.length ? Buffer.concat([rest, piece]) : piece, false);
  }
  yield cut(rest, true);
}
