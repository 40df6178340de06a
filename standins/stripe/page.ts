// The page at `/`: what was paid, given back and announced, with the fault switches beside it.
import { calm, type Faults } from './faults.ts';
import { script, style } from './page-assets.ts';
import type { Scene } from './scene.ts';
import { money } from './wire.ts';

const shown = 25;
const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const esc = (value: unknown): string => String(value ?? '').replace(/[&<>"']/g, (found) => entities[found]!);
const newest = <T>(rows: Map<string, T>): T[] => [...rows.values()].slice(-shown).reverse();
const pill = (status: string): string => `<span class="pill ${esc(status)}">${esc(status.replaceAll('_', ' '))}</span>`;
const ago = (created: number): string =>
  `<time datetime="${new Date(created * 1000).toISOString()}">${new Date(created * 1000).toISOString().slice(11, 19)}</time>`;
const act = (path: string, body: object, label: string): string =>
  `<button class="small" data-path="${path}" data-body="${esc(JSON.stringify(body))}">${label}</button>`;

export function renderPage(scene: Scene, webhookUrl: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Stripe stand-in</title>
<style>${style}</style>
</head>
<body>
<header><h1>Stripe stand-in</h1><p>No real money moves here. Webhooks go to <code>${esc(webhookUrl)}</code></p></header>
<main>
<section class="lists" id="lists" aria-live="polite">${lists(scene)}</section>
<aside>${switches(scene.faults)}${cards}</aside>
</main>
<script>${script}</script>
</body>
</html>`;
}

function lists({ store }: Scene): string {
  const payments = newest(store.intents).map((one) => {
    const card = store.methods.get(one.payment_method ?? store.charges.get(one.latest_charge ?? '')?.payment_method ?? '')?.card;
    const open = !['succeeded', 'canceled'].includes(one.status);
    return [
      ago(one.created),
      `<code>${esc(one.id)}</code>`,
      esc(one.metadata.order_id ?? '–'),
      `<span class="amount">${esc(money(one.amount, one.currency))}</span>`,
      card ? `${esc(card.brand)} ··${esc(card.last4)}` : '–',
      pill(one.status) +
        (one.last_payment_error ? `<small>${esc(one.last_payment_error.decline_code ?? one.last_payment_error.code)}</small>` : ''),
      open ? act('/_standin/late-payment', { payment_intent: one.id }, 'Pay now') : '',
    ];
  });
  const refunds = newest(store.refunds).map((one) => [
    ago(one.created),
    `<code>${esc(one.id)}</code>`,
    `<code>${esc(one.payment_intent)}</code>`,
    `<span class="amount">${esc(money(one.amount, one.currency))}</span>`,
    esc(one.reason ?? '–'),
    pill(one.status ?? ''),
  ]);
  const webhooks = newest(store.deliveries).map((one) => [
    ago(store.events.get(one.event)?.created ?? 0),
    esc(store.events.get(one.event)?.type),
    `<code>${esc(store.events.get(one.event)?.data.object.id)}</code>`,
    `${one.attempts} tried`,
    esc(one.last_status ?? one.last_error ?? '–'),
    pill(one.held ? 'held' : one.status),
    act('/_standin/resend', { event: one.event }, 'Resend'),
  ]);
  return (
    table('Payments', store.intents.size, ['Time', 'PaymentIntent', 'Order', 'Amount', 'Card', 'Status', ''], payments) +
    table('Refunds', store.refunds.size, ['Time', 'Refund', 'PaymentIntent', 'Amount', 'Reason', 'Status'], refunds) +
    table('Webhooks', store.deliveries.size, ['Time', 'Event', 'About', 'Attempts', 'Last answer', 'Status', ''], webhooks)
  );
}

function table(title: string, count: number, head: string[], rows: string[][]): string {
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  const none = `<p class="none">None yet.</p>`;
  const filled = `<div class="scroll"><table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${body}</tbody></table></div>`;
  return `<h2>${title} <span class="count">${count}</span></h2>${rows.length === 0 ? none : filled}`;
}

const labels: Record<keyof Faults, string> = {
  fail500: 'Answer 500 before anything happens, next',
  lostAnswer: 'Do it, then lose the answer, next',
  lostAnswerAs: 'How the answer is lost',
  timeouts: 'Hang, next',
  hangMs: 'A hanging call takes effect after ms (0: never)',
  delayWebhooksMs: 'Delay webhooks, ms',
  duplicateWebhooks: 'Every webhook twice',
  reorderWebhooks: 'Hold webhooks, deliver last first',
  dropWebhooks: 'Lose webhooks, next',
  lateMs: 'Late cards and refunds take, ms',
  paths: 'API faults only for (regex over METHOD /path)',
};

function switches(faults: Faults): string {
  const rows = Object.entries(labels).map(([name, label]) => {
    const value = faults[name as keyof Faults];
    const on = value !== calm[name as keyof Faults];
    let input = `<input name="${name}" type="${name === 'paths' ? 'text' : 'number'}" min="0" value="${esc(value)}">`;
    if (name === 'lostAnswerAs') {
      const choice = (one: string, text: string) => `<option value="${one}"${value === one ? ' selected' : ''}>${text}</option>`;
      input = `<select name="${name}">${choice('drop', 'connection breaks')}${choice('500', 'a 500 hides it')}</select>`;
    }
    if (typeof calm[name as keyof Faults] === 'boolean') input = `<input name="${name}" type="checkbox"${value ? ' checked' : ''}>`;
    return `<label class="${on ? 'on' : ''}"><span>${label}</span>${input}</label>`;
  });
  return `<form id="faults"><h2>Faults</h2>${rows.join('')}<div class="actions"><button type="submit">Apply</button><button type="button" class="quiet" data-path="/_standin/reset" data-body="{}" data-reload>All calm</button></div><p id="said" role="status"></p></form>`;
}

const cards = `<section><h2>Test cards</h2><table class="cards"><tbody>
<tr><td><code>4242 4242 4242 4242</code></td><td>pays</td></tr>
<tr><td><code>4000 0000 0000 0002</code></td><td>declined</td></tr>
<tr><td><code>4000 0000 0000 9995</code></td><td>insufficient funds</td></tr>
<tr><td><code>4000 0000 0000 0069</code></td><td>expired</td></tr>
<tr><td><code>4000 0000 0000 9235</code></td><td>pays late</td></tr>
<tr><td><code>4000 0000 0000 5126</code></td><td>refund settles late</td></tr>
<tr><td><code>4000 0000 0000 7726</code></td><td>refund fails later</td></tr>
</tbody></table></section>`;
