// Reads compose files as docker compose does, as far as these tests need it: variables, env files, one file laid over another.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export type Service = {
  image?: string;
  build?: { context: string; dockerfile: string; target: string };
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: string }>;
  networks?: string[];
  volumes?: string[];
  ports?: string[];
  profiles?: string[];
  restart?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  deploy?: { resources: { limits: { cpus: string; memory: string } } };
};
export type Model = { services: Record<string, Service>; networks: Record<string, any>; volumes: Record<string, any> };

export const BASE = 'docker-compose.yml';
export const LOCAL = 'deploy/compose/local.yml';

/** The variables a file names, each with how it names them: `:?` must be given, `:-` has a default. */
export function variables(text: string): { name: string; kind: string }[] {
  const bare = text.replace(/^\s*#.*$/gm, '');
  return [...bare.matchAll(/\$\{([A-Z_]+)(:?[-?])?[^}]*\}/g)].map(([, name, kind]) => ({ name: name!, kind: kind ?? '' }));
}

/** KEY=value lines; comments and empty lines are left out. */
export function envFile(path: string): Record<string, string> {
  const lines = read(path)
    .split('\n')
    .filter((line) => /^[A-Z_]+=/.test(line));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Fills in variables; throws compose's complaint for one that must be given and is not. */
export function interpolate(text: string, env: Record<string, string>): string {
  return text.replace(/\$\{([A-Z_]+)(?:(:[-?])([^}]*))?\}/g, (_, name: string, kind: string | undefined, rest: string) => {
    if (env[name]) return env[name];
    if (kind === ':?') throw new Error(`required variable ${name} is missing a value: ${rest}`);
    return kind === ':-' ? rest : '';
  });
}

/** The model of the files, later ones laid over earlier ones: maps are merged, lists added to, commands replaced. */
export function load(files: string[], env: Record<string, string>): Model {
  return files
    .map((file) => parse(interpolate(withoutComments(read(file)), env), { merge: true }))
    .reduce((under, over) => lay(under, over));
}

const withoutComments = (text: string) => text.replace(/^\s*#.*$/gm, '');
const REPLACED = new Set(['command', 'entrypoint', 'test']);

function lay(under: any, over: any, key = ''): any {
  if (Array.isArray(under) && Array.isArray(over)) return REPLACED.has(key) ? over : [...under, ...over];
  if (!isMap(under) || !isMap(over)) return over === undefined ? under : over;
  const keys = [...new Set([...Object.keys(under), ...Object.keys(over)])];
  return Object.fromEntries(keys.map((k) => [k, lay(under[k], over[k], k)]));
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
