// One OpenAPI document of several: what two of them call alike but mean differently is told apart by the name of its API.
import { isDeepStrictEqual } from 'node:util';
import type { OpenApiDocument } from './openapi.ts';
import { createRenaming, type Json, lowerFirst, type Part, rewritten, upperFirst } from './renaming.ts';

/**
 * Merges the documents. Components that are the same are kept once; each operation keeps its own security; tags read `API: tag` and are
 * grouped by API (`x-tagGroups`, which Redoc shows).
 * @throws Error where two documents state one path, or a name given here is taken already
 */
export function merge(parts: Part[], head: Pick<OpenApiDocument, 'info' | 'servers'>): OpenApiDocument {
  const names = createRenaming(parts);
  const operations = operationNames(parts);
  const merged = { tags: [] as Json[], groups: [] as Json[], paths: {} as Json, components: {} as Json };

  for (const part of parts) {
    const { info, tags = [], paths = {}, components = {} } = part.document;
    const tagOf = (tag: string) => `${part.name}: ${tag}`;
    merged.tags.push(...tags.map((tag) => ({ ...tag, name: tagOf(tag.name), 'x-displayName': tag.name })));
    merged.groups.push({ name: info.title, tags: tags.map((tag) => tagOf(tag.name)) });

    for (const [path, item] of Object.entries<Json>(paths)) {
      const made = Object.entries(item).map(([method, operation]) => [
        method,
        {
          ...rewritten(operation, (ref) => names.ref(part, ref)),
          operationId: operations(part, operation.operationId),
          tags: operation.tags.map(tagOf),
          security: operation.security.map((needed: Json) => renamed(needed, (name) => names.of(part, 'securitySchemes', name))),
        },
      ]);
      put(merged.paths, path, Object.fromEntries(made));
    }

    for (const [section, named] of Object.entries(components as Json)) {
      merged.components[section] ??= {};
      for (const [name, component] of Object.entries<Json>(named))
        put(
          merged.components[section],
          names.of(part, section, name),
          rewritten(component, (ref) => names.ref(part, ref)),
        );
    }
  }
  const { groups, ...all } = merged;
  return { openapi: '3.1.0', ...head, 'x-tagGroups': groups, ...all } as unknown as OpenApiDocument;
}

/** An operation's name in the merged document: its own, unless another API has one called so. */
function operationNames(parts: Part[]): (part: Part, name: string) => string {
  const counts = new Map<string, number>();
  for (const { document } of parts)
    for (const item of Object.values<Json>(document.paths ?? {}))
      for (const { operationId } of Object.values(item)) counts.set(operationId, (counts.get(operationId) ?? 0) + 1);

  const taken = new Set<string>();
  return (part, name) => {
    const id = counts.get(name)! > 1 ? lowerFirst(part.name) + upperFirst(name) : name;
    if (taken.has(id)) throw new Error(`two operations of the merged document are called ${id}`);
    taken.add(id);
    return id;
  };
}

/** Puts it there; the same may stand there already. */
function put(into: Json, name: string, value: unknown): void {
  if (Object.hasOwn(into, name) && !isDeepStrictEqual(into[name], value))
    throw new Error(`${name} stands twice in the merged document, and differs`);
  into[name] = value;
}

const renamed = (part: Json, to: (name: string) => string): Json =>
  Object.fromEntries(Object.entries(part).map(([name, value]) => [to(name), value]));
