// What components are called in a document merged of several, and copies that refer to them so.
import { isDeepStrictEqual } from 'node:util';
import type { OpenApiDocument } from './openapi.ts';

/** `name` stands before what has to be told apart, as in EasyTicketEvent and easyTicketLogin; its letters only. */
export type Part = { name: string; document: OpenApiDocument };

export type Json = Record<string, any>;

/** What a component is called in the merged document. */
export function createRenaming(parts: Part[]) {
  const clashing = clashes(parts);
  const of = (part: Part, section: string, name: string): string => {
    if (!clashing.has(`${section}/${name}`)) return name;
    return section === 'securitySchemes' ? lowerFirst(part.name) + upperFirst(name) : part.name + name;
  };
  const ref = (part: Part, pointer: string): string => {
    const [section, name] = pointer.split('/') as [string, string];
    return `${section}/${of(part, section, name)}`;
  };
  return { of, ref };
}

/** As `schemas/Event`: components that several documents have under one name and that are not the same, nor what they refer to. */
function clashes(parts: Part[]): Set<string> {
  const all = new Map<string, Json[]>();
  for (const { document } of parts)
    for (const [section, named] of Object.entries((document.components ?? {}) as Json))
      for (const [name, component] of Object.entries<Json>(named)) {
        const key = `${section}/${name}`;
        all.set(key, [...(all.get(key) ?? []), component]);
      }
  const shared = [...all].filter(([, made]) => made.length > 1);
  const found = new Set(shared.filter(([, made]) => made.some((one) => !isDeepStrictEqual(one, made[0]))).map(([key]) => key));

  // What reads the same but refers to one of these is not the same either, and so on.
  const more = () => shared.filter(([key, made]) => !found.has(key) && refs(made[0]!).some((ref) => found.has(ref)));
  for (let next = more(); next.length; next = more()) for (const [key] of next) found.add(key);
  return found;
}

const LOCAL = '#/components/';

/** A copy in which every reference to a component is another one; both as `schemas/Event`. */
export function rewritten(part: any, ref: (pointer: string) => string): any {
  // Wherever it stands: `$ref`, and the mapping of a discriminator.
  if (typeof part === 'string') return part.startsWith(LOCAL) ? LOCAL + ref(part.slice(LOCAL.length)) : part;
  if (Array.isArray(part)) return part.map((one) => rewritten(one, ref));
  if (part === null || typeof part !== 'object') return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, rewritten(value, ref)]));
}

/** The components that the part refers to. */
function refs(part: Json): string[] {
  const found: string[] = [];
  rewritten(part, (ref) => {
    found.push(ref);
    return ref;
  });
  return found;
}

export const lowerFirst = (text: string): string => text[0]!.toLowerCase() + text.slice(1);
export const upperFirst = (text: string): string => text[0]!.toUpperCase() + text.slice(1);
