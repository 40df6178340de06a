// Tickets: issued once per sold place, voided with a refund.
import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { uuids } from '../shared/ids.ts';
import { signCode } from './codes.ts';
import type { TicketKeys } from './keys.ts';
import { signParticipantCode } from './participantCodes.ts';

/** What tickets are issued of. `event`: the event's slug; `participant`: an organizer's own id of who it is for; `at`: the transaction's now. */
export type Issued = { eventId: string; event: string; participant: string | null; at: Date };

/**
 * Writes one ticket per item of an order of that event, in the transaction that confirms it: an order is confirmed exactly if its tickets exist.
 * The unique index on live tickets per place refuses a second sale whatever happened before.
 */
export async function issue(
  tx: Transaction<DB>,
  { eventId, event, participant, at: issuedAt }: Issued,
  items: string[],
  keys: TicketKeys,
): Promise<void> {
  const ids = items.map(() => randomUUID());
  const codes = ids.map((ticketId) =>
    participant === null ? signCode(keys, { eventId, ticketId }) : signParticipantCode(keys, { ticketId, event, participant, issuedAt }),
  );
  await sql`insert into tickets (id, code, order_id, order_item_id, event_id, offer_id, place_id, holder_name, holder_ref)
    select t.id, t.code, o.id, i.id, o.event_id, i.offer_id, i.place_id, coalesce(o.buyer_name, o.participant_ref, a.full_name), coalesce(o.participant_ref, a.id::text)
    from unnest(${uuids(ids)}, array[${sql.join(codes)}]::text[], ${uuids(items)}) as t (id, code, item_id)
    join order_items i on i.id = t.item_id join orders o on o.id = i.order_id join accounts a on a.id = o.account_id`.execute(tx);
}

/**
 * A part of a statement: tickets go with their items to another offer, and another place. It reads the part `moved` (item_id, offer_id,
 * place_id). Codes stay as they are.
 */
export const ticketsMoved = sql`
  tickets_moved as (
    update tickets t set offer_id = moved.offer_id, place_id = moved.place_id from moved where t.order_item_id = moved.item_id and t.voided_at is null
  )`;

/** Voids the order's tickets. They stay in the table, but admit nobody and no longer block their place. A used ticket stays used. */
export async function voidAll(tx: Transaction<DB>, orderId: string): Promise<void> {
  await tx
    .updateTable('tickets')
    .set({ voided_at: sql<Date>`now()` })
    .where('order_id', '=', orderId)
    .where('voided_at', 'is', null)
    .execute();
}
