// Turns outside values into inside ones: zod's verdict becomes the core's `invalid`, field by field.
import type { ZodType } from 'zod';
import { DomainError } from '../../../services/shared/errors.ts';

const MAX_FIELDS = 20;

/** The parsed value, or DomainError invalid with details.fields { path: what is wrong }. `where` names the root for faults without a path. */
export function validate(schema: ZodType, value: unknown, where: 'body' | 'query' | 'params'): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string> = {};
  for (const issue of parsed.error.issues.slice(0, MAX_FIELDS)) {
    const path = issue.path.join('.') || where;
    fields[path] ??= issue.message;
  }
  const first = Object.entries(fields)[0]!;
  throw new DomainError('invalid', `${first[0]}: ${first[1]}`, { fields });
}
