// Compares an answer with what the seed shows: every field there, of the same JSON type and the same form of text. More fields are allowed.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Expected } from './endpoints.ts';

/** What an API says of its examples. Paths are written without the indexes of lists: data.sections.rows. */
export type Rules = {
  /** Values that must be the example's own. */
  same?: string[];
  /** Texts that name a state: the answer has to say one of these. */
  words?: Record<string, string[]>;
  /** Objects whose keys are data (names of tiers), not fields. */
  maps?: string[];
  /** Fields that may be null although the example has a value, and lists that may be empty. */
  mayLack?: string[];
  /** Forms of text beside the usual ones, looked for first. */
  forms?: [name: string, RegExp][];
};

/** A text that has such a form in the example has it in the answer. */
const FORMS: [name: string, RegExp][] = [
  ['uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ['time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/],
  ['date', /^\d{4}-\d\d-\d\d$/],
  ['amount', /^-?\d+\.\d\d$/],
  ['phone number', /^\+\d{7,15}$/],
  ['email address', /^[^\s@]+@[^\s@]+\.[^\s@]+$/],
  ['address of a page', /^https?:\/\/[^/\s]+/],
];

type Json = Record<string, unknown>;

/** A sentence for each difference; none when the answer is as the seed says. */
export function differences(expected: Expected, body: unknown, rules: Rules = {}): string[] {
  if (expected.schema) return againstSchema(expected.schema, body);
  return expected.body === undefined ? [] : compare(expected.body, body, '', rules);
}

function compare(example: unknown, actual: unknown, path: string, rules: Rules): string[] {
  const at = path || 'the answer';
  const rule = path.replace(/\[\d+\]/g, '');

  if (actual === undefined) return [`${at} is missing, in the example it is ${shown(example)}`];
  if (example === null || (actual === null && rules.mayLack?.includes(rule))) return [];
  if (kind(example) !== kind(actual)) return [`${at} is ${shown(actual)}, in the example ${shown(example)}`];

  if (Array.isArray(example)) return compareLists(example, actual as unknown[], path, rules);
  if (typeof example === 'object') return compareObjects(example as Json, actual as Json, path, rules);
  if (rules.same?.includes(rule)) return actual === example ? [] : [`${at} is ${JSON.stringify(actual)}, not ${JSON.stringify(example)}`];
  return typeof example === 'string' ? compareTexts(example, actual as string, at, rule, rules) : [];
}

/** Every entry has to be like one of the example's; of several, the one with the fewest differences is told. */
function compareLists(examples: unknown[], actual: unknown[], path: string, rules: Rules): string[] {
  if (!examples.length) return [];
  if (!actual.length)
    return rules.mayLack?.includes(path.replace(/\[\d+\]/g, '')) ? [] : [`${path || 'the answer'} is empty, in the example it is not`];
  return actual.flatMap((entry, i) => {
    const found = examples.map((example) => compare(example, entry, `${path}[${i}]`, rules));
    return found.reduce((fewest, next) => (next.length < fewest.length ? next : fewest));
  });
}

function compareObjects(example: Json, actual: Json, path: string, rules: Rules): string[] {
  const under = (key: string) => (path ? `${path}.${key}` : key);
  if (!rules.maps?.includes(path.replace(/\[\d+\]/g, '')))
    return Object.entries(example).flatMap(([key, value]) => compare(value, actual[key], under(key), rules));

  const [value] = Object.values(example);
  const entries = Object.entries(actual);
  if (!entries.length) return [`${path} is empty, in the example it is not`];
  return entries.flatMap(([key, entry]) => compare(value, entry, under(key), rules));
}

function compareTexts(example: string, actual: string, at: string, rule: string, rules: Rules): string[] {
  const words = rules.words?.[rule];
  if (words) return words.includes(actual) ? [] : [`${at} is "${actual}", none of: ${words.join(', ')}`];
  const form = [...(rules.forms ?? []), ...FORMS].find(([, pattern]) => pattern.test(example));
  return !form || form[1].test(actual) ? [] : [`${at} is "${actual}", which is no ${form[0]} like "${example}"`];
}

const kind = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);

/** The kind of a value and, where it is short, the value. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return value === null || text.length > 60 ? kind(value) : `${kind(value)} ${text}`;
}

function againstSchema(schema: object, body: unknown): string[] {
  const ajv = new Ajv2020.default({ strict: false, allErrors: true });
  addFormats.default(ajv, { keywords: false });
  ajv.addFormat('decimal', /^-?\d+(\.\d+)?$/);
  const valid = ajv.compile(schema);
  if (valid(body)) return [];
  return valid.errors!.map(({ instancePath, message }) => `${instancePath.slice(1).replaceAll('/', '.') || 'the answer'} ${message}`);
}
