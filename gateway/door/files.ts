// The files of the door's page: read once, served as they are, and named to its service worker under one hash of all.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { DomainError } from '../../services/shared/errors.ts';
import { answerFixed, createFixed, type Fixed } from '../http/answers/fixed.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';

/** Modules of packages that the page imports, under the names it knows them by; `imports` are their own, under ours. */
const VENDOR: Record<string, { from: string; imports?: [string, string] }> = {
  'noble-ed25519.js': { from: '@noble/ed25519' },
  'qr.js': { from: 'qr' },
  'qr-decode.js': { from: 'qr/decode.js', imports: ["'./index.js'", "'./qr.js'"] },
};

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webmanifest: 'application/manifest+json; charset=utf-8',
};
const PAGE = 'index.html';
const WORKER = 'sw.js';
/** The line in the service worker that says what it keeps. */
const STATED = '/* VERSION */';

const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'"],
  ...["img-src 'self' data: blob:", "media-src 'self' blob:"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');
const HEADERS = { 'Content-Security-Policy': POLICY, 'Permissions-Policy': 'camera=(self)', 'Cache-Control': 'no-cache' };

/** The routes of the page and its files. They are read when the first of them is wanted. */
export function fileRoutes(): Route[] {
  let read: Map<string, Fixed> | undefined;
  const files = (): Map<string, Fixed> => {
    read ??= load();
    return read;
  };
  const shared = { method: 'get', access: 'public', limit: LIMITS.public, tag: 'Page', hidden: true } as const;
  const responses = { 200: { description: 'A file.' } };
  return [
    route({
      ...shared,
      path: '/door/',
      summary: 'The page for the door',
      responses,
      handle: ({ ctx }) => answerFixed(ctx.req.headers, files().get(PAGE)!, HEADERS),
    }),
    route({
      ...shared,
      path: '/door/:name',
      summary: 'A file of that page',
      params: z.object({ name: z.string() }),
      responses,
      handle({ params, ctx }) {
        const file = files().get(params.name);
        if (!file) throw new DomainError('not_found', `There is no ${params.name}.`, { what: 'file' });
        return answerFixed(ctx.req.headers, file, HEADERS);
      },
    }),
  ];
}

function load(): Map<string, Fixed> {
  const folder = new URL('./app/', import.meta.url);
  const contents = new Map<string, Buffer>();
  for (const name of readdirSync(folder).sort()) if (typeOf(name)) contents.set(name, readFileSync(new URL(name, folder)));
  for (const [name, { from, imports }] of Object.entries(VENDOR)) {
    const text = readFileSync(createRequire(import.meta.url).resolve(from), 'utf8');
    if (imports && !text.includes(imports[0])) throw new Error(`${from} does not import ${imports[0]} any more`);
    contents.set(name, Buffer.from(imports ? text.replace(...imports) : text));
  }

  const hash = createHash('sha256');
  for (const [name, content] of contents) hash.update(name).update(content);
  const kept = [...contents.keys()].filter((name) => name !== WORKER && name !== PAGE).map((name) => `/door/${name}`);
  const stated = `const VERSION = '${hash.digest('hex').slice(0, 16)}';\nconst FILES = ${JSON.stringify(['/door/', ...kept])};`;
  const worker = contents.get(WORKER)!.toString('utf8');
  if (!worker.includes(STATED)) throw new Error(`gateway/door/app/${WORKER} has no line ${STATED}`);
  contents.set(WORKER, Buffer.from(worker.replace(STATED, stated)));
  return new Map([...contents].map(([name, content]) => [name, createFixed(content, typeOf(name)!)]));
}

const typeOf = (name: string): string | undefined => TYPES[name.slice(name.lastIndexOf('.') + 1)];
