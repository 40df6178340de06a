// Exchanging what an order is of: its one item goes to another offer of the event, with its place, its slot and its ticket.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { findInstead, moveInstead } from '../inventory/moves.ts';
import { DomainError } from '../shared/errors.ts';
import { forgetPdfsOf } from '../tickets/ticketFiles.ts';
import { ticketsMoved } from '../tickets/tickets.ts';
import { lock } from './orders.ts';

/**
 * Moves the item of a confirmed order that cost nothing to another offer, in one statement: either all of it is of the new offer when this
 * returns, or all of it is as it was. The place that is given up and the one that is got are never both free or both taken. Locks the order.
 * @throws DomainError order_not_payable (not confirmed, paid for, or used) | event_not_on_sale | places_unavailable
 */
export async function exchange(tx: Transaction<DB>, orderId: string, offerId: string): Promise<void> {
  const order = await lock(tx, orderId);
  if (order.status !== 'confirmed' || order.total_minor > 0)
    throw new DomainError(
      'order_not_payable',
      `This order is ${order.status === 'confirmed' ? 'paid for' : order.status}: its offer stays.`,
    );

  // The order is locked, so that this statement reads the item as the last exchange has left it.
  const { rows } = await sql<{ same: boolean; used: boolean; name: string | null; on_sale: boolean; waited: boolean; moved: boolean }>`
    with held as materialized (
      select i.id, i.order_id, p.event_id, i.offer_id, i.place_id, i.slot_id,
        exists (select from tickets t where t.order_item_id = i.id and t.checked_in_at is not null) as used
      from order_items i join places p on p.id = i.place_id where i.order_id = ${orderId}::uuid
    ),
    item as materialized (
      select * from held where not used and offer_id <> ${offerId}::uuid and (select count(*) from held) = 1
    ),
    ${findInstead(offerId)},
    moved as (
      update order_items i set offer_id = got.offer_id, place_id = got.place_id, slot_id = got.slot_id from got where i.id = got.item_id
      returning i.id as item_id, i.offer_id, i.place_id
    ),
    ${ticketsMoved},
    ${moveInstead}
    select held.offer_id = ${offerId}::uuid as same, held.used, t.name, coalesce(t.on_sale, false) as on_sale, coalesce(t.waited, false) as waited,
      exists (select from moved) as moved
    from held left join target t on true`.execute(tx);
  const [seen] = rows;
  if (seen?.same) return;
  if (!seen?.moved) throw refusal(seen, rows.length, offerId);
  await forgetPdfsOf(tx, orderId);
}

type Seen = { used: boolean; name: string | null; on_sale: boolean; waited: boolean };

function refusal(seen: Seen | undefined, items: number, offerId: string): DomainError {
  if (items !== 1) return new DomainError('order_not_payable', 'Only an order of one place is exchanged.');
  if (seen!.used) return new DomainError('order_not_payable', 'Its ticket has been used: the offer stays.');
  if (!seen!.on_sale) return new DomainError('event_not_on_sale', 'This is not on sale now.');
  if (seen!.waited)
    return new DomainError('places_unavailable', 'What is free here is being offered to the waitlist.', { wanted: 1, waitlist: true });
  const offers = [{ id: offerId, name: seen!.name!, left: 0 }];
  return new DomainError('places_unavailable', `Nothing of "${seen!.name}" is left.`, { wanted: 1, offers });
}
