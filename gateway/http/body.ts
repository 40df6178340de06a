// Request bodies: JSON with a size limit, or the bytes untouched where a signature was made over them.
import { bodyParser } from '@koa/bodyparser';
import type { Context } from 'koa';
import { DomainError } from '../../services/errors.ts';

/** Thrown for bodies past the limit; the API says it in its own words. */
export class BodyTooLarge extends Error {}

const RAW_LIMIT = 1024 * 1024;

/**
 * Reads the JSON body into ctx.request.body. Whatever the content type says, JSON is what these APIs speak:
 * a bearer token is not sent by a browser of itself, so a form cannot forge such a call.
 */
export function jsonReader(limit: string): (ctx: Context) => Promise<unknown> {
  const parse = bodyParser({
    enableTypes: ['json'],
    detectJSON: () => true,
    jsonLimit: limit,
    parsedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
    onError(error: Error & { status?: number }) {
      if (error.status === 413) throw new BodyTooLarge();
      throw new DomainError('invalid', 'The body is not valid JSON.', { fields: { body: 'malformed JSON' } });
    },
  });
  const done = async () => {};
  return async (ctx) => {
    await parse(ctx, done);
    // Postgres text cannot hold NUL. It can only come in as this escape, so the raw text is searched first: nearly free.
    if (ctx.request.rawBody?.includes('\\u0000') && hasNul(ctx.request.body))
      throw new DomainError('invalid', 'The body contains a NUL character.', { fields: { body: 'NUL character' } });
    return ctx.request.body;
  };
}

function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (Array.isArray(value)) return value.some(hasNul);
  if (value && typeof value === 'object') return Object.entries(value).some(([k, v]) => k.includes('\0') || hasNul(v));
  return false;
}

/** Reads the body's bytes, at most 1 MB. What is past that is read and dropped, so that the sender gets to hear the answer. */
export function rawBody({ req }: Context): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= RAW_LIMIT) chunks.push(chunk);
      else chunks = [];
    });
    req.once('end', () => (size <= RAW_LIMIT ? resolve(Buffer.concat(chunks)) : reject(new BodyTooLarge())));
    req.once('error', reject);
  });
}
