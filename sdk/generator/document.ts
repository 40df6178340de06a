// What the clients need of the Registrations API's document: the operations that an API key may call, and their schemas.

// A document is plain JSON here: the generator reads whatever the gateway describes.
export type Json = any;

export type Operation = {
  id: string;
  method: string;
  path: string;
  /** Repeating it cannot do it twice: it is no POST, or takes an Idempotency-Key. */
  repeatable: boolean;
  /** It takes an Idempotency-Key. */
  keyed: boolean;
  /** It answers with a file instead of JSON. */
  file: boolean;
  query: { name: string; required: boolean; schema: Json }[];
  /** Names of the schemas of body and answer. */
  request?: string;
  answer?: string;
};

const KEY_HEADER = 'Idempotency-Key';
const JSON_TYPE = 'application/json';

/** A copy with the operations of API keys alone, their good answers, and the schemas that these and refusals need. */
export function prune(document: Json): Json {
  const schemas = document.components.schemas;
  const paths: Json = {};
  for (const [path, item] of Object.entries<Json>(document.paths)) {
    for (const [method, operation] of Object.entries<Json>(item)) {
      if (!operation.security?.some((one: Json) => 'apiKey' in one)) continue;
      const { description: _, security: __, ...rest } = operation;
      const good = Object.entries<Json>(operation.responses).filter(([status]) => Number(status) < 400);
      const responses = good.map(([status, { headers: _, ...response }]) => [status, response]);
      paths[path] = { ...paths[path], [method]: { ...rest, responses: Object.fromEntries(responses) } };
    }
  }
  const refusals = Object.keys(schemas).filter((name) => codeOf(schemas[name]));
  const needed = reachable(schemas, [...refs(paths), ...refusals]);
  const kept = Object.entries(schemas).filter(([name]) => needed.has(name));
  return {
    openapi: document.openapi,
    info: document.info,
    paths,
    components: { schemas: Object.fromEntries(kept), parameters: document.components.parameters },
  };
}

/** The operations of a pruned document. */
export function operationsOf(document: Json): Operation[] {
  return Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]) => {
      const parameters: Json[] = (operation.parameters ?? []).map((one: Json) => resolve(document, one));
      const keyed = parameters.some(({ name }) => name === KEY_HEADER);
      const [answer] = Object.values<Json>(operation.responses);
      return {
        ...{ id: operation.operationId, method: method.toUpperCase(), path, keyed, repeatable: keyed || method !== 'post' },
        file: Object.keys(answer?.content ?? {}).some((type) => type !== JSON_TYPE),
        query: parameters.filter((one) => one.in === 'query').map(({ name, required = false, schema }) => ({ name, required, schema })),
        request: nameOf(operation.requestBody?.content?.[JSON_TYPE]?.schema),
        answer: nameOf(answer?.content?.[JSON_TYPE]?.schema),
      };
    }),
  );
}

/** Every refusal's code with the name of its details' schema. */
export function refusalsOf(document: Json): { code: string; details: string }[] {
  return Object.values<Json>(document.components.schemas)
    .map((schema) => ({ code: codeOf(schema), details: nameOf(schema.properties?.error?.properties?.details) }))
    .filter((one): one is { code: string; details: string } => one.code !== undefined)
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** The name that a reference ends with. */
export function nameOf(schema: Json): string | undefined {
  return (schema?.$ref as string | undefined)?.split('/').at(-1);
}

/** The code of a refusal's schema; undefined for any other schema. */
export const codeOf = (schema: Json): string | undefined => schema.properties?.error?.properties?.code?.const;

function resolve(document: Json, part: Json): Json {
  return part.$ref ? document.components.parameters[nameOf(part)!] : part;
}

const refs = (part: Json): string[] =>
  [...JSON.stringify(part).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1]!);

function reachable(schemas: Json, from: string[]): Set<string> {
  const found = new Set<string>();
  const left = [...from];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    left.push(...refs(schemas[name]));
  }
  return found;
}
