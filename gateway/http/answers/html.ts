// The little HTML the gateway writes itself: escaped, self-contained, under a policy that names exactly what a page uses.
import { createHash } from 'node:crypto';
import type { Reply } from '../route.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text made safe inside HTML and quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c]!);

/** JSON made safe inside a script element. */
export const inScript = (value: unknown): string => JSON.stringify(value).replace(/</g, '\\u003c');

/** The CSP source of an inline element: its hash, so a page needs no nonce and can be made once. */
export const hashOf = (content: string): string => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;

/** The look all pages share. */
export const BASE_CSS = `
:root{--ink:#17212b;--soft:#5b6873;--line:#dfe5ea;--paper:#fff;--back:#f4f6f8;--brand:#0b6e4f;--bad:#b3261e;--warn:#9a5b00}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf1;--soft:#9aa7b2;--line:#2c3843;--paper:#161e26;--back:#0e141a;--brand:#3ecf9b;--bad:#ff8a80;--warn:#ffb74d}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--brand)}code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}h1{font-size:1.7rem;line-height:1.2;margin:0 0 .4rem}
.card{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:1.25rem}
.soft{color:var(--soft)}`;

export type Page = { title: string; css: string; body: string; status?: number; policy?: string[]; headers?: Record<string, string> };

/** An HTML answer with its policy: nothing but its own style, unless `policy` adds directives. */
export function html({ title, css, body, status = 200, policy = [], headers }: Page): Reply {
  const style = BASE_CSS + css;
  const csp = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    ...policy,
  ];
  return {
    status,
    type: 'text/html; charset=utf-8',
    headers: { 'Content-Security-Policy': csp.join('; '), ...headers },
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>${body}</body></html>`,
  };
}
