// Refunds that failed: each is tried again after a pause, and those that stay failed are counted.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as outbox from '../outbox/outbox.ts';
import { returned, staysFailed } from './refunds.ts';

/** How often a day a payment's money may be tried to be sent back at most. */
const TRIES_A_DAY = 4;
/** The pause after the first failure, which doubles with every further one, up to a day. */
const FIRST_PAUSE = sql`interval '1 hour'`;

/** Failed refunds (alias `r`) that are due for another try. */
const isDue = sql<boolean>`${staysFailed}
  and r.updated_at < now() - least(interval '1 day', ${FIRST_PAUSE} * power(2, least(10, (select count(*) from refunds f
    where f.payment_id = r.payment_id and f.status = 'failed')) - 1))
  and (select count(*) from refunds t where t.payment_id = r.payment_id and t.requested_by <> 'provider'
    and t.created_at > now() - interval '1 day') < ${sql.lit(TRIES_A_DAY)}`;

/**
 * Tries failed refunds again whose pause is over: a new refund each, for what is still left of its amount. A row of its own, because the
 * provider's late word of the failed one must not be taken for a word of the new one.
 * @returns how many.
 */
export async function retryFailed(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ id: string; payment_id: string }>`select r.id, r.payment_id from refunds r where ${isDue}
    order by r.updated_at limit 100`.execute(db);
  let tried = 0;
  for (const { id, payment_id } of rows)
    tried += await db.transaction().execute(async (tx) => {
      await sql`select from payments where id = ${payment_id}::uuid for update`.execute(tx);
      const { rows: again } = await sql<{ order_id: string }>`
        with failed as (update refunds r set replaced_at = now() where r.id = ${id}::uuid and ${isDue} returning r.*)
        insert into refunds (order_id, payment_id, provider, amount_minor, currency, reason, requested_by)
        select r.order_id, r.payment_id, r.provider, least(r.amount_minor, y.amount_minor - ${returned}), r.currency, r.reason,
          case when r.requested_by = 'provider' then 'system' else r.requested_by end
        from failed r join payments y on y.id = r.payment_id where y.amount_minor > ${returned} returning order_id`.execute(tx);
      await outbox.orderChanged(
        tx,
        again.map((r) => r.order_id),
      );
      return again.length;
    });
  return tried;
}

/** How many refunds stay failed: their money is still with us. For /metrics. */
export async function countFailed(db: Kysely<DB>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from refunds r where ${staysFailed}`.execute(db);
  return rows[0]!.count;
}
