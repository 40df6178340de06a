// How an API documents its refusals, made of its error table and of what it says of each of its codes.
import type { ZodType } from 'zod';
import type { RefusalCode, RefusalTable, RefusalTexts } from '../api.ts';

type CodeOf<T extends RefusalTable> = T[RefusalCode]['code'];

/** `body` is made once for each code: refusals that are spoken with the same code share its schema. */
export function spokenTexts<T extends RefusalTable>(
  table: T,
  says: { body(code: CodeOf<T>): ZodType; meaning(code: CodeOf<T>, core: RefusalCode): string },
): RefusalTexts {
  const bodies = new Map<string, ZodType>();
  const texts = (Object.keys(table) as RefusalCode[]).map((core) => {
    const { status, code } = table[core];
    const schema = bodies.get(code) ?? says.body(code);
    bodies.set(code, schema);
    return [core, { status, code, schema, description: says.meaning(code, core) }] as const;
  });
  return Object.fromEntries(texts) as RefusalTexts;
}
