// What the document says of refusals: which codes an operation may answer with, and a named response for each set of them.
import { z } from 'zod';
import type { ZodOpenApiResponseObject } from 'zod-openapi';
import type { RefusalCode, RefusalTexts } from '../api.ts';
import type { Route } from '../route.ts';
import { isSigned, type Scheme } from '../steps/auth.ts';
import { RATE_HEADERS, RETRY_AFTER, WWW_AUTHENTICATE } from './headers.ts';
import { pascal } from './names.ts';

/** The responses with just the refusals that follow from what routes are. All others are named after their codes. */
const PHRASES: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  413: 'PayloadTooLarge',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
};

/** `ambient`: the API takes credentials that a browser sends by itself. */
type Rule = { when(route: Route, ambient: boolean): boolean; codes: RefusalCode[] };

const IMPLIED: Rule[] = [
  { when: () => true, codes: ['malformed', 'server_error', 'unavailable'] },
  { when: ({ access }) => isSigned(access) || access === 'link', codes: ['unauthenticated', 'token_invalid', 'token_expired'] },
  {
    // A role that is not enough, or a thing of somebody else's.
    when: ({ access, path }) =>
      access === 'organizer' || access === 'admin' || access === 'key' || (path.includes(':') && access !== 'public'),
    codes: ['forbidden'],
  },
  // It changes something, and a page of another site may have made the call (origin.ts).
  { when: ({ method }, ambient) => ambient && method !== 'get', codes: ['forbidden'] },
  { when: ({ idempotent }) => idempotent === true, codes: ['key_in_use', 'key_reused'] },
  { when: ({ body }) => body !== undefined, codes: ['body_too_large'] },
  { when: ({ limit }) => limit !== 'none', codes: ['rate_limited'] },
];

/** Makes the refusals of an operation, by status. Equal ones are one component of the document. */
export function createRefusals(
  texts: RefusalTexts,
  scheme: Scheme | undefined,
): (route: Route) => Record<string, ZodOpenApiResponseObject> {
  const challenges = Boolean(scheme?.challenges.length);
  const made = new Map<string, ZodOpenApiResponseObject>();
  const wireCodes = (status: number, codes: RefusalCode[]) =>
    [...new Set(codes.filter((code) => texts[code].status === status).map((code) => texts[code].code))].sort();
  const allImplied = IMPLIED.flatMap(({ codes }) => codes);

  function nameOf(status: number, spoken: string[]): string {
    const phrase = spoken.join() === wireCodes(status, allImplied).join() ? PHRASES[status] : undefined;
    if (phrase) return phrase;
    // A code that is spoken with several statuses does not tell the responses apart.
    const statuses = new Set(Object.values(texts).flatMap((text) => (spoken.includes(text.code) ? [text.status] : [])));
    return spoken.map(pascal).join('Or') + (statuses.size > 1 ? status : '');
  }

  function response(status: number, codes: RefusalCode[]): ZodOpenApiResponseObject {
    const spoken = wireCodes(status, codes);
    const key = `${status} ${spoken.join()}`;
    const known = made.get(key);
    if (known) return known;

    const id = nameOf(status, spoken);
    const said = spoken.map((code) => codes.map((core) => texts[core]).find((text) => text.code === code)!);
    const schemas = [...new Set(said.map(({ schema }) => schema))];
    const fresh: ZodOpenApiResponseObject = {
      id,
      description: said.map(({ code, description }) => `\`${code}\`: ${description}`).join('\n\n'),
      headers: z.object({
        ...RATE_HEADERS,
        ...((status === 429 || status === 503 || codes.includes('key_in_use')) && { 'Retry-After': RETRY_AFTER }),
        ...(status === 401 && challenges && { 'WWW-Authenticate': WWW_AUTHENTICATE }),
      }),
      content: { 'application/json': { schema: schemas.length === 1 ? schemas[0] : z.union(schemas) } },
    };
    made.set(key, fresh);
    return fresh;
  }

  return (route) => {
    const codes = new Set([...implied(route, scheme?.ambient ?? false), ...(route.refusals ?? [])]);
    const statuses = new Set([...codes].map((code) => texts[code].status));
    return Object.fromEntries(
      [...statuses].map((status) => [
        status,
        response(
          status,
          [...codes].filter((code) => texts[code].status === status),
        ),
      ]),
    );
  };
}

const implied = (route: Route, ambient: boolean): RefusalCode[] =>
  IMPLIED.flatMap(({ when, codes }) => (when(route, ambient) ? codes : []));
