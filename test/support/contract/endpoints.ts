// Reads what a seed says of its endpoints: full examples (contracts/*-examples.json), or an OpenAPI document.

/** A body the seed shows, or the JSON schema it states; neither: the body is not said. */
export type Expected = { status: number; body?: unknown; schema?: object };

/** An endpoint as its seed has it. `path` names its parameters in braces: /api/orders/{id}/. */
export type Endpoint = { method: string; path: string; query: string[]; request?: unknown; answers: Expected[] };

/** Examples by "METHOD /path", as the files of contracts/ have them. */
export type Examples = Record<string, { query?: Record<string, string>; request?: unknown; responses?: Expected[] }>;

type Operation = {
  parameters?: { in: string; name: string }[];
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
};
type OpenApi = { paths: Record<string, Record<string, Operation>>; components?: object };

/** The endpoints of a file of examples. An endpoint without responses has no answers to compare. Throws on an entry that is no example. */
export function fromExamples(examples: Examples): Endpoint[] {
  return Object.entries(examples).map(([name, { query = {}, request, responses = [] }]) => {
    const [, method, path] = /^(GET|POST|PUT|PATCH|DELETE) (\/\S*)$/.exec(name) ?? [];
    if (!method || !path) throw new Error(`no example of an endpoint: ${name}`);
    for (const { status } of responses) if (!Number.isInteger(status)) throw new Error(`${name}: a response without a status`);
    return { method, path, query: Object.keys(query), request, answers: responses };
  });
}

/** The endpoints of an OpenAPI 3.1 document; a JSON answer carries its schema with the document's components. */
export function fromOpenApi({ paths, components }: OpenApi): Endpoint[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], responses }]) => ({
      method: method.toUpperCase(),
      path,
      query: parameters.filter((p) => p.in === 'query').map((p) => p.name),
      answers: Object.entries(responses).map(([status, { content }]) => {
        const schema = content?.['application/json']?.schema;
        return { status: Number(status), ...(schema && { schema: { ...schema, components } }) };
      }),
    })),
  );
}
