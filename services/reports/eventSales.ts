// What one event has sold, of each offer: counted from rows, never stored.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';

/** Of one offer: what its items in confirmed orders came to. A refunded order is not confirmed any more. */
export type OfferSales = { offer_id: string; revenue_minor: number };

/** `bookings`: those that live, held or paid. */
export type EventSales = { offers: OfferSales[]; revenueMinor: number; bookings: number };

/** The sales of an event: its revenue is what buyers have paid and not got back, fees included, discounts and refunds of parts taken off. */
export async function eventSales(db: Kysely<DB>, eventId: string): Promise<EventSales> {
  const { rows } = await sql<{ offers: OfferSales[] | null; revenue: number; bookings: number }>`
    with sold as materialized (select id, total_minor from orders where event_id = ${eventId}::uuid and status = 'confirmed')
    select
      (select json_agg(x) from (
        select i.offer_id, sum(i.price_minor) as revenue_minor from sold join order_items i on i.order_id = sold.id group by i.offer_id) x) as offers,
      (select coalesce(sum(total_minor), 0) from sold)::bigint
        - (select coalesce(sum(r.amount_minor), 0) from sold join refunds r on r.order_id = sold.id and r.status <> 'failed')::bigint as revenue,
      (select count(*) from sold)::int
        + (select count(*) from orders o where o.event_id = ${eventId}::uuid and o.status = 'pending' and o.expires_at > now())::int as bookings`.execute(
    db,
  );
  const { offers, revenue, bookings } = rows[0]!;
  return { offers: offers ?? [], revenueMinor: revenue, bookings };
}
