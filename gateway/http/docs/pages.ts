// Pages that show an OpenAPI document to people: Swagger UI, which can try the calls, and Redoc, for reading.
import { randomBytes } from 'node:crypto';
import { escapeHtml } from '../answers/html.ts';
import { type Reply, type Route, route } from '../route.ts';
import type { Limit } from '../steps/limits.ts';
import type { AssetName, Assets } from './assets.ts';

export type DocsPages = {
  title: string;
  /** Where the OpenAPI document is, on this origin. */
  documentUrl: string;
  /** Where the pages are. */
  swaggerUi: string;
  redoc: string;
  limit: Limit;
};

const SWAGGER_PARTS: AssetName[] = ['docs.css', 'swagger-ui.css', 'swagger-ui.js', 'swagger-start.js'];
const REDOC_PARTS: AssetName[] = ['docs.css', 'redoc.js', 'redoc-start.js'];

/** The routes of both pages. They name nothing but parts served from here. */
export function docsPages(assets: Assets, { title, documentUrl, swaggerUi, redoc, limit }: DocsPages): Route[] {
  const shared = {
    method: 'get',
    access: 'public',
    limit,
    tag: 'Documentation',
    hidden: true,
    responses: { 200: { description: 'A page.', type: 'text/html' } },
  } as const;
  return [
    route({
      ...shared,
      path: swaggerUi,
      summary: 'The documentation, where calls can be tried.',
      handle: () => page(assets, title, documentUrl, SWAGGER_PARTS),
    }),
    route({
      ...shared,
      path: redoc,
      summary: 'The documentation, to read.',
      // Redoc's search runs in a worker that it makes of a text of its own.
      handle: () => page(assets, title, documentUrl, REDOC_PARTS, ['worker-src blob:']),
    }),
  ];
}

/** One page. Every script and style carries the nonce of this answer, so nothing that slips into the page is run. */
function page(assets: Assets, title: string, documentUrl: string, parts: AssetName[], more: string[] = []): Reply {
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    // The icons of both stand in their style sheets.
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    ...more,
  ];
  const part = (name: AssetName) =>
    name.endsWith('.css')
      ? `<link rel="stylesheet" href="${assets.url(name)}" nonce="${nonce}">`
      : `<script src="${assets.url(name)}" nonce="${nonce}" defer></script>`;
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    headers: { 'Content-Security-Policy': policy.join('; ') },
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="icon" href="data:,">
${parts.map(part).join('\n')}</head>
<body><div id="docs" data-document="${escapeHtml(documentUrl)}"></div>
<noscript>This page needs JavaScript. The document itself: <a href="${escapeHtml(documentUrl)}">${escapeHtml(documentUrl)}</a></noscript></body></html>`,
  };
}
