// Reads what Stripe's clients send: form encoding with brackets, `metadata[order_id]=7`, `expand[0]=latest_charge`.
import type { IncomingMessage } from 'node:http';
import { invalid, missingParam } from './errors.ts';

export type Value = string | Form;
export interface Form {
  [name: string]: Value;
}

const limit = 1_000_000;

export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += (part as Buffer).length;
    if (size > limit) throw invalid('Request body too large.', {}, 413);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Null prototypes throughout, so that a field called `__proto__` or `constructor` is only a field. */
export function parseForm(text: string): Form {
  const form: Form = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    const open = name.indexOf('[');
    const path =
      open < 0 ? [name] : [name.slice(0, open), ...[...name.slice(open).matchAll(/\[([^\]]*)\]/g)].map((found) => found[1] ?? '')];
    place(form, path, value);
  }
  return form;
}

function place(form: Form, path: string[], value: string): void {
  let at = form;
  path.forEach((step, depth) => {
    const name = step === '' ? String(Object.keys(at).length) : step;
    if (depth === path.length - 1) at[name] = value;
    else {
      if (typeof at[name] !== 'object') at[name] = Object.create(null) as Form;
      at = at[name] as Form;
    }
  });
}

export function text(form: Form, name: string): string | undefined {
  const value = form[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(`Invalid string: ${JSON.stringify(value)}`, { param: name });
  return value;
}

export function required(form: Form, name: string): string {
  const value = text(form, name);
  if (value === undefined) throw missingParam(name);
  return value;
}

export function flag(form: Form, name: string): boolean {
  const value = text(form, name);
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw invalid(`Invalid boolean: ${value}`, { param: name });
}

export function integer(form: Form, name: string): number | undefined {
  const value = text(form, name);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(value)) throw invalid(`Invalid integer: ${value}`, { code: 'parameter_invalid_integer', param: name });
  return Number(value);
}

export function group(form: Form, name: string): Form | undefined {
  const value = form[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') throw invalid('Invalid object', { param: name });
  return value;
}

export function texts(form: Form, name: string): string[] {
  const value = form[name];
  if (value === undefined || value === '') return [];
  return typeof value === 'string' ? [value] : Object.values(value).filter((item) => typeof item === 'string');
}

/** New keys are added, an empty value removes its key, an empty `metadata` removes all: Stripe's rule for updates. */
export function mergeMetadata(before: Record<string, string>, form: Form): Record<string, string> {
  if (form.metadata === undefined) return before;
  if (form.metadata === '') return {};
  const after = { ...before };
  for (const [name, value] of Object.entries(group(form, 'metadata') ?? {})) {
    if (typeof value !== 'string') throw invalid('Metadata values must be strings.', { param: `metadata[${name}]` });
    if (name.length > 40) throw invalid('Metadata keys can be at most 40 characters long.', { param: 'metadata' });
    if (value.length > 500) throw invalid('Metadata values can be at most 500 characters long.', { param: `metadata[${name}]` });
    if (value === '') delete after[name];
    else after[name] = value;
  }
  if (Object.keys(after).length > 50) throw invalid('Metadata can hold at most 50 keys.', { param: 'metadata' });
  return after;
}

/** A misspelt field must fail here as it would at Stripe, not be passed over in silence. */
export function onlyKnown(form: Form, known: readonly string[]): void {
  for (const name of Object.keys(form)) {
    if (!known.includes(name)) throw invalid(`Received unknown parameter: ${name}`, { code: 'parameter_unknown', param: name });
  }
}
