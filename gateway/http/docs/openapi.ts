// The OpenAPI 3.1 document of an API, made from its routes: what is documented is what is mounted.
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject, type ZodOpenApiResponseObject } from 'zod-openapi';
import type { About, RefusalTexts } from '../api.ts';
import type { Access, Response, Route } from '../route.ts';
import { isSigned, type Scheme } from '../steps/auth.ts';
import { IDEMPOTENCY, RATE_HEADERS, REPLAYED } from './headers.ts';
import { createNames, type Names } from './names.ts';
import type { Publisher } from './publisher.ts';
import { createRefusals } from './refusals.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** What the document is made of. */
export type Documented = {
  about: About;
  routes: Route[];
  authenticate?: Scheme;
  /** How programs with an API key prove it. */
  keys?: Scheme;
  refusals: RefusalTexts;
  publisher: Publisher;
};

const WHO: Record<Access, string> = {
  public: 'Anyone.',
  link: 'Whoever has the link; programs send the owner’s token.',
  user: 'Signed-in callers.',
  organizer: 'Organizers and admins.',
  admin: 'Admins.',
  key: 'Programs with an API key',
  signature: 'The sender proves itself by its signature.',
};

/** Builds the document. Schemas with a meta `id` are its components; bodies and answers without one are named after their operation. */
export function openApi({ about, routes, authenticate, keys, refusals, publisher }: Documented): OpenApiDocument {
  const { tags, ...info } = about;
  const { contact, license, server } = publisher;
  const names = createNames();
  const refused = createRefusals(refusals, authenticate ?? keys);
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    if (route.hidden) continue;
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const all = { ...refused(route), ...answers(route, names) };
    paths[path] = { ...paths[path], [route.method]: operation(route, all, names, route.access === 'key' ? keys : authenticate) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: { ...info, contact, license },
    servers: [server],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: { securitySchemes: { ...authenticate?.security, ...keys?.security } },
  });
}

/** The body as a form has it: its fields, and the files. */
const withFiles = (body: z.ZodObject, files: string[]) =>
  z.object({ ...body.shape, ...Object.fromEntries(files.map((name) => [name, FILE])) });

const FILE = z
  .any()
  .optional()
  .meta({ override: { type: 'string', format: 'binary' } });

function operation(
  route: Route,
  responses: Record<string, ZodOpenApiResponseObject>,
  names: Names,
  scheme: Scheme | undefined,
): ZodOpenApiOperationObject {
  const params = route.params ?? pathParams(route.path);
  const limit = route.limit === 'none' ? '' : ` Rate limit: ${route.limit.name}.`;
  const each = Object.keys(scheme?.security ?? {}).map((name): Record<string, string[]> => ({ [name]: [] }));
  const security = isSigned(route.access) ? each : route.access === 'link' ? [{}, ...each] : [];
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    description: `${route.description ? `${route.description}\n\n` : ''}Who may call: ${WHO[route.access]}${route.scope ? ` of the scope \`${route.scope}\`.` : ''}${limit}`,
    security,
    requestParams: {
      ...(params && { path: params as z.ZodObject }),
      ...(route.query && { query: route.query as z.ZodObject }),
      ...(route.idempotent && { header: IDEMPOTENCY }),
    },
    ...(route.body && {
      requestBody: {
        required: !route.body.safeParse({}).success,
        content: {
          'application/json': { schema: names.named(route.body, operationId(route), 'Request') },
          ...(route.form && { 'multipart/form-data': { schema: withFiles(route.body as z.ZodObject, route.form.files) } }),
        },
      },
    }),
    responses,
  };
}

/** The answers a route describes itself; of a refusal only one that is not in the API's usual shape. */
function answers(route: Route, names: Names): Record<string, ZodOpenApiResponseObject> {
  const own = Object.entries(route.responses).filter(([status, { schema }]) => Number(status) < 400 || schema);
  return Object.fromEntries(own.map(([status, response]) => [status, answer(route, Number(status), response, names)]));
}

function answer(route: Route, status: number, { description, schema, type, headers }: Response, names: Names): ZodOpenApiResponseObject {
  const content = {
    ...(schema && { 'application/json': { schema: names.named(schema, operationId(route), 'Response', status) } }),
    ...(type && { [type]: { schema: { type: 'string' as const, contentMediaType: type } } }),
  };
  const all = { ...headers, ...(route.limit !== 'none' && RATE_HEADERS), ...(route.idempotent && { 'Idempotent-Replayed': REPLAYED }) };
  return {
    description,
    ...((schema || type) && { content }),
    ...(Object.keys(all).length && { headers: z.object(all) }),
  };
}

/** As the route says, or made of method and path: `GET /api/v1/events/:id` is getEventsId. */
export const operationId = ({ operationId: stated, method, path }: Route): string =>
  stated ?? `${method}${path.replace(/^\/api\/v\d+/, '').replace(/[/:.{}-]+(\w?)/g, (_, c: string) => c.toUpperCase())}`;

function pathParams(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/:(\w+)/g)].map((m) => m[1]!);
  return names.length ? z.object(Object.fromEntries(names.map((n) => [n, z.string()]))) : undefined;
}
