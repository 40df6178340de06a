// Mails to be sent: each is a row, written in the transaction of what it tells. The order's workflow delivers it, or one of its own.
import { type Kysely, type RawBuilder, type Selectable, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB, Mails } from '../../db/tables.ts';
import { uuids } from '../shared/ids.ts';
import { unhurried } from '../shared/unhurried.ts';

export type MailKind =
  | 'tickets'
  | 'refunded'
  | 'expired-payment'
  | 'paid-twice'
  | 'cancelled'
  | 'waitlist-offer'
  | 'event-cancelled'
  | 'event-moved'
  | 'waitlist-cancelled'
  | 'hold-shortened'
  | 'verify-email'
  | 'already-registered'
  | 'webhook-disabled';

/** Somebody reads mails about the order (alias): of a participant only the organizer's programs hear, and they by webhooks. */
export const isMailed = (alias: string): RawBuilder<boolean> => sql<boolean>`${sql.ref(`${alias}.participant_ref`)} is null`;

/**
 * Writes a mail to the order's buyer (or one to the buyer of each of many orders). It is sent at least once; its id is the
 * Message-ID, so a repeat can be recognised. With `noticeId` each order gets one mail of that notice, however often this is repeated.
 * None is written where nobody reads it (isMailed).
 * A caller other than the order's workflow wakes it too (outbox.orderChanged); otherwise the sweep finds the mail, later.
 */
export async function enqueue(
  tx: Transaction<DB>,
  kind: MailKind,
  orderId: string | string[],
  data: Record<string, unknown> = {},
  noticeId: string | null = null,
): Promise<void> {
  const which = sql`o.id = any(${uuids([orderId].flat())})`;
  await sql`${mailing(kind, which, sql`${JSON.stringify(data)}::jsonb`, sql`${noticeId}::uuid`)}
    on conflict (notice_id, order_id) where notice_id is not null do nothing`.execute(tx);
}

const mailing = (kind: MailKind, which: RawBuilder<unknown>, data: RawBuilder<unknown>, noticeId: RawBuilder<unknown>) =>
  sql<unknown>`insert into mails (kind, recipient, order_id, data, notice_id)
    select ${sql.lit(kind)}, coalesce(o.buyer_email, a.email), o.id, ${data}, ${noticeId}
    from orders o join accounts a on a.id = o.account_id where ${which} and ${isMailed('o')}`;

/** A part of a statement: the same for one order, without data. The statement runs in the order's workflow, or wakes it. */
export const enqueueing = (kind: MailKind, orderId: RawBuilder<string>) =>
  mailing(kind, sql`o.id = ${orderId}::uuid`, sql`'{}'::jsonb`, sql`null::uuid`);

/** Writes mails that belong to no order, and their outbox rows; `data` is all that their text is made of. */
export async function enqueueTo(
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

/** What a mail says is old after so long; whatever stands in its way by then is taken for good. */
export const MAIL_LIFE = sql`interval '3 days'`;

/** A mail that is still to be sent: neither taken by a server nor refused for good. Every reader of mails that wait uses this. */
export const isOwed = (alias: string): RawBuilder<boolean> =>
  sql`${sql.ref(`${alias}.sent_at`)} is null and ${sql.ref(`${alias}.refused_at`)} is null`;

export type Tried = Pick<Selectable<Mails>, 'id' | 'kind' | 'recipient' | 'order_id' | 'data' | 'refused_at'>;

/** Parts of a statement: notes that a try to send the mail begins, for the sweep, and reads the mail: a row of Tried, none if it has been sent. */
export const trying = (id: RawBuilder<string>) => sql`${unhurried},
  mail as (
    update mails set tried_at = now() from unhurried where id = ${id}::uuid and sent_at is null
    returning id, kind, recipient, order_id, data, refused_at
  )`;

/** Notes that the mail server has accepted the mail. What a crash takes of it is a mail sent twice, as after a crash before it. */
export async function sent(db: Kysely<DB>, id: string): Promise<void> {
  await taken(db, { id });
}

const taken = prepared<{ id: string }>()(
  (p) => sql`with ${unhurried} update mails set sent_at = now() from unhurried where id = ${p.id}::uuid`,
);

/** Notes that the mail will never be taken, and why: nobody tries again, and operators see it. */
export async function refused(db: Kysely<DB>, mailId: string, refusal: string): Promise<void> {
  await db.updateTable('mails').set({ refused_at: sql<Date>`now()`, refusal }).where('id', '=', mailId).where(isOwed('mails')).execute();
}

/** Mails of the last day that were refused for good, and those that nobody has taken for five minutes (the server is down, or refuses us), for /metrics. */
export async function countTroubled(db: Kysely<DB>): Promise<{ refused: number; waiting: number }> {
  const { rows } = await sql<{ refused: number; waiting: number }>`select
    (select count(*)::int from mails where refused_at > now() - interval '1 day') as refused,
    (select count(*)::int from mails where ${isOwed('mails')} and created_at < now() - interval '5 minutes') as waiting`.execute(db);
  return rows[0]!;
}
