// The OpenAPI 3.1 document of an API, made from its routes: what is documented is what is mounted.
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Api } from './api.ts';
import { isSigned } from './auth.ts';
import type { Access, Route } from './route.ts';

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
  api: Pick<Api, 'title' | 'version' | 'description' | 'routes'>,
  serverUrl: string,
  errorBody: z.ZodType,
): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of api.routes) {
    if (route.hidden) continue;
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route, errorBody) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: api.title, version: api.version, description: api.description },
    servers: [{ url: serverUrl }],
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  });
}

function operation(route: Route, errorBody: z.ZodType): ZodOpenApiOperationObject {
  const params = route.params ?? pathParams(route.path);
  const limit = route.limit === 'none' ? '' : ` Rate limit: ${route.limit}.`;
  const security: Record<string, string[]>[] = isSigned(route.access)
    ? [{ bearer: [] }]
    : route.access === 'link'
      ? [{}, { bearer: [] }]
      : [];
  return {
    operationId: `${route.method}${route.path.replace(/^\/api\/v\d+/, '').replace(/[/:.{}-]+(\w?)/g, (_, c: string) => c.toUpperCase())}`,
    tags: [route.tag],
    summary: route.summary,
    description: `${route.description ? `${route.description}\n\n` : ''}Who may call: ${WHO[route.access]}${limit}`,
    security,
    requestParams: {
      ...(params && { path: params as z.ZodObject }),
      ...(route.query && { query: route.query as z.ZodObject }),
    },
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: {
      ...Object.fromEntries(Object.entries(route.responses).map(([status, r]) => [status, response(Number(status), r, errorBody)])),
      default: { description: 'A refusal.', content: { 'application/json': { schema: errorBody } } },
    },
  };
}

function response(status: number, { description, schema, type }: Route['responses'][number], errorBody: z.ZodType) {
  if (schema) return { description, content: { 'application/json': { schema } } };
  if (type) return { description, content: { [type]: { schema: { type: 'string' as const, contentMediaType: type } } } };
  return status >= 400 ? { description, content: { 'application/json': { schema: errorBody } } } : { description };
}

function pathParams(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/:(\w+)/g)].map((m) => m[1]!);
  return names.length ? z.object(Object.fromEntries(names.map((n) => [n, z.string()]))) : undefined;
}
