// Records of files as people and programs write them, in pieces of any size.
import { describe, expect, it } from 'vitest';
import { flag, moment, whole } from '../../services/shared/importFields.ts';
import type { Cutter, FileRecord } from '../../services/shared/records.ts';
import { csvCutter } from '../../services/shared/recordsCsv.ts';
import { jsonCutter } from '../../services/shared/recordsJson.ts';

/** Cuts the bytes as they would come from a disk, so many at once. */
function cut(cutter: Cutter, bytes: Buffer, size: number, line: number): FileRecord[] {
  const all: FileRecord[] = [];
  let [offset, rest] = [0, Buffer.alloc(0)];
  for (let at = 0; at <= bytes.length; at += size) {
    const piece = Buffer.concat([rest, bytes.subarray(at, at + size)]);
    const { records, used, line: next } = cutter(piece, { offset, line, last: at + size > bytes.length });
    all.push(...records);
    [offset, line, rest] = [offset + used, next, piece.subarray(used)];
  }
  expect(rest.length).toBe(0);
  return all;
}

const SIZES = [1, 2, 3, 7, 64, 100_000];
const shown = (records: FileRecord[]) => records.map((r) => [r.line, 'fields' in r ? r.fields : r.fault]);

describe('CSV', () => {
  const read = (head: string, body: string, size: number) => cut(csvCutter(head).cutter, Buffer.from(body), size, 2);

  it.each(SIZES)('quotes, line ends in fields, CRLF, blank lines, Cyrillic, in pieces of %i bytes', (size) => {
    const body = 'Анна,"a,b"\r\n\r\n"Борис ""Б""","две\nстроки"\n\nПётр,"""\n"\r\nlast,без конца';
    expect(shown(read('Name,text', body, size))).toEqual([
      [2, { name: 'Анна', text: 'a,b' }],
      [4, { name: 'Борис "Б"', text: 'две\nстроки' }],
      [7, { name: 'Пётр', text: '"\n' }],
      [9, { name: 'last', text: 'без конца' }],
    ]);
  });

  it.each(SIZES)('a line with too few fields or an open quote spoils no other, in pieces of %i bytes', (size) => {
    const body = `a,b\nc\nd,e,f\ng,5" disk\n"open,h\n${'i,j\n'.repeat(250)}`;
    const records = shown(read('x,y', body, size));
    expect(records.slice(0, 5)).toEqual([
      [2, { x: 'a', y: 'b' }],
      [3, 'it has 1 fields, not 2'],
      [4, 'it has 3 fields, not 2'],
      [5, { x: 'g', y: '5" disk' }],
      [6, 'a quote is opened and not closed'],
    ]);
    expect(records.slice(5)).toEqual(Array.from({ length: 250 }, (_, i) => [7 + i, { x: 'i', y: 'j' }]));
  });

  it('semicolons and tabs, as the first line has them', () => {
    expect(shown(read('a;b', '1,5;"x;y"', 100))).toEqual([[2, { a: '1,5', b: 'x;y' }]]);
    expect(shown(read('a\tb', '1\t2', 100))).toEqual([[2, { a: '1', b: '2' }]]);
  });

  it('says where each ends, so that reading can begin there', () => {
    const body = 'a,1\n"b\nb",2\nc,3\n';
    const records = read('x,y', body, 5);
    for (const [i, { end, next }] of records.entries()) {
      const after = cut(csvCutter('x,y').cutter, Buffer.from(body).subarray(end), 4, next);
      expect(shown(after)).toEqual(shown(records.slice(i + 1)));
    }
  });
});

describe('JSON', () => {
  const read = (text: string, size: number) => cut(jsonCutter(), Buffer.from(text), size, 1);

  it.each(SIZES)('an array, over lines and in one, and JSON lines, in pieces of %i bytes', (size) => {
    const objects = [{ id: 1, title: 'Скобки } и "кавычки" \\' }, { id: 2, nested: { a: [{}] } }, { id: 3 }];
    for (const text of [JSON.stringify(objects), JSON.stringify(objects, null, 2), objects.map((o) => JSON.stringify(o)).join('\r\n')])
      expect(read(text, size).map((r) => ('fields' in r ? r.fields : r.fault))).toEqual(objects);
  });

  it.each(SIZES)('what is broken spoils no other, in pieces of %i bytes', (size) => {
    const text = '{"id":1}\nnonsense\n{"id":2,}\n{"id":"3\n{"id":4}\n[5]\n{"id":6}\n{"id":7';
    expect(shown(read(text, size))).toEqual([
      [1, { id: 1 }],
      [2, 'it is not a JSON object'],
      [3, 'it is not JSON'],
      [4, 'it is not JSON'],
      [5, { id: 4 }],
      [6, 'it is not a JSON object'],
      [7, { id: 6 }],
      [8, 'it is not JSON'],
    ]);
  });

  it('an object that never ends is given up, and the next line is read', () => {
    const text = `{"id":1,"open":{\n${'{"id":2}\n'.repeat(40_000)}`;
    const records = shown(read(text, 100_000));
    expect(records[0]).toEqual([1, 'it is not JSON']);
    expect(records.slice(1)).toHaveLength(40_000);
  });
});

describe('fields', () => {
  it('moments as programs write them, UTC where nothing is said', () => {
    const at = (text: string) => moment({ at: text }, 'at');
    expect(at('2024-05-06')).toBe('2024-05-06T00:00:00.000Z');
    for (const same of [
      '2024-05-06T07:08:09Z',
      '2024-05-06 07:08:09',
      '2024-05-06 07:08:09 UTC',
      '2024-05-06T12:08:09+05:00',
      '2024-05-06 12:08:09+05',
    ])
      expect(at(same), same).toBe('2024-05-06T07:08:09.000Z');
    expect(at('')).toBeUndefined();
    for (const none of ['2024-02-30', '2024-13-01', '06.05.2024', '1024-01-01', '9024-01-01', 'now', '2024-05-06T25:00'])
      expect(at(none), none).toBeNull();
  });

  it('whole numbers and flags', () => {
    expect(['1', '01', '1000000000000', '1000000000001', '0', '-1', '1.5', 'x', ''].map((text) => whole({ n: text }, 'n'))).toEqual([
      1,
      1,
      1_000_000_000_000,
      null,
      null,
      null,
      null,
      null,
      undefined,
    ]);
    expect(['TRUE', 't', '1', 'false', 'F', '0', '', 'x'].map((text) => flag({ f: text }, 'f'))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      undefined,
      undefined,
    ]);
  });
});
