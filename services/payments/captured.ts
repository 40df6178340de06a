// Captured money that nothing was decided about yet: settlement turns it into tickets or a refund.
import { type RawBuilder, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB } from '../../db/tables.ts';
import { returned } from './refunds.ts';

export type Unsettled = { id: string; amount_minor: number; left_minor: number; currency: string };

/**
 * A subquery: captured payments of the order that are not yet turned into tickets or a refund. `left_minor` of them has not gone back already.
 */
export const unsettledOf = (orderId: RawBuilder<unknown>) => sql<Unsettled>`
  select y.id, y.amount_minor, y.amount_minor - ${returned} as left_minor, y.currency from payments y
  where y.order_id = ${orderId}::uuid and y.status = 'succeeded' and y.settled_at is null`;

/** The same, read. */
export const unsettled = async (tx: Transaction<DB>, orderId: string): Promise<Unsettled[]> => found(tx, { orderId });

const found = prepared<{ orderId: string }>()((p) => unsettledOf(p.orderId));

/** A part of a statement: marks the order's captured payments as turned into tickets or a refund. */
export const settling = (orderId: RawBuilder<unknown>) => sql`
  settled as (
    update payments set settled_at = now() where order_id = ${orderId}::uuid and status = 'succeeded' and settled_at is null
  )`;

/** The same, done. */
export async function markSettled(tx: Transaction<DB>, orderId: string): Promise<void> {
  await sql`with ${settling(sql`${orderId}`)} select`.execute(tx);
}
