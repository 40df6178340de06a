// What is wrong with a value, said for people: zod's issues as the second half of a sentence that begins with the field's name.
import type { core } from 'zod';

type Issue = core.$ZodRawIssue;

const KIND: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  date: 'a date',
  null: 'null',
};

const FORMAT: Record<string, string> = {
  email: 'an e-mail address, as user@example.com',
  datetime: 'a date and time with its zone, as 2026-12-24T18:00:00Z',
  date: 'a date, as 2026-12-24',
  time: 'a time, as 18:00',
  guid: 'an id, as 550e8400-e29b-41d4-a716-446655440000',
  uuid: 'an id, as 550e8400-e29b-41d4-a716-446655440000',
  url: 'an address, as https://example.com/picture.png',
  regex: 'of another form',
};

/** zod's error map: `must be …`, `is missing`. A schema that says itself what is wrong goes before it. */
export function inWords(issue: Issue): string {
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_type':
      if (input === undefined) return 'is missing';
      if (input === null) return `must be ${kind(issue.expected)}, not null`;
      return `must be ${kind(issue.expected)}${given(input)}`;
    case 'invalid_format':
      return input === '' ? 'must not be empty' : `must be ${FORMAT[issue.format] ?? `of the form ${issue.format}`}`;
    case 'invalid_value':
      if (input === undefined) return 'is missing';
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((v) => JSON.stringify(v)).join(', ')}`;
    case 'too_small':
      return bound(issue, issue.minimum, issue.inclusive === false ? 'more than' : 'at least');
    case 'too_big':
      return bound(issue, issue.maximum, issue.inclusive === false ? 'less than' : 'at most');
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `has what is not known here: ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return input === undefined ? 'is missing' : 'has none of the forms that are possible here';
    default:
      return 'is not valid';
  }
}

const kind = (expected: string): string => KIND[expected] ?? expected;

/** What was sent instead, where that helps: a number in quotes is seen too late by most. */
function given(input: unknown): string {
  if (Array.isArray(input)) return ', not a list';
  if (typeof input === 'string') return ', not text';
  return typeof input === 'object' ? ', not an object' : `, not ${String(input).slice(0, 40)}`;
}

function bound(issue: Issue & { origin?: string }, limit: unknown, how: string): string {
  const n = Number(limit);
  if (issue.origin === 'string') {
    if (how === 'at least' && n === 1) return 'must not be empty';
    return `must have ${how} ${n} character${n === 1 ? '' : 's'}`;
  }
  if (issue.origin === 'array' || issue.origin === 'set') {
    if (how === 'at least' && n === 1) return 'must not be empty';
    return `must have ${how} ${n} entr${n === 1 ? 'y' : 'ies'}`;
  }
  return `must be ${how} ${String(limit)}`;
}
