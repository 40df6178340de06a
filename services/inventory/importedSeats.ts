// Seats of many events at once, out of a temporary table: their zones become offers, a seat that is there already stays as it is.
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';

/**
 * Adds `seats`, a relation of (at, event_id, currency, zone, row, seat, price_minor), to their events. A zone is an
 * offer, found by its name and made where it is missing; its price is that of its first seat, and a seat at another price is refused.
 * @returns the rows that were not added, with reasons
 */
export async function addImported(tx: Transaction<DB>, seats: RawBuilder<unknown>): Promise<{ at: number; reason: string }[]> {
  await sql`insert into offers (event_id, name, tier_number, tier_name, price_minor, currency, quantity, seated)
    select z.event_id, z.zone, coalesce((select max(tier_number) from offers o where o.event_id = z.event_id), 0)
        + row_number() over (partition by z.event_id order by z.at), z.zone, z.price_minor, z.currency, 0, true
    from (select distinct on (event_id, zone) * from ${seats} s order by event_id, zone, at) z
    where not exists (select from offers o where o.event_id = z.event_id and o.name = z.zone)
    order by z.at`.execute(tx);

  const { rows } = await sql<{ at: number; reason: string }>`
    with fit as (
      select s.*, o.id as offer_id, o.price_minor = s.price_minor as same
      from ${seats} s join offers o on o.event_id = s.event_id and o.name = s.zone and o.seated and o.is_active),
    written as (
      insert into places (event_id, offer_id, section, row_label, seat_label, row_index, seat_index, position)
      select event_id, offer_id, zone, row::text, seat::text, row, seat,
        coalesce((select max(position) from places p where p.offer_id = f.offer_id), -1) + row_number() over (partition by offer_id order by row, seat, at)
      from (select distinct on (event_id, zone, row, seat) * from fit where same order by event_id, zone, row, seat, at) f
      where not exists (select from places p where p.event_id = f.event_id and p.section = f.zone and p.row_label = f.row::text and p.seat_label = f.seat::text)
      on conflict (event_id, section, row_label, seat_label) do nothing
      returning event_id, offer_id, section, row_label, seat_label),
    grown as (
      update offers o set quantity = o.quantity + w.seats, updated_at = now()
      from (select offer_id, count(*)::int as seats from written group by offer_id) w where o.id = w.offer_id)
    select s.at, case when f.at is null then 'its zone is not sold by seats' when not f.same then 'its zone has another price'
        else 'the seat is there already' end as reason
    from ${seats} s left join fit f using (at)
    left join (select distinct on (event_id, zone, row, seat) at, event_id, zone, row, seat from fit where same order by event_id, zone, row, seat, at) g on g.at = s.at
    left join written w on w.event_id = g.event_id and w.section = g.zone and w.row_label = g.row::text and w.seat_label = g.seat::text
    where w.event_id is null`.execute(tx);
  return rows;
}
