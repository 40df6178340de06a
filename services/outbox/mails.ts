// Mail promised to people: a row written with the change that promises it. The order's workflow delivers it; what belongs to no order has one of its own.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { uuids } from '../shared/ids.ts';

export type MailKind =
  | 'tickets'
  | 'refunded'
  | 'expired-payment'
  | 'paid-twice'
  | 'cancelled'
  | 'waitlist-offer'
  | 'event-cancelled'
  | 'event-moved'
  | 'waitlist-cancelled';

/**
 * Promises the order's buyer a mail (or those of many orders, one each). Sent at least once; its id is the Message-ID, so a
 * repeat can be recognised. With `noticeId` each order is told of that notice once, however often this is repeated.
 * Whoever is not run by the order's workflow tells it too (outbox.orderChanged); a promise it never heard of is found by the sweep.
 */
export async function promise(
  tx: Transaction<DB>,
  kind: MailKind,
  orderId: string | string[],
  data: Record<string, unknown> = {},
  noticeId: string | null = null,
): Promise<void> {
  await sql`insert into mails (kind, recipient, order_id, data, notice_id)
    select ${kind}, coalesce(o.buyer_email, a.email), o.id, ${JSON.stringify(data)}::jsonb, ${noticeId}::uuid
    from orders o join accounts a on a.id = o.account_id where o.id = any(${uuids([orderId].flat())})
    on conflict (notice_id, order_id) where notice_id is not null do nothing`.execute(tx);
}

/** Promises mails that belong to no order; `data` is all their text is made of. Announced with them: the caller has nothing more to do. */
export async function promiseTo(
  tx: Transaction<DB>,
  kind: MailKind,
  mails: { to: string; data: Record<string, unknown> }[],
): Promise<void> {
  if (!mails.length) return;
  await sql`with mail as (
      insert into mails (kind, recipient, data)
      select ${kind}, m."to", m.data from json_to_recordset(${JSON.stringify(mails)}::json) as m ("to" text, data jsonb) returning id)
    insert into outbox (topic, subject_id) select 'mail', id from mail`.execute(tx);
}

/** The mail, for one more try to send it, which is noted: the sweep goes by it. Undefined if it has been sent. */
export function startTry(db: Kysely<DB>, mailId: string) {
  return db
    .updateTable('mails')
    .set({ tried_at: sql<Date>`now()` })
    .where('id', '=', mailId)
    .where('sent_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Notes that the mail server has taken it. */
export async function sent(db: Kysely<DB>, mailId: string): Promise<void> {
  await db.updateTable('mails').set({ sent_at: sql<Date>`now()` }).where('id', '=', mailId).execute();
}
