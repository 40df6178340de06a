// A document at an address: its bytes are made once at start, not for each request.
import { cached } from '../answers/conditional.ts';
import { answerFixed, createFixed } from '../answers/fixed.ts';
import { type Route, route } from '../route.ts';
import type { Limit } from '../steps/limits.ts';

export type Served = { path: string; summary: string; document: object; limit: Limit };

/** The route of the document, as JSON. */
export function served({ path, summary, document, limit }: Served): Route {
  const json = createFixed(JSON.stringify(document), 'application/json; charset=utf-8');
  return route({
    method: 'get',
    path,
    access: 'public',
    limit,
    tag: 'Documentation',
    hidden: true,
    summary,
    responses: cached({ description: 'The document.' }),
    // The next version of the gateway may serve another one: it is asked for again each time.
    handle: ({ ctx }) => answerFixed(ctx.req.headers, json, { 'Cache-Control': 'no-cache' }),
  });
}
