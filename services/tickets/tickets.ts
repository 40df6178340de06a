// Tickets: issued once per sold place, voided with a refund; their codes are signed so that a forged one is refused without a look-up.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { uuids } from '../shared/ids.ts';

const mac = (secret: string, id: Buffer) => createHmac('sha256', secret).update('ticket:').update(id).digest().subarray(0, 12);

/** The code in the QR: `BT1.` + base64url(ticket id, 16 bytes; MAC, 12 bytes). 96 bits of HMAC-SHA-256 leave nothing to guess at a door. */
export function signCode(secret: string, ticketId: string): string {
  const id = Buffer.from(ticketId.replaceAll('-', ''), 'hex');
  return `BT1.${Buffer.concat([id, mac(secret, id)]).toString('base64url')}`;
}

/** The ticket's id, if the code is genuine; else undefined. The comparison takes constant time. */
export function readCode(secret: string, code: string): string | undefined {
  if (!code.startsWith('BT1.') || code.length > 64) return undefined;
  const bytes = Buffer.from(code.slice(4), 'base64url');
  if (bytes.length !== 28) return undefined;
  const id = bytes.subarray(0, 16);
  if (!timingSafeEqual(bytes.subarray(16), mac(secret, id))) return undefined;
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Writes one ticket per item of an order, in the transaction that confirms it: an order is confirmed exactly if its tickets exist.
 * The unique index on live tickets per place refuses a second sale whatever happened before.
 */
export async function issue(tx: Transaction<DB>, items: string[], secret: string): Promise<void> {
  const ids = items.map(() => randomUUID());
  const codes = ids.map((id) => signCode(secret, id));
  await sql`insert into tickets (id, code, order_id, order_item_id, event_id, offer_id, place_id, holder_name, holder_ref)
    select t.id, t.code, o.id, i.id, o.event_id, i.offer_id, i.place_id, coalesce(o.buyer_name, a.full_name), a.id::text
    from unnest(${uuids(ids)}, array[${sql.join(codes)}]::text[], ${uuids(items)}) as t (id, code, item_id)
    join order_items i on i.id = t.item_id join orders o on o.id = i.order_id join accounts a on a.id = o.account_id`.execute(tx);
}

/** Voids the order's tickets. They stay in the table, but admit nobody and no longer block their place. A used ticket stays used. */
export async function voidAll(tx: Transaction<DB>, orderId: string): Promise<void> {
  await tx
    .updateTable('tickets')
    .set({ voided_at: sql<Date>`now()` })
    .where('order_id', '=', orderId)
    .where('voided_at', 'is', null)
    .execute();
}
