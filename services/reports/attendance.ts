// Figures of an event's participants, counted from their orders and tickets in one statement, so that they fit each other.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';

/** All but `trend` by day at the venue are as it stands now. `live`: confirmed, or waiting; `byType` and `trend` are of these too, and sum up to them. */
export type Attendance = {
  live: number;
  confirmed: number;
  checked_in: number;
  /** Every type that is on sale or has anybody in it, in the order in which they were made. */
  by_type: { name: string; count: number }[];
  /** Days on which somebody registered who still is, earliest first. A day is one of the event's time zone. */
  trend: { date: string; count: number }[];
};

/** The event's participants in figures. One who waits is of the type they wait for, and registered when they began to wait. */
export async function attendance(db: Kysely<DB>, eventId: string): Promise<Attendance> {
  const { rows } = await sql<Attendance>`
    with live as materialized (
      select o.id, o.status, coalesce((select i.offer_id from order_items i where i.order_id = o.id order by i.id limit 1), w.offer_id) as offer_id,
        (coalesce(w.created_at, o.created_at) at time zone coalesce(v.time_zone, 'UTC'))::date as day
      from orders o join events e on e.id = o.event_id left join venues v on v.id = e.venue_id left join waitlist_entries w on w.order_id = o.id
      where o.event_id = ${eventId}::uuid and o.participant_ref is not null and o.status in ('confirmed', 'waiting')),
    types as (
      select min(f.number) as number, f.name, count(l.id)::int as count
      from offers f left join live l on l.offer_id = f.id
      where f.event_id = ${eventId}::uuid and not f.is_pool group by f.name having count(l.id) > 0 or bool_or(f.is_active)),
    days as (select day::text as date, count(*)::int as count from live group by day)
    select (select count(*)::int from live) as live, (select count(*)::int from live where status = 'confirmed') as confirmed,
      (select count(*)::int from live l join tickets t on t.order_id = l.id and t.voided_at is null and t.checked_in_at is not null) as checked_in,
      (select coalesce(json_agg(json_build_object('name', name, 'count', count) order by number), '[]') from types) as by_type,
      (select coalesce(json_agg(json_build_object('date', date, 'count', count) order by date), '[]') from days) as trend`.execute(db);
  return rows[0]!;
}
