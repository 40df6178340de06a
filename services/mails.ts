// Mail promised to people: a row written with the change that promises it, and its announcement in the outbox.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../db/tables.ts';

export type MailKind = 'tickets' | 'refunded' | 'expired-payment' | 'cancelled' | 'waitlist-offer';

/** Promises the order's buyer a mail. Sent at least once; its id is the Message-ID, so a repeat can be recognised. */
export async function promise(tx: Transaction<DB>, kind: MailKind, orderId: string, data: Record<string, unknown> = {}): Promise<void> {
  await sql`with mail as (
      insert into mails (kind, recipient, order_id, data)
      select ${kind}, coalesce(o.buyer_email, a.email), o.id, ${JSON.stringify(data)}::jsonb
      from orders o join accounts a on a.id = o.account_id where o.id = ${orderId}::uuid returning id, order_id)
    insert into outbox (topic, subject_id, payload) select 'mail', id, jsonb_build_object('order', order_id) from mail`.execute(tx);
}
