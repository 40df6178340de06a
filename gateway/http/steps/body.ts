// Request bodies: JSON with a size limit, or the bytes untouched where a signature was made over them.
import { bodyParser } from '@koa/bodyparser';
import type { Context } from 'koa';
import { Malformed } from './validate.ts';

/** Thrown for bodies past the limit; the API says it in its own words. */
export class BodyTooLarge extends Error {}

/** Whether a Content-Type says JSON, whatever its parameters. */
export const isJson = (type: string): boolean => /^application\/([\w.+-]+\+)?json *(;|$)/i.test(type);

const RAW_LIMIT = 1024 * 1024;

/**
 * Reads the JSON body into ctx.request.body. Whatever the content type says, JSON is what these APIs speak;
 * a form that forges a call with credentials of its visitor's browser is refused before (origin.ts).
 */
export function jsonReader(limit: string): (ctx: Context) => Promise<unknown> {
  const parse = bodyParser({
    enableTypes: ['json'],
    detectJSON: () => true,
    jsonLimit: limit,
    parsedMethods: ['POST', 'PUT', 'PATCH', 'DELETE'],
    onError(error: Error & { status?: number }, ctx: Context) {
      if (error.status === 413) throw new BodyTooLarge();
      const type = ctx.get('Content-Type').split(';')[0]!.trim();
      if (type && !isJson(type))
        throw new Malformed(`The body came as ${type.slice(0, 100)}: send JSON, with Content-Type: application/json.`, {
          fields: { body: 'must be JSON' },
        });
      throw new Malformed('The body is not valid JSON.', { fields: { body: 'malformed JSON' } });
    },
  });
  const done = async () => {};
  return async (ctx) => {
    await parse(ctx, done);
    // Both can only come in as escapes, so the raw text is searched first: nearly free.
    if (/\\u(0000|d[89a-f])/i.test(ctx.request.rawBody ?? '') && !isStorable(ctx.request.body))
      throw new Malformed('The body contains a character that cannot be kept: NUL, or half of a surrogate pair.', {
        fields: { body: 'NUL or half a surrogate pair' },
      });
    return ctx.request.body;
  };
}

/** False for NUL, which Postgres refuses, and for half a surrogate pair, which it would be given as another character. */
export function isStorable(body: unknown): boolean {
  // A list and no recursion: JSON may be nested deeper than the stack is.
  const open = [body];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === 'string' && (value.includes('\0') || /\p{Cs}/u.test(value))) return false;
    if (value && typeof value === 'object') for (const [key, inner] of Object.entries(value)) open.push(key, inner);
  }
  return true;
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
