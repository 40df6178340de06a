// The page that the link in a verification mail opens. Opening it spends nothing: mail scanners open links, but press no buttons.
import { hashOf, html } from '../http/answers/html.ts';
import { type Route, route } from '../http/route.ts';
import type { Limit } from '../http/steps/limits.ts';

const CSS = `
main{max-width:30rem}.card{text-align:center;padding:2rem 1.25rem}
button{width:100%;margin-top:1rem;padding:.85rem;border:0;border-radius:10px;background:var(--brand);color:#fff;font:600 1rem system-ui,sans-serif;cursor:pointer}
button:disabled{opacity:.55;cursor:default}[hidden]{display:none}@media (prefers-color-scheme:dark){button{color:#06251a}}`;

/** The token stands after the #, so it is sent to no server but by the button. It leaves the address bar, and so the browser's history. */
const SCRIPT = `
(() => {
  'use strict';
  const $ = (id) => document.getElementById(id);
  const token = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
  const say = (title, words) => { $('title').textContent = title; $('words').textContent = words; };
  if (!token) return say('This link is not complete', 'Open the link of the mail once more, the whole of it.');
  $('button').hidden = false;
  $('button').addEventListener('click', async () => {
    $('button').disabled = true;
    try {
      const answer = await fetch(location.pathname, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ token }),
      });
      const told = await answer.json();
      if (answer.ok) { $('button').hidden = true; return say('Thank you', told.message); }
      say('That did not work', told.detail || told.error);
    } catch (e) { say('That did not work', 'The network is away. Please try again.'); }
    $('button').disabled = false;
  });
})();
`;

/** The page at the same address as the call that takes a token, so that its script needs no other. */
export function verifyPage({ path, limit }: { path: string; limit: Limit }): Route {
  const page = html({
    title: 'Confirm your e-mail address',
    css: CSS,
    policy: [`script-src ${hashOf(SCRIPT)}`, "connect-src 'self'"],
    headers: { 'Referrer-Policy': 'no-referrer' },
    body: `<main><section class="card" aria-live="polite"><h1 id="title">Confirm your e-mail address</h1>
<p class="soft" id="words">Press the button, and you can sign in.</p><button id="button" hidden>Confirm</button></section>
<noscript><section class="card">Confirming needs JavaScript. Programs can send the part of the link after the # instead, as {"token": "…"}.</section></noscript></main>
<script>${SCRIPT}</script>`,
  });
  return route({
    method: 'get',
    path,
    access: 'public',
    limit,
    tag: 'Authentication',
    operationId: 'openVerificationPage',
    summary: 'The page of the link in a verification mail',
    description: 'For browsers. Opening it spends nothing: its button sends the token that stands after the # of the link.',
    responses: { 200: { description: 'A page.', type: 'text/html' } },
    handle: () => page,
  });
}
