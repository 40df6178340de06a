// Tickets: issued once per sold place, voided with a refund.
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { signCode } from './codes.ts';
import type { TicketKeys } from './keys.ts';
import { signParticipantCode } from './participantCodes.ts';

/** What tickets are issued of. `event`: the event's slug; `participant`: an organizer's own id of who it is for; `at`: the transaction's now. */
export type Issued = { eventId: string; event: string; participant: string | null; at: Date };

/** New tickets: their ids, codes, and the items they are of, in one order. */
export type Signed = { ids: string[]; codes: string[]; items: string[] };

/** Ids and codes for one ticket per item of an order of that event. */
export function sign({ eventId, event, participant, at: issuedAt }: Issued, items: string[], keys: TicketKeys): Signed {
  const ids = items.map(() => randomUUID());
  const codes = ids.map((ticketId) =>
    participant === null ? signCode(keys, { eventId, ticketId }) : signParticipantCode(keys, { ticketId, event, participant, issuedAt }),
  );
  return { ids, codes, items };
}

/**
 * A part of a statement: one ticket for each of the order's items, in the statement that confirms it, so that an order is confirmed exactly if
 * its tickets exist. The unique index on live tickets per place refuses a second sale whatever happened before.
 */
export const issuing = (orderId: RawBuilder<string>, { ids, codes, items }: { [K in keyof Signed]: RawBuilder<string[]> }) => sql`
  issued as (
    insert into tickets (id, code, order_id, order_item_id, event_id, offer_id, place_id, holder_name, holder_ref)
    select (${ids}::uuid[])[t.n], (${codes}::text[])[t.n], o.id, i.id, o.event_id, i.offer_id, i.place_id, coalesce(o.buyer_name, o.participant_ref, a.full_name), coalesce(o.participant_ref, a.id::text)
    from orders o join accounts a on a.id = o.account_id join order_items i on i.order_id = o.id
    cross join lateral (select array_position(${items}::uuid[], i.id) as n) t
    where o.id = ${orderId}::uuid
  )`;

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
