// Objects of a JSON array, or one after the other (JSON lines): each is cut out and read alone, so one that is broken spoils no other.
import type { Cutter, FileRecord } from './records.ts';

/** No record is larger: what is not whole by then is broken. */
export const MAX_RECORD = 1 << 18;

const [NEWLINE, QUOTE, BACKSLASH, OPEN, CLOSE] = [10, 34, 92, 123, 125];
/** What may stand between two objects: blanks, and the signs of an array. */
const BETWEEN = new Set([9, 10, 13, 32, 44, 91, 93]);

function parsed(text: string): { fields: Record<string, unknown> } | { fault: string } {
  try {
    return { fields: JSON.parse(text) };
  } catch {
    return { fault: 'it is not JSON' };
  }
}

/** Where the object that begins at `at` ends (the byte after it). `broken`: nothing can end it any more; there reading goes on. */
function endOf(bytes: Buffer, at: number): { end: number } | { broken: number } | undefined {
  let depth = 0;
  let quoted = false;
  const most = Math.min(bytes.length, at + MAX_RECORD);
  for (let i = at; i < most; i++) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) quoted = false;
      // A text cannot go on in the next line: its quote was forgotten.
      else if (byte === NEWLINE) return { broken: i };
    } else if (byte === QUOTE) quoted = true;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return { end: i + 1 };
  }
  return most < bytes.length ? { broken: nextLine(bytes, at) } : undefined;
}

const nextLine = (bytes: Buffer, at: number): number => {
  const found = bytes.indexOf(NEWLINE, at);
  return found < 0 ? bytes.length : found;
};

function count(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE, from); at >= 0 && at < to; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

/** How to cut such a file. */
export const jsonCutter = (): Cutter => (bytes, given) => {
  const records: FileRecord[] = [];
  let { line } = given;
  let at = 0;
  const pass = (to: number, record?: { fields: Record<string, unknown> } | { fault: string }) => {
    const next = line + count(bytes, at, to);
    if (record) records.push({ line, end: given.offset + to, next, ...record });
    line = next;
    at = to;
  };

  for (;;) {
    let begins = at;
    while (begins < bytes.length && BETWEEN.has(bytes[begins]!)) begins++;
    pass(begins);
    if (at === bytes.length) break;

    if (bytes[at] !== OPEN) {
      const end = nextLine(bytes, at);
      if (end === bytes.length && !given.last && end - at < MAX_RECORD) break;
      pass(end, { fault: 'it is not a JSON object' });
      continue;
    }
    const found = endOf(bytes, at);
    if (!found && !given.last) break;
    if (found && 'end' in found) pass(found.end, parsed(bytes.toString('utf8', at, found.end)));
    else pass(found ? found.broken : nextLine(bytes, at), { fault: 'it is not JSON' });
  }
  return { records, used: at, line };
};
