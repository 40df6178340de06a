// Text messages to be sent: each is a row, written in the transaction of what it tells, with the outbox row that starts its delivery.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';

/** A phone number as providers want it (E.164), or undefined. Spaces and the like are removed, no country is guessed. */
export function textable(phone: string | null | undefined): string | undefined {
  const plain = phone?.replace(/[\s().-]/g, '');
  return plain && /^\+[1-9]\d{6,14}$/.test(plain) ? plain : undefined;
}

/** Writes a text to the order's buyer; none if there is no usable phone number. */
export async function enqueue(tx: Transaction<DB>, kind: string, orderId: string, body: string): Promise<void> {
  const { rows } = await sql<{ phone: string | null }>`select coalesce(o.buyer_phone, a.phone) as phone
    from orders o join accounts a on a.id = o.account_id where o.id = ${orderId}::uuid`.execute(tx);
  await enqueueTo(tx, kind, [{ phone: rows[0]?.phone, order: orderId, body }]);
}

/** Writes texts, each about an order or about none; none to a person without a usable phone number. */
export async function enqueueTo(
  tx: Transaction<DB>,
  kind: string,
  texts: { phone: string | null | undefined; order: string | null; body: string }[],
): Promise<void> {
  const sent = texts.map(({ phone, ...text }) => ({ ...text, to: textable(phone) })).filter(({ to }) => to);
  if (!sent.length) return;
  await sql`with text as (
      insert into texts (kind, recipient, order_id, body)
      select ${kind}, t."to", t."order", t.body from json_to_recordset(${JSON.stringify(sent)}::json) as t ("to" text, "order" uuid, body text)
      returning id, order_id)
    insert into outbox (topic, subject_id, payload) select 'sms', id, jsonb_build_object('order', order_id) from text`.execute(tx);
}

/** What a text says is old after so long; whatever stands in its way by then is taken for good. */
export const TEXT_LIFE = sql`interval '1 day'`;

/** A text that is still to be sent: neither taken by the provider nor given up. Every reader of texts that wait uses this. */
export const isOwed = (alias: string): RawBuilder<boolean> =>
  sql`${sql.ref(`${alias}.sent_at`)} is null and ${sql.ref(`${alias}.failed_at`)} is null`;

/** Notes that a try to send the text begins, for the sweep, and reads the text. Undefined if it has been sent. */
export function startTry(db: Kysely<DB>, textId: string) {
  return db
    .updateTable('texts')
    .set({ tried_at: sql<Date>`now()` })
    .where('id', '=', textId)
    .where('sent_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Notes that the provider has accepted the text, and its reference there. */
export async function sent(db: Kysely<DB>, textId: string, providerRef: string): Promise<void> {
  await db.updateTable('texts').set({ sent_at: sql<Date>`now()`, provider_ref: providerRef }).where('id', '=', textId).execute();
}

/** Notes that the provider refused the text for good, so that nobody tries again. */
export async function gaveUp(db: Kysely<DB>, textId: string, refusal: string): Promise<void> {
  await db.updateTable('texts').set({ failed_at: sql<Date>`now()`, refusal }).where('id', '=', textId).execute();
}
