// Figures of an account's orders: how many stand where, what was spent, what is still to come.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isBuyers, isPlaced } from '../orders/placed.ts';
import { stage } from '../orders/view.ts';
import { buyerStats } from './analytics.ts';

/**
 * `pending` can still be paid; `cancelled` with those whose money went back; `failed` were not paid in time: the four are all there are.
 * `spent` is what was paid minus what went back, in the currency of most confirmed orders; null when nothing was ever paid.
 */
export type OrderStats = {
  total: number;
  pending: number;
  confirmed: number;
  cancelled: number;
  failed: number;
  /** Tickets that are valid or were used. */
  tickets: number;
  upcoming: number;
  spent: { currency: string; minor: number } | null;
};

/** The account's figures, in two queries side by side. */
export async function orderStats(db: Kysely<DB>, accountId: string): Promise<OrderStats> {
  const counts = sql<Omit<OrderStats, 'upcoming' | 'spent'>>`
    select count(*)::int as total, count(*) filter (where stage in ('pending', 'processing', 'failed'))::int as pending,
      count(*) filter (where stage = 'confirmed')::int as confirmed, count(*) filter (where stage in ('cancelled', 'refunded'))::int as cancelled,
      count(*) filter (where stage = 'expired')::int as failed,
      (select count(*)::int from tickets t join orders o on o.id = t.order_id where o.account_id = ${accountId}::uuid and ${isBuyers} and t.voided_at is null) as tickets
    from (select ${stage} as stage from orders o where o.account_id = ${accountId}::uuid and ${isBuyers} and ${isPlaced}) s`.execute(db);
  const [{ rows }, bought] = await Promise.all([counts, buyerStats(db, accountId)]);
  return { ...rows[0]!, upcoming: bought.upcoming, spent: bought.spent[0] ?? null };
}
