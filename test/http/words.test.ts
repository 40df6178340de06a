// What is wrong with a request, in words that a person understands.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Malformed, validate } from '../../gateway/http/steps/validate.ts';

/** What `schema` says of `value`, as the field `x` of a body. */
function said(schema: z.ZodType, value: unknown): string {
  try {
    validate(z.object({ x: schema }), value === undefined ? {} : { x: value }, 'body');
  } catch (error) {
    return (error as Malformed).message;
  }
  throw new Error('it was valid');
}

describe('every kind of fault', () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ['missing', z.string(), undefined, 'x is missing.'],
    ['missing one of a list', z.enum(['a', 'b']), undefined, 'x is missing.'],
    ['null', z.string(), null, 'x must be text, not null.'],
    ['number for text', z.string(), 5, 'x must be text, not 5.'],
    ['text for number', z.number(), '5', 'x must be a number, not text.'],
    ['fraction for whole number', z.int(), 1.5, 'x must be a whole number, not 1.5.'],
    ['list for object', z.object({}), [], 'x must be an object, not a list.'],
    ['object for list', z.array(z.string()), {}, 'x must be a list, not an object.'],
    ['empty text', z.string().min(1), '', 'x must not be empty.'],
    ['short text', z.string().min(8), 'abc', 'x must have at least 8 characters.'],
    ['long text', z.string().max(2), 'abc', 'x must have at most 2 characters.'],
    ['empty list', z.array(z.string()).min(1), [], 'x must not be empty.'],
    ['long list', z.array(z.string()).max(1), ['a', 'b'], 'x must have at most 1 entry.'],
    ['small number', z.number().min(1), 0, 'x must be at least 1.'],
    ['nothing but positive', z.number().positive(), 0, 'x must be more than 0.'],
    ['large number', z.number().max(10), 11, 'x must be at most 10.'],
    ['no e-mail', z.email(), 'nobody', 'x must be an e-mail address, as user@example.com.'],
    ['no date', z.iso.datetime({ offset: true }), 'tomorrow', 'x must be a date and time with its zone, as 2026-12-24T18:00:00Z.'],
    ['no id', z.guid(), '17', 'x must be an id, as 550e8400-e29b-41d4-a716-446655440000.'],
    ['none of a list', z.enum(['a', 'b']), 'c', 'x must be one of "a", "b".'],
    ['not the one', z.literal('a'), 'c', 'x must be "a".'],
    ['own words', z.string().refine(() => false, 'must rhyme'), 'a', 'x must rhyme.'],
    ['unknown key', z.strictObject({ a: z.string().optional() }), { b: 1 }, 'x has what is not known here: b.'],
    ['no multiple', z.number().multipleOf(5), 7, 'x must be a multiple of 5.'],
  ])('%s', (_, schema, value, words) => {
    expect(said(schema, value)).toBe(words);
  });

  it('names the way into the value, and each field by itself', () => {
    const schema = z.object({ list: z.array(z.object({ n: z.number() })), name: z.string() });
    try {
      validate(schema, { list: [{ n: 'x' }] }, 'body');
    } catch (error) {
      expect((error as Malformed).details).toEqual({ fields: { 'list.0.n': 'must be a number, not text', name: 'is missing' } });
    }
    expect(() => validate(schema, 'text', 'body')).toThrow('The body must be an object, not text.');
    expect.assertions(2);
  });
});
