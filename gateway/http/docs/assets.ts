// The files of Swagger UI and Redoc, and the scripts that start them, served from here under names that change with their content.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { DomainError } from '../../../services/shared/errors.ts';
import { answerFixed, createFixed, type Fixed } from '../answers/fixed.ts';
import { type Route, route } from '../route.ts';
import type { Limit } from '../steps/limits.ts';
import { DOCS_CSS, REDOC_START, SWAGGER_START } from './scripts.ts';

/** Redoc asks its maker's site for a logo, and writes style elements without the nonce while it loads; neither stands in an option of it. */
const REDOC_CHANGES = [
  ['https://cdn.redoc.ly/redoc/logo-mini.svg', 'data:,'],
  ['var t=n.nc;t&&e.setAttribute("nonce",t)', 'var t=n.nc||document.currentScript?.nonce;t&&e.setAttribute("nonce",t)'],
] as const;

type File = { from: string; changes?: typeof REDOC_CHANGES } | { text: string };

/** What the pages are made of: a file of a package, with texts in it that are replaced, or a text of ours. */
const FILES = {
  'swagger-ui.css': { from: 'swagger-ui-dist/swagger-ui.css' },
  'swagger-ui.js': { from: 'swagger-ui-dist/swagger-ui-bundle.js' },
  'swagger-start.js': { text: SWAGGER_START },
  'redoc.js': { from: 'redoc/bundles/redoc.standalone.js', changes: REDOC_CHANGES },
  'redoc-start.js': { text: REDOC_START },
  'docs.css': { text: DOCS_CSS },
} satisfies Record<string, File>;

export type AssetName = keyof typeof FILES;

export type Assets = {
  /** Where the file is served. */
  url(name: AssetName): string;
  route: Route;
};

/** Files of packages that the pages need; the build puts them beside the built gateway (copyAssets.ts). */
export const PACKAGE_FILES = Object.values(FILES).flatMap((file) => ('from' in file ? [file.from] : []));

// The name holds the content's hash, so that what is behind a name never changes.
const FOREVER = { 'Cache-Control': 'public, max-age=31536000, immutable' };
const TYPES: Record<string, string> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' };

/** The assets; their files are read when the first of them is wanted, so that a gateway nobody asks for its documents holds none. */
export function createAssets(limit: Limit): Assets {
  const names = new Map<AssetName, string>();
  const assets = new Map<string, Fixed>();

  const load = (): void => {
    for (const [name, file] of Object.entries(FILES) as [AssetName, File][]) {
      const [stem, ending] = name.split('.') as [string, string];
      const asset = createFixed(read(file), TYPES[ending]!);
      names.set(name, `${stem}.${asset.hash}.${ending}`);
      assets.set(`${stem}.${asset.hash}.${ending}`, asset);
    }
  };

  return {
    url(name) {
      if (!names.size) load();
      return `/assets/${names.get(name)}`;
    },
    route: route({
      method: 'get',
      path: '/assets/:name',
      access: 'public',
      limit,
      tag: 'Documentation',
      summary: 'A part of a page.',
      hidden: true,
      params: z.object({ name: z.string() }),
      responses: { 200: { description: 'A script or a style sheet.' } },
      handle({ params, ctx }) {
        if (!names.size) load();
        const asset = assets.get(params.name);
        if (!asset) throw new DomainError('not_found', `There is no ${params.name}.`, { what: params.name });
        return answerFixed(ctx.req.headers, asset, FOREVER);
      },
    }),
  };
}

/** The file's content. Throws where a text to be replaced is not in it: another version of the package, to be looked at anew. */
function read(file: File): Buffer | string {
  if ('text' in file) return file.text;
  const bytes = readFileSync(createRequire(import.meta.url).resolve(file.from));
  if (!file.changes) return bytes;
  return file.changes.reduce((text, [old, other]) => {
    if (!text.includes(old)) throw new Error(`${file.from} has no ${old} any more`);
    return text.replaceAll(old, other);
  }, bytes.toString('utf8'));
}
