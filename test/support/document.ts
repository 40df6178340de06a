// Reads an OpenAPI document with its references: what a client generator would find.

/** What a reference points at; anything else as it is. */
export function resolve(document: any, part: any): any {
  const ref = part?.$ref as string | undefined;
  if (!ref) return part;
  return resolve(
    document,
    ref
      .split('/')
      .slice(1)
      .reduce((at, name) => at[name.replaceAll('~1', '/')], document),
  );
}

/** All operations, by their names. */
export const operations = (document: any): Map<string, any> =>
  new Map(
    Object.values<any>(document.paths).flatMap((item) =>
      Object.values<any>(item).map((operation) => [operation.operationId, operation] as const),
    ),
  );

/** The error codes that the operation may answer with under this status. */
export function codesOf(document: any, operationId: string, status: number): string[] {
  const response = resolve(document, operations(document).get(operationId).responses[status]);
  const { schema } = response.content['application/json'];
  return ((schema.anyOf ?? [schema]) as any[]).map((body) => {
    const { error } = resolve(document, body).properties;
    return resolve(document, error).properties.code.const;
  });
}

/** A copy of the part with all that it refers to in it. */
export function whole(document: any, part: any): any {
  const here = resolve(document, part);
  if (Array.isArray(here)) return here.map((one) => whole(document, one));
  if (here === null || typeof here !== 'object') return here;
  return Object.fromEntries(Object.entries(here).map(([name, child]) => [name, whole(document, child)]));
}
