// Captured money that nothing was decided about yet: settlement turns it into tickets or a refund.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { returned } from './refunds.ts';

export type Unsettled = { id: string; amount_minor: number; left_minor: number; currency: string };

/** Captured payments of the order that are not yet turned into tickets or a refund. `left_minor` of them has not gone back already. */
export async function unsettled(tx: Transaction<DB>, orderId: string): Promise<Unsettled[]> {
  const { rows } = await sql<Unsettled>`select y.id, y.amount_minor, y.amount_minor - ${returned} as left_minor, y.currency from payments y
    where y.order_id = ${orderId}::uuid and y.status = 'succeeded' and y.settled_at is null`.execute(tx);
  return rows;
}

/** Marks the order's captured payments as turned into tickets or a refund. */
export async function markSettled(tx: Transaction<DB>, orderId: string): Promise<void> {
  await tx
    .updateTable('payments')
    .set({ settled_at: sql<Date>`now()` })
    .where('order_id', '=', orderId)
    .where('status', '=', 'succeeded')
    .where('settled_at', 'is', null)
    .execute();
}
