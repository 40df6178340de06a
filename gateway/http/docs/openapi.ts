// The OpenAPI 3.1 document of an API, made from its routes: what is documented is what is mounted.
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Api } from '../api.ts';
import type { Access, Response, Route } from '../route.ts';
import { isSigned, type Scheme } from '../steps/auth.ts';
import { KEY } from '../steps/idempotency.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

const WHO: Record<Access, string> = {
  public: 'Anyone.',
  link: 'Whoever has the link; programs send the owner’s token.',
  user: 'Signed-in callers.',
  organizer: 'Organizers and admins.',
  admin: 'Admins.',
  signature: 'The sender proves itself by its signature.',
};

/** Builds the document. `errorBody` is the API's shape of a refusal. */
export function openApi(
  api: Pick<Api, 'title' | 'version' | 'description' | 'routes' | 'authenticate'>,
  serverUrl: string,
  errorBody: z.ZodType,
): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of api.routes) {
    if (route.hidden) continue;
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route, errorBody, api.authenticate) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: api.title, version: api.version, description: api.description },
    servers: [{ url: serverUrl }],
    paths,
    components: { securitySchemes: api.authenticate?.security ?? {} },
  });
}

function operation(route: Route, errorBody: z.ZodType, scheme: Scheme | undefined): ZodOpenApiOperationObject {
  const params = route.params ?? pathParams(route.path);
  const limit = route.limit === 'none' ? '' : ` Rate limit: ${route.limit.name}.`;
  const each = Object.keys(scheme?.security ?? {}).map((name): Record<string, string[]> => ({ [name]: [] }));
  const security = isSigned(route.access) ? each : route.access === 'link' ? [{}, ...each] : [];
  return {
    operationId: `${route.method}${route.path.replace(/^\/api\/v\d+/, '').replace(/[/:.{}-]+(\w?)/g, (_, c: string) => c.toUpperCase())}`,
    tags: [route.tag],
    summary: route.summary,
    description: `${route.description ? `${route.description}\n\n` : ''}Who may call: ${WHO[route.access]}${limit}`,
    security,
    requestParams: {
      ...(params && { path: params as z.ZodObject }),
      ...(route.query && { query: route.query as z.ZodObject }),
      ...(route.idempotent && { header: IdempotencyHeader }),
    },
    ...(route.body && {
      requestBody: { required: !route.body.safeParse({}).success, content: { 'application/json': { schema: route.body } } },
    }),
    responses: Object.fromEntries(
      Object.entries({ ...common(route), ...route.responses }).map(([status, r]) => [status, response(Number(status), r, errorBody)]),
    ),
  };
}

const IdempotencyHeader = z.object({
  'Idempotency-Key': z
    .string()
    .regex(KEY)
    .optional()
    .meta({ description: 'Sent again with the same request within 24 hours it gets the same answer, and nothing is done twice.' }),
});

/** The refusals that follow from what a route is; those of its own are among its responses. No `default`: a status nobody foresaw is a fault. */
function common({ access, limit, body, idempotent, path }: Route): Record<number, Response> {
  const named = path.includes(':');
  const rows: [possible: boolean, status: number, description: string][] = [
    [true, 400, 'The request is not as described here.'],
    [isSigned(access) || access === 'link', 401, 'No access token, or one that is not valid (any more).'],
    [access === 'organizer' || access === 'admin', 403, "The caller's role is not enough."],
    [named && access !== 'public', 403, 'It belongs to somebody else.'],
    [named, 404, 'There is no such thing.'],
    [idempotent === true, 409, 'The first request with this Idempotency-Key is still being worked on.'],
    [body !== undefined, 413, 'The body is too large.'],
    [idempotent === true, 422, 'The Idempotency-Key was used for another request.'],
    [limit !== 'none', 429, 'Too many calls; Retry-After says when to come again.'],
    [true, 500, 'A fault of the server.'],
    [true, 503, 'Not available right now; try again.'],
  ];
  return Object.fromEntries(rows.filter(([possible]) => possible).map(([, status, description]) => [status, { description }]));
}

function response(status: number, { description, schema, type, headers }: Response, errorBody: z.ZodType) {
  const json = schema ?? (status >= 400 ? errorBody : undefined);
  const content = {
    ...(json && { 'application/json': { schema: json } }),
    ...(type && { [type]: { schema: { type: 'string' as const, contentMediaType: type } } }),
  };
  return {
    description,
    ...((json || type) && { content }),
    ...(headers && { headers: z.object(headers) }),
  };
}

function pathParams(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/:(\w+)/g)].map((m) => m[1]!);
  return names.length ? z.object(Object.fromEntries(names.map((n) => [n, z.string()]))) : undefined;
}
