// GET /: a page for people who open the address in a browser: what this is, and where to go.
import type { Config } from '../../config.ts';
import { escapeHtml, html } from '../http/answers/html.ts';
import { type Route, route } from '../http/route.ts';
import type { Limit } from '../http/steps/limits.ts';

const CSS = `
.grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));margin:1.5rem 0}.card h2{margin:0 0 .25rem;font-size:1.05rem}.card p{margin:0}
pre{overflow:auto;padding:1rem;background:var(--paper);border:1px solid var(--line);border-radius:12px}`;

/** The landing page. In production it names no internals: no Temporal UI, no demo account. */
export function landing(config: Config, limit: Limit): Route {
  const { publicUrl } = config.http;
  const card = (href: string, title: string, text: string) =>
    `<div class="card"><h2><a href="${escapeHtml(href)}">${escapeHtml(title)}</a></h2><p class="soft">${escapeHtml(text)}</p></div>`;
  const demo = `curl -s ${publicUrl}/api/v1/auth/login -H 'Content-Type: application/json' \\
  -d '{"email":"test@evently.com","password":"TestPass123!"}'

npm run demo     # buys a ticket as a customer would, and tells the story`;
  const page = html({
    title: 'Billetter',
    css: CSS,
    body: `<main><h1>Billetter</h1><p class="soft">Ticketing that never sells a seat twice and never keeps money without giving a ticket.</p><div class="grid">
${card('/api/docs/', 'API documentation', 'All APIs, together and one by one: read them, and try their calls signed in.')}
${card('/door/', 'The door', 'For organizers: scan tickets with a phone, with a network or without.')}
${card('/api/v1/events', 'Events', 'What is on sale right now, as JSON.')}
${config.production ? '' : card(config.temporal.uiUrl, 'Temporal UI', 'Every order is a workflow: look at its timer, its payment, its tickets.')}
${card('/readyz', 'Status', 'Whether everything this needs is there.')}</div>
${config.production ? '' : `<h2>Try it</h2><pre>${escapeHtml(demo)}</pre>`}</main>`,
  });
  return route({
    method: 'get',
    path: '/',
    access: 'public',
    limit,
    tag: 'Operations',
    summary: 'Landing page.',
    hidden: true,
    responses: { 200: { description: 'A page.', type: 'text/html' } },
    handle: () => page,
  });
}
