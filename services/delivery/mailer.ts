// Writes and sends the mails the core has promised.
import type { Kysely } from 'kysely';
import nodemailer from 'nodemailer';
import type { DB } from '../../db/tables.ts';
import * as orders from '../orders/orders.ts';
import * as mails from '../outbox/mails.ts';
import { orderCode } from '../shared/codes.ts';
import { decimal } from '../shared/money.ts';
import { toTheMinute } from '../shared/time.ts';
import * as ticketFiles from '../tickets/ticketFiles.ts';

export type Message = {
  from: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  messageId: string;
  attachments: { filename: string; content: Buffer; contentType: string; cid?: string }[];
};
export type Mailer = { from: string; send(message: Message): Promise<void>; close(): void };

/** Opens a pooled SMTP connection. send() throws whatever the server refuses with: the caller repeats it. */
export function smtpMailer(settings: { smtpUrl: string; from: string }): Mailer {
  const transport = nodemailer.createTransport(settings.smtpUrl, { pool: true } as never);
  return {
    from: settings.from,
    async send(message) {
      await transport.sendMail(message);
    },
    close: () => transport.close(),
  };
}

/**
 * Sends one promised mail, once as far as we can know: after a crash between sending and noting it, it goes out again with the
 * same Message-ID. Returns false if it had been sent before.
 */
export async function deliver(db: Kysely<DB>, mailer: Mailer, mailId: string): Promise<boolean> {
  const mail = await mails.startTry(db, mailId);
  if (!mail) return false;
  const order = mail.order_id ? await orders.find(db, mail.order_id) : undefined;
  const [kind, data] = [mail.kind as mails.MailKind, mail.data as Record<string, unknown>];
  await mailer.send({
    ...(order ? await compose(db, kind, order, data) : composeAlone(kind, data)),
    from: mailer.from,
    to: mail.recipient,
    messageId: `<${mail.id}@billetter>`,
  });
  await mails.sent(db, mailId);
  return true;
}

type Content = Pick<Message, 'subject' | 'text' | 'html' | 'attachments'>;

async function compose(db: Kysely<DB>, kind: mails.MailKind, order: orders.OrderView, data: Record<string, unknown>): Promise<Content> {
  const code = orderCode(order);
  const total = `${decimal(order.total_minor, order.currency)} ${order.currency}`;
  const places = order.places.map((p) => (p.seat_label ? `${p.section}, row ${p.row_label}, seat ${p.seat_label}` : p.offer_name));
  const when = toTheMinute(order.event.starts_at);
  if (kind === 'tickets')
    return page(
      `Your tickets for ${order.event.name} (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `you are going to ${order.event.name}${order.event.venue ? `, ${order.event.venue}` : ''}, ${when}.`,
        `Paid: ${total}.`,
        'Show the QR code of each ticket at the door.',
      ],
      places,
      await ticketPdfs(db, order, code),
    );
  if (kind === 'event-moved') {
    const { before, after, reason } = data as { before: Where; after: Where; reason: string };
    return page(
      `${order.event.name} has moved: ${toTheMinute(after.starts_at)} (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `${order.event.name} takes place ${whenAndWhere(after)}. It was to be ${whenAndWhere(before)}.`,
        ...(reason ? [reason] : []),
        'Your tickets stay valid; here they are with the new date. If it does not suit you, cancel the booking before the event begins and you get your money back.',
      ],
      places,
      await ticketPdfs(db, order, code),
    );
  }
  if (kind === 'event-cancelled')
    return page(
      `${order.event.name} is cancelled (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `we are sorry: ${order.event.name} will not take place.`,
        ...(data.reason ? [String(data.reason)] : []),
        ...(order.refund
          ? [
              `${decimal(order.refund.amount_minor, order.currency)} ${order.currency} go back to the card you paid with. You need not do anything.`,
            ]
          : ['Nothing was charged for this booking.']),
      ],
      places,
    );
  if (kind === 'refunded') {
    const amount = `${decimal(Number(data.amountMinor), String(data.currency))} ${String(data.currency)}`;
    return page(`Refund for order ${code}: ${amount}`, `Hello ${order.buyer_name},`, [
      `we have sent ${amount} back to the card you paid with. Banks take a few days to show it.`,
    ]);
  }
  if (kind === 'expired-payment')
    return page(`Order ${code}: your payment came too late and goes back to you`, `Hello ${order.buyer_name},`, [
      `your payment for ${order.event.name} reached us when the places could no longer be had.`,
      'The whole amount is on its way back to you. You need not do anything.',
    ]);
  if (kind === 'paid-twice')
    return page(`Order ${code}: you paid twice, and the second payment goes back to you`, `Hello ${order.buyer_name},`, [
      `a second payment for ${order.event.name} reached us. Your tickets stay as they are.`,
      'The whole of it is on its way back to you. You need not do anything.',
    ]);
  if (kind === 'waitlist-offer')
    return page(
      `A place for ${order.event.name} is held for you (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `you are next on the waitlist of ${order.event.name}, ${when}. We hold this for you until ${toTheMinute(String(data.until))}:`,
        `Pay ${total} here: ${String(data.link)}`,
        'After that time the offer goes to the next in line, and you would have to join the waitlist again.',
      ],
      places,
    );
  return page(
    `Order ${code} is cancelled`,
    `Hello ${order.buyer_name},`,
    [
      `your order for ${order.event.name} is cancelled.`,
      ...(order.refund ? [`We refund ${decimal(order.refund.amount_minor, order.currency)} ${order.currency}.`] : []),
    ],
    places,
  );
}

/** What belongs to no order says all itself. */
function composeAlone(kind: mails.MailKind, data: Record<string, unknown>): Content {
  if (kind !== 'waitlist-cancelled') throw new Error(`a mail of the kind ${kind} needs an order`);
  const { name, event, startsAt, reason } = data as { name: string; event: string; startsAt: string; reason: string };
  return page(`${event} is cancelled`, `Hello ${name},`, [
    `we are sorry: ${event}, ${toTheMinute(startsAt)}, will not take place.`,
    ...(reason ? [reason] : []),
    'You were on its waitlist, which is closed. Nothing was charged, and you need not do anything.',
  ]);
}

async function ticketPdfs(db: Kysely<DB>, order: orders.OrderView, code: string): Promise<Content['attachments']> {
  const files = [];
  for (const [i, ticket] of order.tickets.entries())
    files.push({
      filename: `${code}-${i + 1}.pdf`,
      content: await ticketFiles.file(db, ticket.id, 'ticket.pdf'),
      contentType: 'application/pdf',
    });
  return files;
}

type Where = { starts_at: string; venue: string | null };
const whenAndWhere = (w: Where) => `on ${toTheMinute(w.starts_at)}${w.venue ? `, ${w.venue}` : ''}`;

function page(subject: string, hello: string, lines: string[], list: string[] = [], attachments: Content['attachments'] = []): Content {
  const text = [hello, '', ...lines, '', ...list.map((l) => `- ${l}`), '', 'Billetter'].join('\n');
  const html = `<div style="font-family:system-ui,sans-serif;max-width:34em;margin:auto;color:#111827"><h2 style="color:#4338ca">${escaped(subject)}</h2>
<p>${escaped(hello)}</p>${lines.map((l) => `<p>${escaped(l)}</p>`).join('')}${list.length ? `<ul>${list.map((l) => `<li>${escaped(l)}</li>`).join('')}</ul>` : ''}<p>Billetter</p></div>`;
  return { subject: subject.replace(/[\r\n]+/g, ' '), text, html, attachments };
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
