// Notices: an event was cancelled or moved after tickets were sold, and every holder is told, a batch at a time.
//
// Everything is read from rows: who still has a live order, who has a mail that names the notice. So a batch may be repeated, run
// twice at once or be taken up by another worker after a crash, and nobody is cancelled, refunded or told twice.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, EventNoticeKind, EventStatus } from '../../db/tables.ts';
import * as places from '../inventory/places.ts';
import { cancel } from '../orders/cancel.ts';
import { shortenHolds } from '../orders/shorten.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import { stands } from '../payments/refunds.ts';

/** Who cancels the orders of an event that will not be. */
const HOUSE = { kind: 'system', why: 'the event is cancelled' } as const;

/** How far the latest notice of an event has come. Amounts are in the currency's minor units. */
export type Progress = {
  event: { id: string; slug: string; name: string; status: EventStatus; currency: string };
  notice: { id: string; number: number; kind: EventNoticeKind; reason: string; created_at: Date; done_at: Date | null } | null;
  /** Orders that were told (and, for a cancelled event, cancelled), and those that are still to be. */
  done: number;
  left: number;
  mails_sent: number;
  /** Will never arrive. */
  mails_refused: number;
  refunds: Record<'pending' | 'succeeded' | 'failed', { count: number; minor: number }>;
  /** Pending refunds of the last minute: those that are being made. Older ones wait for the bank or the provider. */
  begun: number;
};

/** What a round did, for the workflow that asks for them; `waitMs` null when nothing is left to do. */
export type NoticeRound = Pick<Progress, 'done' | 'left' | 'refunds'> & {
  event: string;
  kind: EventNoticeKind | null;
  waitMs: number | null;
};

const BATCH = 50;
/**
 * At most so many refunds are begun in a minute, because other events are being sold meanwhile. Refunds that wait for a bank do not
 * count: that may take days, and the remaining holders must hear in time that the event is cancelled.
 */
const REFUNDS_A_MINUTE = 200;
const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Longer than the longest pause and a round together: then the event's workflow is not running. */
const UNSERVED_AFTER = '5 minutes';

/**
 * Writes a notice as the last thing of the transaction that changes the event. Its workflow is started by the outbox.
 * It is dated at this moment, not at the transaction's beginning: whoever bought while the change was under way saw the old event.
 */
export async function give(
  tx: Transaction<DB>,
  notice: { eventId: string; kind: EventNoticeKind; reason: string; data: Record<string, unknown>; madeBy: string },
): Promise<void> {
  await sql`with notice as (
      insert into event_notices (event_id, kind, reason, data, made_by, created_at)
      values (${notice.eventId}::uuid, ${notice.kind}, ${notice.reason}, ${JSON.stringify(notice.data)}::jsonb, ${notice.madeBy}::uuid, clock_timestamp())
      returning event_id)
    ${outbox.announcing(sql`select 'event.notice', e.id, jsonb_build_object('event', e.slug) from notice join events e on e.id = notice.event_id`)}`.execute(
    tx,
  );
  if (notice.kind === 'cancelled') await places.callWaitlist(tx, notice.eventId);
}

/** How far the event's latest notice has come; undefined if there is no such event. Older notices are answered by the latest. */
export async function progress(db: Kysely<DB>, eventId: string): Promise<Progress | undefined> {
  const { rows } = await sql<
    Omit<Progress, 'refunds'> & { refunds: { status: keyof Progress['refunds']; count: number; minor: number }[] }
  >`
    select json_build_object('id', e.id, 'slug', e.slug, 'name', e.name, 'status', e.status, 'currency', e.currency) as event,
      case when n.id is not null then to_jsonb(n) end as notice, coalesce(told.count, 0)::int as done, coalesce(told.sent, 0)::int as mails_sent, coalesce(told.refused, 0)::int as mails_refused,
      case when n.kind = 'cancelled' then (select count(*) from orders o where o.event_id = e.id and ${live})
        when n.kind = 'moved' then (select count(*) from orders o where o.event_id = e.id and ${untold}) else 0 end::int as left,
      coalesce((select json_agg(r) from (select r.status, count(*)::int as count, sum(r.amount_minor)::bigint as minor
        from mails m join refunds r on r.order_id = m.order_id and ${stands} where m.notice_id = n.id and n.kind = 'cancelled' group by r.status) r), '[]') as refunds,
      (select count(*)::int from mails m join refunds r on r.order_id = m.order_id and r.status = 'pending' and r.created_at > now() - interval '1 minute'
        where m.notice_id = n.id and n.kind = 'cancelled') as begun
    from events e left join lateral (select id, number, kind, reason, created_at, done_at from event_notices
        where event_id = e.id order by number desc limit 1) n on true
      left join lateral (select count(*), count(sent_at) as sent, count(refused_at) as refused from mails where notice_id = n.id) told on true
    where e.id = ${eventId}::uuid`.execute(db);
  const row = rows[0];
  if (!row) return undefined;
  const none = { count: 0, minor: 0 };
  const refunds = { pending: none, succeeded: none, failed: none };
  for (const { status, count, minor } of row.refunds) refunds[status] = { count, minor };
  const { notice } = row;
  return {
    ...row,
    refunds,
    notice: notice && { ...notice, created_at: new Date(notice.created_at), done_at: notice.done_at && new Date(notice.done_at) },
  };
}

/** Orders that a cancelled event still has. */
const live = sql`o.status in ('pending', 'confirmed')`;
/** Holders who bought before the event was moved and have no mail about it. Tickets bought later have the new time on them. */
const untold = sql`o.status = 'confirmed' and o.confirmed_at <= n.created_at and ${mails.isMailed('o')}
  and not exists (select from mails m where m.notice_id = n.id and m.order_id = o.id)`;

/**
 * One round for one event: the next batch of orders is cancelled or told; when none is left, waits for the refunds; when all are
 * decided the notice is done. Safe to repeat and to run twice at once.
 */
export async function serve(db: Kysely<DB>, eventId: string): Promise<NoticeRound> {
  await sql`update event_notices set served_at = now() where event_id = ${eventId}::uuid and done_at is null`.execute(db); // for the sweep, which looks for notices that nobody serves
  const before = await progress(db, eventId);
  const { notice } = before ?? {};
  // Holds that were being claimed while the event was moved are in the rows by now.
  if (notice?.kind === 'moved') await db.transaction().execute((tx) => shortenHolds(tx, eventId));
  if (!before || !notice) return { event: before?.event.slug ?? '', kind: null, done: 0, left: 0, refunds: nothing, waitMs: null };
  const mayGoOn = before.begun < REFUNDS_A_MINUTE;
  if (before.left && mayGoOn) await (notice.kind === 'cancelled' ? cancelSome(db, eventId, notice.id) : tellSome(db, eventId, notice.id));
  const after = before.left && mayGoOn ? (await progress(db, eventId))! : before;
  const open = after.refunds.pending.count;
  if (!after.left && !open) await close(db, eventId, notice.number);
  const age = Date.now() - notice.created_at.getTime();
  return {
    event: after.event.slug,
    kind: notice.kind,
    done: after.done,
    left: after.left,
    refunds: after.refunds,
    // A bank may take days over the last refund, so the rounds come less and less often.
    waitMs: after.left ? (after.begun < REFUNDS_A_MINUTE ? 0 : PAUSE_MS) : open ? Math.min(LONGEST_PAUSE_MS, PAUSE_MS + age / 20) : null,
  };
}

const nothing = { pending: { count: 0, minor: 0 }, succeeded: { count: 0, minor: 0 }, failed: { count: 0, minor: 0 } };

async function cancelSome(db: Kysely<DB>, eventId: string, noticeId: string): Promise<void> {
  const { rows } = await sql<{ id: string; data: Record<string, unknown> }>`
    select o.id, n.data || jsonb_build_object('reason', n.reason) as data from orders o, event_notices n
    where n.id = ${noticeId}::uuid and o.event_id = ${eventId}::uuid and ${live} order by o.number limit ${BATCH}`.execute(db);
  // Each in a transaction of its own: an order is cancelled whole or not yet.
  for (const { id, data } of rows) await cancel(db, id, HOUSE, { reason: HOUSE.why, notice: { id: noticeId, data } });
}

async function tellSome(db: Kysely<DB>, eventId: string, noticeId: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ id: string; data: Record<string, unknown> }>`
      select o.id, n.data || jsonb_build_object('reason', n.reason) as data from orders o, event_notices n
      where n.id = ${noticeId}::uuid and o.event_id = ${eventId}::uuid and ${untold} order by o.number limit ${BATCH}`.execute(tx);
    if (!rows[0]) return;
    const ids = rows.map((r) => r.id);
    await mails.enqueue(tx, 'event-moved', ids, rows[0].data, noticeId);
    await outbox.orderChanged(tx, ids);
  });
}

async function close(db: Kysely<DB>, eventId: string, upTo: number): Promise<void> {
  await sql`update event_notices set done_at = now()
    where event_id = ${eventId}::uuid and number <= ${upTo}::bigint and done_at is null`.execute(db);
}

/**
 * Finds events whose notice is open and has not been served for minutes, and cancelled events with an order that was confirmed at the
 * very moment of the cancelling. Wakes the workflow of each, and returns how many.
 */
export async function sweep(db: Kysely<DB>): Promise<number> {
  const { numAffectedRows } = await outbox
    .announcing(sql`
    select 'event.notice', e.id, jsonb_build_object('event', e.slug)
    from (
      select event_id as id from event_notices where done_at is null
        and coalesce(served_at + ${UNSERVED_AFTER}::interval, created_at) < now() - interval '1 minute'
      union select e.id from events e where e.status = 'cancelled' and exists (select from orders o where o.event_id = e.id and ${live})
        and exists (select from event_notices n where n.event_id = e.id and n.kind = 'cancelled' and n.created_at < now() - interval '1 minute')) late
    join events e on e.id = late.id
    where not exists (select from outbox b where b.subject_id = e.id and b.topic = 'event.notice') limit 100`)
    .execute(db);
  return Number(numAffectedRows ?? 0);
}
