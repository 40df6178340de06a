// Pages that show an OpenAPI document to people: Swagger UI, which can try the calls, and Redoc, for reading.
import { randomBytes } from 'node:crypto';
import { escapeHtml } from '../answers/html.ts';
import { type Reply, type Route, route } from '../route.ts';
import type { Limit } from '../steps/limits.ts';
import type { AssetName, Assets } from './assets.ts';

/** Where a document and its pages are, on this origin. */
export type Address = { title: string; documentUrl: string; swaggerUi: string; redoc: string };

/** `choice`: the documents that these pages lead to, this one among them. */
export type DocsPages = Address & { limit: Limit; choice?: Address[] };

const SWAGGER_PARTS: AssetName[] = ['docs.css', 'swagger-ui.css', 'swagger-ui.js', 'swagger-start.js'];
const REDOC_PARTS: AssetName[] = ['docs.css', 'redoc.js', 'redoc-start.js'];

/** The routes of both pages. They name nothing but parts served from here. */
export function docsPages(assets: Assets, { limit, choice, ...at }: DocsPages): Route[] {
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
      path: at.swaggerUi,
      summary: `The documentation, where calls can be tried: ${at.title}.`,
      handle: () => page(assets, at, { parts: SWAGGER_PARTS, nav: nav('swaggerUi', at, choice) }),
    }),
    route({
      ...shared,
      path: at.redoc,
      summary: `The documentation, to read: ${at.title}.`,
      // Redoc's search runs in a worker that it makes of a text of its own.
      handle: () => page(assets, at, { parts: REDOC_PARTS, nav: nav('redoc', at, choice), policy: ['worker-src blob:'] }),
    }),
  ];
}

type Parts = { parts: AssetName[]; nav: string; policy?: string[] };

/** One page. Every script and style carries the nonce of this answer, so nothing that slips into the page is run. */
function page(assets: Assets, { title, documentUrl }: Address, { parts, nav, policy: more = [] }: Parts): Reply {
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
<body>${nav}<div id="docs" data-document="${escapeHtml(documentUrl)}"></div>
<noscript>This page needs JavaScript. The document itself: <a href="${escapeHtml(documentUrl)}">${escapeHtml(documentUrl)}</a></noscript></body></html>`,
  };
}

/** Leads to the other documents in the same kind of page, and to this one in the other kind. Links, so that each has an address of its own. */
function nav(kind: 'swaggerUi' | 'redoc', at: Address, choice: Address[] = []): string {
  if (!choice.length) return '';
  const link = (href: string, text: string, here = false) =>
    `<a href="${escapeHtml(href)}"${here ? ' aria-current="page"' : ''}>${escapeHtml(text)}</a>`;
  const documents = choice.map((one) => link(one[kind], one.title, one.documentUrl === at.documentUrl));
  const other = kind === 'redoc' ? link(at.swaggerUi, 'Try calls') : link(at.redoc, 'Read');
  return `<nav aria-label="Documents">${documents.join('')}<span></span>${other}${link(at.documentUrl, 'JSON')}</nav>\n`;
}
