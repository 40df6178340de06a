// Writes what the Python client is made of: TypedDicts with names in snake_case, and the tables that translate to and from the wire.
// It is a script of our own because generators of TypedDicts keep the wire's camelCase names, and need a Python wherever they run.
import { codeOf, type Json, nameOf, operationsOf, refusalsOf } from './document.ts';

const HEAD = '# Made from the OpenAPI document of the Registrations API by `npm run sdk`: do not edit it.';

/** participantId is participant_id; a word of Python's own has a line after it, so `from` is from_. The client's names.py does the same. */
function snake(name: string): string {
  const words = name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  return KEYWORDS.has(words) ? `${words}_` : words;
}

/** Python's keywords in small letters. */
const KEYWORDS = new Set(
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

const pascal = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

/** The text of _generated.py, for a pruned document. Throws for a document that one table of names cannot translate. */
export function python(document: Json): string {
  const refusals = refusalsOf(document);
  const operations = operationsOf(document);
  const schemas = Object.entries<Json>(document.components.schemas).filter(([, schema]) => codeOf(schema) === undefined);
  const classes = new Map<string, string>();
  for (const [name, schema] of schemas) declare(classes, name, schema);
  for (const { id, query } of operations) if (query.length) declare(classes, `${pascal(id)}Query`, ofParameters(query));

  const literal = (text: string) => JSON.stringify(text);
  const table = operations.map(
    ({ id, method, path, repeatable, keyed, file }) =>
      `    ${literal(id)}: Operation(${literal(method)}, ${literal(path)}, repeatable=${bool(repeatable)}, keyed=${bool(keyed)}, file=${bool(file)}),`,
  );
  const fields = operations.flatMap(({ id, request, query }) => {
    const body = request ? document.components.schemas[request] : undefined;
    const names = body ? Object.keys(body.properties) : query.map(({ name }) => name);
    const required: string[] = body ? (body.required ?? []) : query.filter((one) => one.required).map(({ name }) => name);
    if (!names.length) return [];
    const pairs = names.map((name) => `${literal(snake(name))}: (${literal(name)}, ${bool(required.includes(name))})`);
    return [`    ${literal(id)}: {${pairs.join(', ')}},`];
  });
  return [
    HEAD,
    'from __future__ import annotations',
    '',
    'from typing import Any, Dict, List, Literal, NamedTuple, Tuple, TypedDict, Union',
    '',
    '',
    ...classes.values(),
    'class Operation(NamedTuple):',
    '    method: str',
    '    path: str',
    '    repeatable: bool',
    '    keyed: bool',
    '    file: bool',
    '',
    '',
    '# How each operation is called. repeatable: doing it again does nothing twice. keyed: it takes an Idempotency-Key. file: it answers with one.',
    'OPERATIONS: Dict[str, Operation] = {',
    ...table,
    '}',
    '',
    '# What each operation takes: an argument, its name on the wire, and whether it is required.',
    'FIELDS: Dict[str, Dict[str, Tuple[str, bool]]] = {',
    ...fields,
    '}',
    '',
    "# Fields whose keys are somebody's own words, which are not translated.",
    `MAPS = frozenset([${mapsOf(document).map(literal).join(', ')}])`,
    '',
    `ErrorCode = Literal[\n${refusals.map(({ code }) => `    ${literal(code)},\n`).join('')}]`,
    '',
  ].join('\n');
}

const bool = (yes: boolean): string => (yes ? 'True' : 'False');

const ofParameters = (query: { name: string; required: boolean; schema: Json }[]): Json => ({
  type: 'object',
  properties: Object.fromEntries(query.map(({ name, schema }) => [name, schema])),
  required: query.filter((one) => one.required).map(({ name }) => name),
});

/** Adds the class of an object schema, after those of the objects in it. Optional fields stand in a class of their own, as Python 3.10 has it. */
function declare(classes: Map<string, string>, name: string, schema: Json): void {
  if (classes.has(name)) return;
  if (!schema.properties) {
    classes.set(name, `${name} = ${typeOf(classes, name, schema)}\n\n`);
    return;
  }
  const required = new Set<string>(schema.required ?? []);
  const written = (wanted: boolean) =>
    Object.entries<Json>(schema.properties)
      .filter(([field]) => required.has(field) === wanted)
      .map(([field, part]) => {
        const about = part.description ? `\n    """${escaped(part.description)}"""` : '';
        return `    ${snake(field)}: ${typeOf(classes, name + pascal(field), part)}${about}`;
      });
  const [must, may] = [written(true), written(false)];
  const about = schema.description ? `    """${escaped(schema.description)}"""\n\n` : '';
  const body = (lines: string[]) => (lines.length ? lines.join('\n') : '    pass');
  if (!may.length) classes.set(name, `class ${name}(TypedDict):\n${about}${body(must)}\n\n`);
  else if (!must.length) classes.set(name, `class ${name}(TypedDict, total=False):\n${about}${body(may)}\n\n`);
  else {
    const base = `_${name}Required`;
    classes.set(name, `class ${base}(TypedDict):\n${body(must)}\n\n\nclass ${name}(${base}, total=False):\n${about}${body(may)}\n\n`);
  }
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');

const SIMPLE: Record<string, string> = { string: 'str', integer: 'int', number: 'float', boolean: 'bool', null: 'None' };

function typeOf(classes: Map<string, string>, name: string, schema: Json): string {
  if (schema.$ref) return nameOf(schema)!;
  if (schema.const !== undefined)
    return `Literal[${typeof schema.const === 'boolean' ? bool(schema.const) : JSON.stringify(schema.const)}]`;
  if (schema.enum) return `Literal[${schema.enum.map((one: unknown) => JSON.stringify(one)).join(', ')}]`;
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return union(either.map((one: Json, i: number) => typeOf(classes, alternative(either, one) ? name : `${name}${i + 1}`, one)));
  if (Array.isArray(schema.type)) return union(schema.type.map((type: string) => typeOf(classes, name, { ...schema, type })));
  if (schema.type === 'array') return `List[${typeOf(classes, name, schema.items)}]`;
  if (schema.type === 'object' || schema.properties) {
    if (!schema.properties || !Object.keys(schema.properties).length)
      return `Dict[str, ${typeOf(classes, name, isSchema(schema.additionalProperties) ? schema.additionalProperties : {})}]`;
    declare(classes, name, schema);
    return name;
  }
  return SIMPLE[schema.type] ?? 'Any';
}

/** Whether this is the only object among alternatives, so that it needs no number. */
const alternative = (either: Json[], one: Json): boolean => either.every((other) => other === one || !other.properties);

const isSchema = (part: Json): boolean => typeof part === 'object' && part !== null;

const union = (types: string[]): string => {
  const all = [...new Set(types)];
  return all.length === 1 ? all[0]! : `Union[${all.join(', ')}]`;
};

/** Maps by the document, whose keys are the API's own words all the same. */
const OURS = ['details'];

/** Names of the fields that are maps. Throws for a name that is a map in one place and an object in another. */
function mapsOf(document: Json): string[] {
  const maps = new Set<string>();
  const objects = new Set<string>();
  const look = (part: Json): void => {
    if (!isSchema(part)) return;
    for (const [name, field] of Object.entries<Json>(part.properties ?? {})) {
      if (field.type === 'object' && !field.properties) maps.add(name);
      else if (field.properties || field.$ref) objects.add(name);
    }
    Object.values(part).forEach(look);
  };
  for (const schema of Object.values<Json>(document.components.schemas)) if (codeOf(schema) === undefined) look(schema);
  for (const name of OURS) maps.delete(name);
  const both = [...maps].filter((name) => objects.has(name));
  if (both.length) throw new Error(`a map in one schema and an object in another: ${both.join(', ')}`);
  return [...maps].sort();
}
