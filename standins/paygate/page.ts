// The pages: the buyer's, with three buttons, and the overview of all payments.
import type { Store } from './store.ts';
import type { Payment } from './wire.ts';

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const esc = (value: unknown): string => String(value ?? '').replace(/[&<>"']/g, (found) => ENTITIES[found]!);

const CSS = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#eef1f5;color:#1b2733}main{max-width:26rem;margin:3rem auto;background:#fff;
border:1px solid #d8dfe6;border-radius:12px;padding:1.5rem}main.wide{max-width:70rem}h1{font-size:1.2rem;margin:0 0 1rem}.sum{font-size:2rem;font-weight:700;margin:.5rem 0 1.5rem}
button{width:100%;padding:.8rem;margin:.3rem 0;border:1px solid #b9c4cf;border-radius:8px;background:#fff;font:inherit;cursor:pointer}button.pay{background:#1257b5;border-color:#1257b5;color:#fff}
small{color:#5b6873}table{border-collapse:collapse;width:100%;font-size:.85rem}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #e3e8ed}`;

/** Where the buyer's buttons lead, and what the payment becomes. */
export const BUTTONS = { pay: 'AUTHORIZED', decline: 'FAILED', cancel: 'CANCELLED' } as const;

const SAYS: Record<keyof typeof BUTTONS, string> = { pay: 'Pay', decline: 'Pay with a card that is declined', cancel: 'Cancel' };

const sum = ({ amount, currency }: Payment): string => `${(amount / 100).toFixed(2)} ${currency}`;

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${CSS}</style></head><body>${body}</body></html>`;

/** The page on which a payment is paid; once it is over it only says so. */
export function payPage(payment: Payment): string {
  const open = payment.status === 'NEW' || payment.status === 'FORM_SHOWED';
  const buttons = Object.entries(SAYS).map(
    ([name, says]) => `<form method="post" action="/pay/${esc(payment.id)}/${name}"><button class="${name}">${says}</button></form>`,
  );
  return page(
    'Payment',
    `<main><h1>Payment gateway (stand-in)</h1><small>Order ${esc(payment.orderId)}. ${esc(payment.description)}</small>
<div class="sum">${esc(sum(payment))}</div>${open ? buttons.join('') : `<p>This payment is ${esc(payment.status)}.</p>`}<small>No real money moves here.</small></main>`,
  );
}

const SHOWN = 50;

/** The overview, the newest first. */
export function overview({ payments }: Store): string {
  const rows = [...payments.values()]
    .slice(-SHOWN)
    .reverse()
    .map((one) => `<tr>${[one.createdAt, one.orderId, sum(one), one.status, one.id].map((cell) => `<td>${esc(cell)}</td>`).join('')}</tr>`);
  return page(
    'Payment gateway stand-in',
    `<main class="wide"><h1>Payment gateway (stand-in): ${payments.size} payments</h1><table><tr><th>Made</th><th>Order</th><th>Amount</th><th>Status</th><th>Payment</th></tr>${rows.join('')}</table></main>`,
  );
}
