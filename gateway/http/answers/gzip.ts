// Large gzip answers joined from pieces, each of which is compressed once and again only when it changes.
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib';

/** A part of an answer, with its compressed form once somebody wanted that. */
export type Piece = { plain: Buffer; packed?: Buffer; crc?: number };

// Full flush: each piece ends on a byte and refers to nothing before it, so that pieces may follow each other in any order.
// Level 1: half the answer is random ids that no level makes smaller.
const OPTIONS = { level: 1, finishFlush: constants.Z_FULL_FLUSH };
const deflate = promisify<Buffer, typeof OPTIONS, Buffer>(deflateRaw as never);
const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff]);
/** Setting up zlib costs more than compressing so few bytes is worth: they are stored as they are. */
const STORED_BYTES = 200;
/** Up to so many bytes are compressed here and now; more go to the thread pool. */
const HERE_BYTES = 100_000;

export const piece = (text: string): Piece => ({ plain: Buffer.from(text) });

/** The pieces as one gzip member. gzip only, no br: brotli streams cannot be joined, and 100,000 seats cannot be compressed anew for each change. */
export async function gzip(pieces: Piece[]): Promise<Buffer> {
  const open = [...new Set(pieces.filter((p) => !p.packed))];
  const bytes = open.reduce((sum, p) => sum + p.plain.length, 0);
  if (bytes <= HERE_BYTES) for (const p of open) settle(p, stored(p) ?? deflateRawSync(p.plain, OPTIONS));
  else await Promise.all(open.map(async (p) => settle(p, stored(p) ?? (await deflate(p.plain, OPTIONS)))));
  let crc = 0;
  let size = 0;
  for (const p of pieces) {
    crc = joined(crc, p.crc!, p.plain.length);
    size += p.plain.length;
  }
  const tail = Buffer.alloc(10);
  tail[0] = 3; // an empty last block
  tail.writeUInt32LE(crc >>> 0, 2);
  tail.writeUInt32LE(size >>> 0, 6);
  return Buffer.concat([HEAD, ...pieces.map((p) => p.packed!), tail]);
}

/** A block of bytes that are not compressed, as deflate writes it; undefined where there are too many. */
function stored({ plain }: Piece): Buffer | undefined {
  if (plain.length > STORED_BYTES) return undefined;
  const block = Buffer.allocUnsafe(5 + plain.length);
  block[0] = 0; // not the last block, stored
  block.writeUInt16LE(plain.length, 1);
  block.writeUInt16LE(~plain.length & 0xffff, 3);
  plain.copy(block, 5);
  return block;
}

function settle(p: Piece, packed: Buffer): void {
  p.packed = packed;
  p.crc = checksum(p.plain);
}

/** zlib's own where Node has it (20.15 and up), else by hand. */
const checksum: (bytes: Buffer) => number = crc32 ?? byTable;

function byTable(bytes: Buffer): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return ~crc >>> 0;
}

const POLYNOMIAL = 0xedb88320;

/** The product of two polynomials modulo the CRC's, bits reversed as the CRC has them (zlib's multmodp). */
function times(a: number, b: number): number {
  let product = 0;
  for (let m = 0x80000000; m; m >>>= 1) {
    if (a & m) product ^= b;
    b = b & 1 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return product >>> 0;
}

const shifts = new Map<number, number>();

/** x to the power of 8 * length: what appending so many bytes does to a CRC. */
function shift(length: number): number {
  const known = shifts.get(length);
  if (known !== undefined) return known;
  let power = 0x00800000; // x^8
  let result = 0x80000000; // 1
  for (let n = length; n; n = Math.floor(n / 2)) {
    if (n % 2) result = times(power, result);
    power = times(power, power);
  }
  if (shifts.size > 10_000) shifts.clear();
  shifts.set(length, result);
  return result;
}

/** The CRC of two runs of bytes from theirs. */
const joined = (first: number, second: number, secondLength: number): number => (times(shift(secondLength), first) ^ second) >>> 0;
