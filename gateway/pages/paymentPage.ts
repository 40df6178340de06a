// The payment page: what is bought, how long it is held, and Stripe's card form. No framework, strict policy.
import type { OrderView } from '../../services/orders/orders.ts';
import { placeInText } from '../../services/orders/placed.ts';
import { decimal } from '../../services/shared/money.ts';
import { isolated } from '../../services/shared/text.ts';
import { localTime } from '../../services/shared/time.ts';
import { escapeHtml, html, inScript } from '../http/answers/html.ts';
import type { Reply } from '../http/route.ts';
import { PAYMENT_SCRIPT } from './paymentScript.ts';

const CSS = `
main{max-width:30rem}.top{display:flex;justify-content:space-between;align-items:center;margin-bottom:1rem}.brand{font-weight:700;letter-spacing:.02em}
.card{margin-bottom:1rem}.when{margin:0 0 1rem}h1{overflow-wrap:anywhere}ul{list-style:none;margin:0;padding:0}li{display:flex;overflow-wrap:anywhere;justify-content:space-between;gap:1rem;padding:.4rem 0;border-bottom:1px solid var(--line)}
.total{display:flex;justify-content:space-between;font-weight:700;padding-top:.7rem}.clock{font-variant-numeric:tabular-nums;font-weight:700}.clock.low{color:var(--bad)}
button{width:100%;margin-top:1rem;padding:.85rem;border:0;border-radius:10px;background:var(--brand);color:#fff;font:600 1rem system-ui,sans-serif;cursor:pointer}
button:disabled{opacity:.55;cursor:default}#problem{color:var(--bad);min-height:1.5rem;margin:.6rem 0 0}.result{text-align:center;padding:2rem 1.25rem}
.mark{font-size:2.6rem;line-height:1;margin-bottom:.6rem}.good{color:var(--brand)}.bad{color:var(--bad)}.warn{color:var(--warn)}[hidden]{display:none}
@media (prefers-color-scheme:dark){button{color:#06251a}#card{background:#fff;border-radius:10px;padding:1rem}}`;

export type PaymentPage = {
  order: OrderView;
  /** The order's code as its buyer knows it. */
  code: string;
  /** How the payment stands, in the word that paymentScript.ts knows, and where the page asks for it again. */
  state: string;
  statusUrl: string;
  /** undefined: there is nothing to pay (any more). */
  clientSecret: string | undefined;
  publishableKey: string;
  stripeJs: string;
  /** Stripe itself, which needs its API and its 3-D Secure frames; false: the stand-in. */
  real: boolean;
  returnUrl: string;
  nonce: string;
};

/** Renders the page for one order. */
export function paymentPage(p: PaymentPage): Reply {
  const { order } = p;
  const price = (minor: number) => `${decimal(minor, order.currency)} ${order.currency}`;
  const data = {
    status: p.state,
    statusUrl: p.statusUrl,
    expiresAt: order.expires_at?.getTime() ?? null,
    now: Date.now(),
    publishableKey: p.publishableKey,
    clientSecret: p.clientSecret ?? null,
    returnUrl: p.returnUrl,
  };
  const when = localTime(order.event.starts_at, order.event.time_zone);
  return html({
    title: `Pay for ${isolated(order.event.name)}`,
    css: CSS,
    policy: policy(p),
    // Google Pay and 3-D Secure open windows of their own that must be able to answer.
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin-allow-popups' },
    body: `<main><div class="top"><span class="brand">Billetter</span><span class="soft">${escapeHtml(p.code)}</span></div>
<section class="card"><h1 dir="auto">${escapeHtml(order.event.name)}</h1><p class="soft when">${escapeHtml(when)}${order.event.venue ? ` · <bdi>${escapeHtml(order.event.venue)}</bdi>` : ''}</p>
<ul>${order.places.map((s) => `<li><span>${escapeHtml(placeInText(s))}</span><span>${price(s.price_minor)}</span></li>`).join('')}</ul>
<div class="total"><span>Total</span><span>${price(order.total_minor)}</span></div></section>
<section class="card" id="pay" hidden><p>Your seats are held for <span class="clock" id="clock" role="timer">--:--</span></p>
<form id="form"><div id="card"></div><p id="problem" role="alert"></p><button id="button" disabled>Pay ${price(order.total_minor)}</button></form></section>
<section class="card result" id="result" aria-live="polite" hidden><div class="mark" id="mark"></div><h1 id="headline"></h1><p class="soft" id="words"></p></section>
<noscript><section class="card">Paying by card needs JavaScript. Programs can use the API instead.</section></noscript></main>
<script type="application/json" id="data">${inScript(data)}</script>
${p.clientSecret ? `<script nonce="${p.nonce}" src="${escapeHtml(p.stripeJs)}"></script>` : ''}
<script nonce="${p.nonce}">${PAYMENT_SCRIPT}</script>`,
  });
}

function policy({ stripeJs, real, nonce }: PaymentPage): string[] {
  const origin = new URL(stripeJs).origin;
  const more = real ? ' https://api.stripe.com' : '';
  return [
    `script-src 'nonce-${nonce}' ${origin}`,
    `connect-src 'self' ${origin}${more}`,
    `frame-src ${origin}${real ? ' https://*.js.stripe.com https://hooks.stripe.com' : ''}`,
    "img-src 'self' data:",
  ];
}

/** A page that only says something; `retrySeconds` makes the browser ask again. */
export function noticePage(status: number, title: string, text: string, retrySeconds?: number): Reply {
  return html({
    title,
    css: CSS,
    status,
    headers: retrySeconds ? { Refresh: String(retrySeconds), 'Retry-After': String(retrySeconds) } : {},
    body: `<main><section class="card result"><div class="mark warn">!</div><h1>${escapeHtml(title)}</h1><p class="soft">${escapeHtml(text)}</p></section></main>`,
  });
}
