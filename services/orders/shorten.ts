// Holds that outlive the sale of their places, because the event was moved nearer or its sale ends sooner: they end with the sale.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { sellsUntil, shortenTo } from '../inventory/places.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';

/**
 * Shortens the running holds of an event, offers of its waitlist among them, to the end of the sale of what they hold; their workflows look
 * again, and their buyers are told. A press on pay that is being decided keeps its places until it is. Returns how many were shortened.
 */
export async function shortenHolds(tx: Transaction<DB>, eventId: string): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    with late as materialized (
      select r.id, b.until, greatest(b.until, (select max(a.kept_until) from payment_attempts a where a.order_id = r.id)) as kept
      from orders r cross join lateral (
        select min(${sellsUntil(sql`e.starts_at`)}) as until
        from order_items i join offers o on o.id = i.offer_id join events e on e.id = o.event_id where i.order_id = r.id) b
      where r.event_id = ${eventId}::uuid and r.status = 'pending' and r.expires_at > now() and b.until < r.expires_at
      for update of r
    ),
    shortened as (update orders set expires_at = late.until from late where orders.id = late.id returning orders.id),
    ${shortenTo}
    select id from shortened`.execute(tx);
  const orders = rows.map((row) => row.id);
  if (!orders.length) return 0;
  await mails.enqueue(tx, 'hold-shortened', orders);
  await outbox.orderChanged(tx, orders);
  return orders.length;
}
