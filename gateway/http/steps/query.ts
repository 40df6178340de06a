// Query parameters: what the route states, and nothing else where its API says so. A filter that is misspelt must not answer with everything.
import type { Context } from 'koa';
import { ZodObject } from 'zod';
import type { Api } from '../api.ts';
import type { Route } from '../route.ts';
import { Malformed, validate } from './validate.ts';

const MAX_NAMES = 20;
const MAX_LENGTH = 100;

/**
 * What reads the query of a request to this route: the parsed value of its schema, if it has one. Throws Malformed, for parameters that
 * the route does not know too, each by its name. Pages take any: mail programs, providers and search engines add some of their own.
 */
export function queryReader(api: Pick<Api, 'statedQuery'>, { query, path, responses }: Route): (ctx: Context) => unknown {
  const read = (ctx: Context) => query && validate(query, ctx.query, 'query');
  const isPage = Object.values(responses).some((response) => response.type === 'text/html');
  if (!api.statedQuery || isPage) return read;
  if (query && !(query instanceof ZodObject)) throw new Error(`the query of ${path} does not say which parameters it has`);
  const known = Object.keys(query?.shape ?? {});
  return (ctx) => {
    if (ctx.querystring) refuseUnknown(Object.keys(ctx.query), known);
    return read(ctx);
  };
}

function refuseUnknown(given: string[], known: string[]): void {
  const unknown = given.filter((name) => !known.includes(name)).map((name) => name.slice(0, MAX_LENGTH));
  if (!unknown.length) return;
  const wrong = `is not a parameter here; ${known.length ? `these are: ${known.join(', ')}` : 'there are none'}`;
  throw new Malformed(`${unknown[0]} ${wrong}.`, { fields: Object.fromEntries(unknown.slice(0, MAX_NAMES).map((name) => [name, wrong])) });
}
