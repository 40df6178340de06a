// The page for a buyer who comes back from a payment page: how the order stands.
import type { OrderView } from '../../services/orders/orders.ts';
import { isolated } from '../../services/shared/text.ts';
import { escapeHtml, html } from '../http/answers/html.ts';
import type { Reply } from '../http/route.ts';

/** `open`: not paid, and can be; `failed`: its payment was not made; `returned`: it has no places, and its money goes back. */
export type Standing = 'paid' | 'open' | 'failed' | 'returned' | 'cancelled' | 'expired';

const CSS = `
main{max-width:30rem}.card{text-align:center;padding:2rem 1.25rem}.mark{font-size:2.6rem;line-height:1;margin-bottom:.6rem}.good{color:var(--brand)}.warn{color:var(--warn)}h1{overflow-wrap:anywhere}`;

const SAYS: Record<Standing, [string, string]> = {
  paid: ['Paid', 'The seats are yours. The tickets come by mail.'],
  open: ['Not paid yet', 'The payment has not been made. The seats are still held for a while: go back to the payment page to pay.'],
  failed: ['The payment failed', 'Nothing was taken.'],
  returned: ['Your money goes back', 'The seats were gone, or the booking cancelled, when the money came.'],
  cancelled: ['Cancelled', 'The booking is cancelled and its seats are free for others. Nothing was taken.'],
  expired: ['Too late', 'The booking was not paid in time; its seats are free for others.'],
};

/** Renders it. */
export function returnPage(status: number, standing: Standing, { event }: OrderView): Reply {
  const [title, text] = SAYS[standing];
  const [kind, mark] = standing === 'paid' ? ['good', '✓'] : ['warn', '!'];
  return html({
    title: `${title}: ${isolated(event.name)}`,
    css: CSS,
    status,
    headers: { 'Cache-Control': 'no-store' },
    body: `<main><section class="card"><div class="mark ${kind}">${mark}</div><h1>${title}</h1><p dir="auto">${escapeHtml(event.name)}</p><p class="soft">${text}</p></section></main>`,
  });
}
