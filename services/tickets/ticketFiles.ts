// A ticket's QR picture and PDF: drawn when first asked for, then read from the table.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { fullName } from '../inventory/offerNames.ts';
import { buyersCode } from '../shared/codes.ts';
import { DomainError } from '../shared/errors.ts';
import { decimal } from '../shared/money.ts';
import type { Documents } from './documents.ts';

export type FileKind = 'qr.png' | 'ticket.pdf';

/**
 * The bytes of one file of one live ticket; `codePrefix` is the house's (codes.ts buyersCode). Throws not_found for a ticket that never
 * was or is void.
 */
export async function file(db: Kysely<DB>, documents: Documents, ticketId: string, kind: FileKind, codePrefix: string): Promise<Buffer> {
  const kept = await db
    .selectFrom('ticket_files as f')
    .innerJoin('tickets as t', 't.id', 'f.ticket_id')
    .select('f.content')
    .where('f.ticket_id', '=', ticketId)
    .where('f.kind', '=', kind)
    .where('t.voided_at', 'is', null)
    .executeTakeFirst();
  if (kept) return kept.content;
  const { content, seen } = await draw(db, documents, ticketId, kind, codePrefix);
  // Not stored if the event or the ticket's offer has changed since it was read, or is being changed: such a file shows old facts, and is drawn again.
  await sql`insert into ticket_files (ticket_id, kind, content)
    select t.id, ${kind}, ${content} from tickets t join events e on e.id = t.event_id
    where t.id = ${ticketId}::uuid and ${facts} = ${seen} for share of e, t on conflict do nothing`.execute(db);
  return content;
}

/** What says that the facts of a ticket `t` of an event `e` are others than before. */
const facts = sql<string>`e.updated_at::text || ' ' || t.offer_id`;

async function draw(
  db: Kysely<DB>,
  documents: Documents,
  ticketId: string,
  kind: FileKind,
  codePrefix: string,
): Promise<{ content: Buffer; seen: string }> {
  const { rows } = await sql<
    Printed & { seen: string }
  >`select ${facts} as seen, t.code, t.holder_name, o.number, o.created_at, o.code_prefix, o.currency, e.name as event, e.starts_at, v.name as venue, v.time_zone, ${fullName('f', 'kind')} as offer_name,
      p.section, p.row_label, p.seat_label, i.price_minor
    from tickets t join orders o on o.id = t.order_id join events e on e.id = t.event_id left join venues v on v.id = e.venue_id
    join offers f on f.id = t.offer_id left join offers kind on kind.id = f.pool_id and kind.is_pool join places p on p.id = t.place_id join order_items i on i.id = t.order_item_id
    where t.id = ${ticketId}::uuid and t.voided_at is null`.execute(db);
  const t = rows[0];
  if (!t) throw new DomainError('not_found', 'There is no such ticket.', { what: 'ticket' });
  const content = kind === 'qr.png' ? await documents.qrPng(t.code) : await pdf(documents, t, codePrefix);
  return { content, seen: t.seen };
}

/** What a ticket's page says, as the rows have it. */
export type Printed = {
  code: string;
  holder_name: string | null;
  number: number;
  created_at: Date;
  code_prefix: string | null;
  currency: string;
  event: string;
  starts_at: Date;
  venue: string | null;
  time_zone: string | null;
  offer_name: string;
  section: string | null;
  row_label: string | null;
  seat_label: string | null;
  price_minor: number;
};

/** Draws a ticket's page. `codePrefix` is the house's (codes.ts buyersCode). */
export const pdf = (documents: Documents, t: Printed, codePrefix: string): Promise<Buffer> =>
  documents.ticketPdf({
    code: t.code,
    orderCode: buyersCode(t, codePrefix),
    eventName: t.event,
    venue: t.venue,
    startsAt: t.starts_at,
    timeZone: t.time_zone,
    offerName: t.offer_name,
    seat: t.seat_label ? { section: t.section ?? '', row: t.row_label ?? '', seat: t.seat_label } : null,
    holderName: t.holder_name,
    price: `${decimal(t.price_minor, t.currency)} ${t.currency}`,
  });

/** Deletes the PDFs of an event's tickets, because they show its old name, time or place. They are drawn again when asked for. */
export async function forgetPdfs(tx: Transaction<DB>, eventId: string): Promise<void> {
  await sql`delete from ticket_files f using tickets t where t.id = f.ticket_id and t.event_id = ${eventId}::uuid and f.kind = 'ticket.pdf'`.execute(
    tx,
  );
}

/** The same of one order's tickets, which are of another offer now. */
export async function forgetPdfsOf(tx: Transaction<DB>, orderId: string): Promise<void> {
  await sql`delete from ticket_files f using tickets t where t.id = f.ticket_id and t.order_id = ${orderId}::uuid and f.kind = 'ticket.pdf'`.execute(
    tx,
  );
}
