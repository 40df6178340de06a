// Sends the mails of services/outbox/mails.ts. Their texts are in letters/, one file for each kind.
import { type Kysely, sql } from 'kysely';
import nodemailer from 'nodemailer';
import { prepared } from '../../db/prepared.ts';
import type { DB } from '../../db/tables.ts';
import { tokenOf } from '../accounts/tokens.ts';
import { isPlaced, placeInText } from '../orders/placed.ts';
import { type OrderView, toView, type ViewRow, view } from '../orders/view.ts';
import * as mails from '../outbox/mails.ts';
import { buyersCode } from '../shared/codes.ts';
import { isolated } from '../shared/text.ts';
import { createDocuments, type Documents } from '../tickets/documents.ts';
import * as ticketFiles from '../tickets/ticketFiles.ts';
import { LETTERS } from './letters/index.ts';
import { type About, type Attachment, amount, type Content } from './letters/letter.ts';
import { finalRefusal } from './smtp.ts';

/** Whose mail it is. The name is quoted or encoded on the wire, whatever is in it. */
export type Mailbox = { name: string; address: string };
/** What became of a message. */
export type Delivery = 'sent' | 'sent before' | 'refused';
export type Message = Content & { from: Mailbox; to: Mailbox; messageId: string; headers: Record<string, string> };
/** `codePrefix` is the house's, for the codes of orders that have no prefix of their own; `documents` draws tickets; `tokenOf` makes a seed's token. */
export type Mailer = {
  from: Mailbox;
  codePrefix: string;
  documents: Documents;
  tokenOf(seed: string): string;
  send(message: Message): Promise<void>;
  close(): void;
};

/** Keeps a few SMTP connections. send() throws what the server refused with, or why a connection broke; the caller tries again. */
export function smtpMailer(settings: { smtpUrl: string; from: Mailbox; codePrefix: string; tokenSecret: string }): Mailer {
  const url = new URL(settings.smtpUrl);
  url.searchParams.set('pool', 'true'); // nodemailer takes it from nowhere else where there is a URL
  const transport = nodemailer.createTransport(url.href);
  return {
    from: settings.from,
    codePrefix: settings.codePrefix,
    documents: createDocuments(),
    tokenOf: (seed) => tokenOf(settings.tokenSecret, seed),
    async send(message) {
      await transport.sendMail(message);
    },
    close: () => transport.close(),
  };
}

/**
 * Sends one mail, if it has not been sent before. One that is refused for good is noted, and counts as seen to: the order goes on without
 * it. Throws where another try may help. After a crash between sending a mail and noting that, it is sent again with the same Message-ID.
 */
export async function deliver(db: Kysely<DB>, mailer: Mailer, mailId: string): Promise<Delivery> {
  const [tried] = await trying(db, { mailId });
  if (!tried) return 'sent before';
  const { mail, ...order } = tried;
  if (mail.refused_at) return 'refused';
  const message: Message = {
    ...(await compose(mailer, mail.kind as mails.MailKind, order.id === null ? undefined : toView(order), mail.data)),
    from: { ...mailer.from }, // nodemailer writes into it
    to: { name: '', address: mail.recipient },
    messageId: `<${mail.id}@${mailer.from.address.split('@')[1]}>`,
    // No robot answers a robot (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
  try {
    await mailer.send(message);
  } catch (error) {
    const refusal = finalRefusal(error);
    if (refusal === undefined) throw error;
    await mails.refused(db, mailId, refusal);
    return 'refused';
  }
  await mails.sent(db, mailId);
  return 'sent';
}

/** The mail, which is being tried from now on, and its order; nulls in the place of an order that there is not, or that was never placed. */
const trying = prepared<{ mailId: string }>()(
  (p) => sql<{ mail: mails.Tried } & (ViewRow | { id: null })>`with ${mails.trying(p.mailId)}
    select to_jsonb(mail) as mail, o.* from mail left join lateral (${view} where o.id = mail.order_id and ${isPlaced}) o on true`,
);

/** The text of a mail. Throws for a kind that is about an order when there is none. */
async function compose(mailer: Mailer, kind: mails.MailKind, order: OrderView | undefined, data: unknown): Promise<Content> {
  const letter = LETTERS[kind];
  if (letter.of === 'none') return letter.write(data, mailer);
  if (!order) throw new Error(`a mail of the kind ${kind} needs an order`);
  return letter.write(about(mailer, order), data);
}

function about(mailer: Mailer, order: OrderView): About {
  const code = buyersCode(order, mailer.codePrefix);
  const { buyer_name, event } = order;
  const named = { ...event, name: isolated(event.name), venue: event.venue && isolated(event.venue) };
  return {
    order: { ...order, buyer_name: isolated(buyer_name), event: named },
    code,
    total: amount(order.total_minor, order.currency),
    fee: order.fee_minor ? amount(order.fee_minor, order.currency) : undefined,
    places: order.places.map(placeInText),
    tickets: () => ticketPdfs(mailer, order, code),
  };
}

/** The tickets' pages, drawn from the order that was read for the text. Nobody keeps them: few buyers ask for a page that lies in their mailbox. */
async function ticketPdfs({ documents, codePrefix }: Mailer, order: OrderView, code: string): Promise<Attachment[]> {
  const files = [];
  const { event, places } = order;
  const said = { ...order, event: event.name, starts_at: event.starts_at, venue: event.venue, time_zone: event.time_zone };
  for (const [i, ticket] of order.tickets.entries()) {
    const place = places.find(({ id }) => id === ticket.place_id)!;
    files.push({
      filename: `${code}-${i + 1}.pdf`,
      content: await ticketFiles.pdf(documents, { ...ticket, ...place, ...said }, codePrefix),
      contentType: 'application/pdf',
    });
  }
  return files;
}
