// Turns outside values into inside ones: zod's verdict becomes the refusal `malformed`, field by field.
import type { ZodType } from 'zod';
import type { HttpFaults } from '../api.ts';
import { inWords } from './words.ts';

const MAX_FIELDS = 20;

/** A request that is not as its route states it. Fields are named as the API's schemas name them. */
export class Malformed extends Error {
  readonly details: HttpFaults['malformed'];

  constructor(message: string, details: HttpFaults['malformed']) {
    super(message);
    this.details = details;
  }
}

/**
 * The parsed value, or Malformed with details.fields { path: what is wrong }, each the second half of a sentence (`must be a number`).
 * `where` names the root for faults without a path.
 */
export function validate(schema: ZodType, value: unknown, where: 'body' | 'query' | 'params'): unknown {
  const parsed = schema.safeParse(value, { error: inWords, reportInput: true });
  if (parsed.success) return parsed.data;
  const fields: Record<string, string> = {};
  for (const issue of parsed.error.issues.slice(0, MAX_FIELDS)) {
    const path = issue.path.join('.') || where;
    fields[path] ??= issue.message;
  }
  const [path, wrong] = Object.entries(fields)[0]!;
  throw new Malformed(`${path === where ? `The ${where}` : path} ${wrong}.`, { fields });
}
