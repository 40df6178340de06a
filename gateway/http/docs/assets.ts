// The files of Swagger UI and Redoc, and the scripts that start them, served from here under names that change with their content.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { DomainError } from '../../../services/shared/errors.ts';
import { answerFixed, createFixed, type Fixed } from '../answers/fixed.ts';
import { type Route, route } from '../route.ts';
import type { Limit } from '../steps/limits.ts';
import { DOCS_CSS, REDOC_START, SWAGGER_START } from './scripts.ts';

/** What the pages are made of: a file of a package, or a text of ours. */
const FILES = {
  'swagger-ui.css': { from: 'swagger-ui-dist/swagger-ui.css' },
  'swagger-ui.js': { from: 'swagger-ui-dist/swagger-ui-bundle.js' },
  'swagger-start.js': { text: SWAGGER_START },
  'redoc.js': { from: 'redoc/bundles/redoc.standalone.js' },
  'redoc-start.js': { text: REDOC_START },
  'docs.css': { text: DOCS_CSS },
} satisfies Record<string, { from: string } | { text: string }>;

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
    for (const [name, file] of Object.entries(FILES) as [AssetName, { from: string } | { text: string }][]) {
      const bytes = 'from' in file ? readFileSync(createRequire(import.meta.url).resolve(file.from)) : file.text;
      const [stem, ending] = name.split('.') as [string, string];
      const asset = createFixed(bytes, TYPES[ending]!);
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
