// Names for the schemas of bodies and answers, so that clients made from the document have types a person would choose.
import type { z } from 'zod';

export type Names = {
  /**
   * The schema under a name: its own, if its meta has an `id`; else its operation's, as in CreateBookingRequest. The same schema keeps
   * its first name; another answer of the operation has its status in it.
   */
  named(schema: z.ZodType, operation: string, role: 'Request' | 'Response', status?: number): z.ZodType;
};

/** The names of one document. */
export function createNames(): Names {
  const made = new Map<z.ZodType, z.ZodType>();
  const taken = new Set<string>();
  return {
    named(schema, operation, role, status = 0) {
      if (schema.meta()?.id) return schema;
      const known = made.get(schema);
      if (known) return known;
      const stem = operation[0]!.toUpperCase() + operation.slice(1);
      const id = taken.has(stem + role) ? `${stem}${status}${role}` : stem + role;
      // A clone carries the name: the schema itself may be another operation's in another document.
      const clone = schema.meta({ ...schema.meta(), id });
      taken.add(id);
      made.set(schema, clone);
      return clone;
    },
  };
}

/** `SEATS_GONE` and `seats gone` -> `SeatsGone`. */
export const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map((word) => word[0]!.toUpperCase() + (word === word.toUpperCase() ? word.slice(1).toLowerCase() : word.slice(1)))
    .join('');
