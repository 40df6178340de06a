// Answers that a client may cache and ask about again: entity tags, 304, and gzip for clients that take it.
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Reply, Response } from '../route.ts';

const HEADERS = { 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' };

/** The answers of a cached route as its document has them; `more` are headers beside the tag. */
export function cached(ok: Response, more: NonNullable<Response['headers']> = {}): Record<number, Response> {
  const headers = { ETag: z.string(), ...more };
  return { 200: { ...ok, headers }, 304: { description: 'Unchanged since the answer whose ETag was sent in If-None-Match.', headers } };
}

/** Whether the client takes gzip: by its name, else by *. q=0 is a no. */
export function takesGzip(headers: IncomingHttpHeaders): boolean {
  const given = String(headers['accept-encoding'] ?? '').toLowerCase();
  const says = (name: string) =>
    given
      .split(',')
      .map((part) => part.split(';').map((text) => text.trim()))
      .find(([coding]) => coding === name);
  const said = says('gzip') ?? says('*');
  return said !== undefined && !said.slice(1).some((text) => /^q\s*=\s*0(\.0*)?$/.test(text));
}

/** Whether one of the client's If-None-Match tags is this one; tags are compared weakly, as a GET may. */
export function knows(headers: IncomingHttpHeaders, etag: string): boolean {
  const given = headers['if-none-match'];
  if (!given) return false;
  const bare = (tag: string) => tag.trim().replace(/^W\//, '');
  return given === etag || given.split(',').some((tag) => tag.trim() === '*' || bare(tag) === bare(etag));
}

/** 304: the client's copy is the present answer. */
export const unchanged = (etag: string, headers: Record<string, string> = {}): Reply => ({
  status: 304,
  body: undefined,
  type: '',
  headers: { ...HEADERS, ETag: etag, ...headers },
});

/** A JSON answer with its tag; `gzipped` when the bytes are. The tag is weak: the timestamp of an answer is not part of it. */
export const tagged = (etag: string, body: unknown, gzipped: boolean, headers: Record<string, string> = {}): Reply => ({
  status: 200,
  type: 'application/json',
  body,
  headers: { ...HEADERS, ETag: etag, ...(gzipped && { 'Content-Encoding': 'gzip' }), ...headers },
});
