// What a letter is: a kind of mail and how its text is written. And the page that all of them have in common.
import type { OrderView } from '../../orders/orders.ts';
import type { MailKind } from '../../outbox/mails.ts';
import { decimal } from '../../shared/money.ts';

export type Attachment = { filename: string; content: Buffer; contentType: string; cid?: string };
export type Content = { subject: string; text: string; html: string; attachments: Attachment[] };

/** What the letters about an order have to tell of it. */
export type About = {
  /** Its names are set apart for a sentence of ours (`isolated`). */
  order: OrderView;
  code: string;
  /** What it costs, with its currency. */
  total: string;
  /** The fee in it, if there is one. */
  fee?: string;
  /** Its places, a line for each. */
  places: string[];
  /** Its tickets as PDFs. */
  tickets(): Promise<Attachment[]>;
};

/** What letters have that belong to no order: the token of a seed (accounts/tokens.ts). */
export type Means = { tokenOf(seed: string): string };

/** A letter about an order, or one that belongs to none: then its data is all that its text is made of, but for a token. */
export type Letter =
  | { kind: MailKind; of: 'order'; write(about: About, data: any): Content | Promise<Content> }
  | { kind: MailKind; of: 'none'; write(data: any, means: Means): Content };

/** 12345, USD -> 123.45 USD. */
export const amount = (minor: number, currency: string): string => `${decimal(minor, currency)} ${currency}`;

/** A letter as text and as HTML: a greeting, paragraphs, and a list if there is one. */
export function page(subject: string, hello: string, lines: string[], list: string[] = [], attachments: Attachment[] = []): Content {
  const text = [hello, '', ...lines, '', ...list.map((l) => `- ${l}`), '', 'Billetter'].join('\n');
  const html = `<div style="font-family:system-ui,sans-serif;max-width:34em;margin:auto;color:#111827;overflow-wrap:anywhere"><h2 dir="auto" style="color:#4338ca">${escaped(subject)}</h2>
<p dir="auto">${escaped(hello)}</p>${lines.map((l) => `<p dir="auto">${escaped(l)}</p>`).join('')}${list.length ? `<ul>${list.map((l) => `<li dir="auto">${escaped(l)}</li>`).join('')}</ul>` : ''}<p>Billetter</p></div>`;
  return { subject: subject.replace(/[\r\n]+/g, ' '), text, html, attachments };
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
