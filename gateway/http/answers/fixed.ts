// An answer that never changes while the process runs: a tag of its content, and compressed once for all who take that.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Reply } from '../route.ts';
import { knows, takesGzip, unchanged } from './conditional.ts';

export type Fixed = { type: string; hash: string; plain: Buffer; packed?: Promise<Buffer> };

const compress = promisify<Buffer, Buffer>(gzip);

/** The content under its hash (16 hex digits); `type` is the answer's Content-Type. */
export function createFixed(content: Buffer | string, type: string): Fixed {
  const plain = Buffer.from(content as Buffer);
  return { type, plain, hash: createHash('sha256').update(plain).digest('hex').slice(0, 16) };
}

/** 304 for who has it already, else the bytes, compressed for who takes that. `more` are headers beside the tag, as Cache-Control. */
export async function answerFixed(headers: IncomingHttpHeaders, fixed: Fixed, more: Record<string, string>): Promise<Reply> {
  // Weak: compressed or not, the tag is the same.
  const etag = `W/"${fixed.hash}"`;
  if (knows(headers, etag)) return unchanged(etag, more);

  const said = { ...more, Vary: 'Accept-Encoding', ETag: etag };
  if (!takesGzip(headers)) return { status: 200, type: fixed.type, headers: said, body: fixed.plain };
  fixed.packed ??= compress(fixed.plain);
  return { status: 200, type: fixed.type, headers: { ...said, 'Content-Encoding': 'gzip' }, body: await fixed.packed };
}
