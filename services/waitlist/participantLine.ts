// Participants in an event's line: there by their own names, though the account is their organizer's. They wait for one place of one offer.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isOnSale } from '../inventory/places.ts';
import * as waiting from '../orders/waiting.ts';
import { announcing } from '../outbox/outbox.ts';

export type LineRequest = waiting.WaitRequest & Required<Pick<waiting.WaitRequest, 'participant'>> & { offerId: string };

/** Puts a participant at the end of the line and wakes it: a place may have become free meanwhile. Returns the order that waits. */
export async function join(tx: Transaction<DB>, { offerId, ...request }: LineRequest): Promise<string> {
  const orderId = await waiting.enter(tx, request);
  await sql`
    with entry as (
      insert into waitlist_entries (order_id, event_id, account_id, offer_id, quantity, notify_email, notify_sms, for_participant)
      values (${orderId}::uuid, ${request.eventId}::uuid, ${request.accountId}::uuid, ${offerId}::uuid, 1, false, false, true)
      returning event_id)
    ${announcing(sql`select 'waitlist.joined', event_id, '{}'::jsonb from entry`)}`.execute(tx);
  return orderId;
}

/** Locks a participant's entry, if there is one: before its order, as a promotion does. */
export async function lock(tx: Transaction<DB>, orderId: string): Promise<void> {
  await sql`select from waitlist_entries where order_id = ${orderId}::uuid for update`.execute(tx);
}

/** Ends a participant's wait. False: the order does not wait, or not any more. */
export async function leave(tx: Transaction<DB>, orderId: string): Promise<boolean> {
  const { rows } = await sql`update waitlist_entries set in_line = false
    where order_id = ${orderId}::uuid and in_line and for_participant returning id`.execute(tx);
  if (rows.length) await waiting.end(tx, [orderId], 'cancelled', 'left the waitlist');
  return rows.length > 0;
}

/** Waits for another offer from now on, at the same place in the line. False: that is not on sale, or the order does not wait. */
export async function wishFor(tx: Transaction<DB>, orderId: string, offerId: string): Promise<boolean> {
  const { rows } = await sql`
    with entry as (
      update waitlist_entries w set offer_id = o.id from offers o join events e on e.id = o.event_id
      where w.order_id = ${orderId}::uuid and w.in_line and w.for_participant and o.id = ${offerId}::uuid and o.event_id = w.event_id and ${isOnSale(sql`e.starts_at`)}
      returning w.id, w.event_id),
    called as (${announcing(sql`select 'places.freed', event_id, '{}'::jsonb from entry`)})
    select id from entry`.execute(tx);
  return rows.length > 0;
}
