// CSV as programs and spreadsheets write it: quoted fields with line ends in them, doubled quotes, CRLF, semicolons or tabs for commas.
import type { Cutter, FileRecord } from './records.ts';

const NEWLINE = 10;
const RETURN = 13;

/** A quoted field may go over so many lines. A quote that is opened and not closed spoils the line it stands in, and no other. */
const MAX_LINES = 200;
const MAX_LETTERS = 1 << 17;

/** The fields of a record; undefined where a quote is open at its end. A quote within a field that began without one is a letter. */
export function splitCsv(text: string, separator: string): string[] | undefined {
  if (!text.includes('"')) return text.split(separator);
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = '';
    if (text[at] === '"') {
      for (;;) {
        const close = text.indexOf('"', at + 1);
        if (close < 0) return undefined;
        field += text.slice(at + 1, close);
        at = close + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
    }
    const next = text.indexOf(separator, at);
    fields.push(field + text.slice(at, next < 0 ? text.length : next));
    if (next < 0) return fields;
    at = next + 1;
  }
}

/** How to cut a file with this first line, which names its columns. */
export function csvCutter(head: string): { cutter: Cutter; columns: string[] } {
  const line = head.replace(/\r$/, '');
  const separator = [',', ';', '\t'].map((sign) => ({ sign, count: line.split(sign).length })).sort((a, b) => b.count - a.count)[0]!.sign;
  const columns = (splitCsv(line, separator) ?? []).map((name) => name.trim().toLowerCase());

  const named = (values: string[]): { fields: Record<string, string> } | { fault: string } =>
    values.length === columns.length
      ? { fields: Object.fromEntries(columns.map((name, i) => [name, values[i]!])) }
      : { fault: `it has ${values.length} fields, not ${columns.length}` };

  const cutter: Cutter = (bytes, { offset, line, last }) => {
    const records: FileRecord[] = [];
    const endOf = (from: number): number => {
      const found = bytes.indexOf(NEWLINE, from);
      return found >= 0 ? found : last && from < bytes.length ? bytes.length : -1;
    };
    const textOf = (from: number, to: number) => bytes.toString('utf8', from, bytes[to - 1] === RETURN ? to - 1 : to);

    let at = 0;
    for (;;) {
      let end = endOf(at);
      if (end < 0) break;
      const first = end;
      let values = splitCsv(textOf(at, end), separator);
      let lines = 1;
      // A quoted field goes on in the next line.
      while (!values && lines < MAX_LINES && end - at < MAX_LETTERS) {
        const next = endOf(end + 1);
        if (next < 0) {
          if (!last) return { records, used: at, line };
          break;
        }
        end = next;
        lines++;
        values = splitCsv(textOf(at, end), separator);
      }
      if (!values) [end, lines] = [first, 1];
      const begins = at;
      at = Math.min(end + 1, bytes.length);
      const blank = end === begins || (end === begins + 1 && bytes[begins] === RETURN);
      if (!blank)
        records.push({
          line,
          end: offset + at,
          next: line + lines,
          ...(values ? named(values) : { fault: 'a quote is opened and not closed' }),
        });
      line += lines;
    }
    return { records, used: at, line };
  };
  return { cutter, columns };
}
