// Figures of sales, for the buyer's profile and the organizer's dashboard: counted from rows, never stored.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isBuyers } from '../orders/placed.ts';
import { invalidField } from '../shared/errors.ts';

/** More days than this are refused: a year and its leap day. */
export const MAX_DAYS = 366;
const DEFAULT_DAYS = 30;
const DAY = 86_400_000;
const TOP = 10;

/** The figures of one currency, in its minor units. */
export type Sum = { currency: string; bookings: number; revenue_minor: number };
export type TopEvent = { event_id: string; name: string; bookings: number; revenue_minor: number; utilization: number };
export type BuyerStats = { bookings: number; upcoming: number; spent: { currency: string; minor: number }[] };
/** UTC days, both inclusive. */
export type Period = { start: string; end: string; days: string[] };

/** Amounts are in `currency`, counts are of all currencies; `by_currency` has the rest. */
export type Dashboard = {
  currency: string;
  total_events: number;
  utilization: number;
  by_currency: Sum[];
  top: TopEvent[];
  trends: { date: string; bookings: number; revenue_minor: number }[];
  categories: { name: string; revenue_minor: number }[];
};

/**
 * An order's revenue: what was captured minus what was returned. A pending refund counts as returned, a failed one does not.
 */
const net = sql`(coalesce((select sum(y.amount_minor) from payments y
    where y.order_id = o.id and y.status = 'succeeded' and y.currency = o.currency), 0)
  - coalesce((select sum(r.amount_minor) from refunds r
    where r.order_id = o.id and r.status <> 'failed' and r.currency = o.currency), 0))`;

/**
 * The account's own figures. A booking is one that was confirmed, also if it was cancelled later: counted as the dashboard counts,
 * and a history does not shrink. Spending is listed by currency, the one of most bookings first.
 */
export async function buyerStats(db: Kysely<DB>, accountId: string): Promise<BuyerStats> {
  const { rows } = await sql<{ currency: string; bookings: number; minor: number; upcoming: number }>`
    select o.currency, count(o.confirmed_at)::int as bookings, sum(${net})::bigint as minor,
      count(distinct e.id) filter (where o.status = 'confirmed' and e.status = 'published' and e.starts_at > now())::int as upcoming
    from orders o join events e on e.id = o.event_id where o.account_id = ${accountId}::uuid and ${isBuyers}
    group by o.currency order by bookings desc, minor desc, o.currency`.execute(db);
  const spent = rows.filter((r) => r.bookings > 0 || r.minor !== 0).map(({ currency, minor }) => ({ currency, minor }));
  // Every order of an event is in the event's one currency, so that no event is counted twice here.
  return { bookings: rows.reduce((n, r) => n + r.bookings, 0), upcoming: rows.reduce((n, r) => n + r.upcoming, 0), spent };
}

/** The days asked for; the last 30 unless said otherwise. Throws invalid for a start after its end, and for more than MAX_DAYS. */
export function period(asked: { start?: string; end?: string }, now: Date): Period {
  const end = asked.end ?? dayOf(now.getTime());
  const start = asked.start ?? dayOf(Date.parse(end) - (DEFAULT_DAYS - 1) * DAY);
  const count = (Date.parse(end) - Date.parse(start)) / DAY + 1;
  if (count < 1) throw invalidField('firstDay', `The start date is after the end date, ${end}.`);
  if (start < '1970') throw invalidField(asked.start ? 'firstDay' : 'lastDay', 'There is nothing before 1970.');
  if (count > MAX_DAYS) throw invalidField(asked.start ? 'firstDay' : 'lastDay', `At most ${MAX_DAYS} days at a time.`);
  return { start, end, days: Array.from({ length: count }, (_, i) => dayOf(Date.parse(start) + i * DAY)) };
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/**
 * The figures of a period, of one organizer's events or of all. One statement, so that all of them are of one moment.
 *
 * Bookings are those confirmed in the period, also if cancelled later. Revenue is what these bookings have brought until now: a
 * refund is taken from the day of its booking, so that every figure speaks of the same bookings and no day is negative.
 * Money that bought nothing (late, doubled) is on its way back and in neither. Events are those that could be visited or booked
 * in the period (drafts cannot) or were booked in it; utilization is their valid tickets today per capacity, the average is of
 * events with a capacity, each counting once.
 */
export async function dashboard(
  db: Kysely<DB>,
  options: { period: Period; organizerId?: string /** Default: the one of most bookings. */; currency?: string },
): Promise<Dashboard> {
  const { start, end, days } = options.period;
  const from = sql`(${start}::date::timestamp at time zone 'UTC')`;
  const to = sql`((${end}::date + 1)::timestamp at time zone 'UTC')`;
  const { rows } = await sql<Dashboard>`
    with scope as (
      select * from events where ${options.organizerId ? sql`organizer_id = ${options.organizerId}::uuid` : sql`true`}),
    booked as materialized (
      select o.id, o.event_id, o.currency, (o.confirmed_at at time zone 'UTC')::date as day, ${net} as net
      from orders o join scope e on e.id = o.event_id where o.confirmed_at >= ${from} and o.confirmed_at < ${to}),
    sums as (select currency, count(*)::int as bookings, sum(net)::bigint as revenue_minor from booked group by currency),
    chosen as (select coalesce(${options.currency ?? null}::text,
      (select currency from sums order by bookings desc, revenue_minor desc, currency limit 1),
      (select currency from scope group by currency order by count(*) desc, currency limit 1), 'USD') as currency),
    seen as materialized (
      select * from scope where id in (select event_id from booked) or (status <> 'draft' and created_at < ${to} and ends_at >= ${from})),
    used as materialized (
      select e.id, e.name, coalesce(100.0 * t.sold / nullif(e.capacity, 0), 0)::float8 as utilization, e.capacity > 0 as counts
      -- Joined and not looked up event by event: for all events that is one pass, for a few the planner still takes the index.
      from seen e left join (select s.id, count(*) as sold from seen s join tickets t on t.event_id = s.id and t.voided_at is null
        group by s.id) t on t.id = e.id),
    top as (
      select u.id as event_id, u.name, count(*)::int as bookings, sum(b.net)::bigint as revenue_minor, u.utilization
      from booked b join chosen using (currency) join used u on u.id = b.event_id
      group by u.id, u.name, u.utilization order by revenue_minor desc, bookings desc, u.name, u.id limit ${TOP}),
    daily as (
      select day as date, count(*)::int as bookings, coalesce(sum(net) filter (where currency = (select currency from chosen)), 0)::bigint as revenue_minor
      from booked group by day),
    -- An order's net is spread over its offers by their prices (by places, if all are free). Each share is the difference of two
    -- rounded running sums: they add up to the net exactly.
    shares as (
      select b.id, b.net, f.name, case when sum(sum(i.price_minor)) over (partition by b.id) = 0 then count(*) else sum(i.price_minor) end as weight
      from booked b join chosen using (currency) join order_items i on i.order_id = b.id join offers f on f.id = i.offer_id
      group by b.id, b.net, f.name),
    running as (
      select *, sum(weight) over (partition by id order by name) as upto, sum(weight) over (partition by id) as whole from shares),
    categories as (
      select name, sum(round(net * upto / whole) - round(net * (upto - weight) / whole))::bigint as revenue_minor from running group by name)
    select (select currency from chosen) as currency, (select count(*)::int from seen) as total_events,
      coalesce((select avg(utilization) from used where counts), 0)::float8 as utilization,
      coalesce((select json_agg(s order by s.bookings desc, s.currency) from sums s), '[]') as by_currency,
      coalesce((select json_agg(t order by t.revenue_minor desc, t.bookings desc, t.name, t.event_id) from top t), '[]') as top,
      coalesce((select json_agg(d) from daily d), '[]') as trends,
      coalesce((select json_agg(c order by c.revenue_minor desc, c.name) from categories c), '[]') as categories`.execute(db);
  const found = rows[0]!;
  const byDay = new Map(found.trends.map((d) => [d.date, d]));
  return { ...found, trends: days.map((date) => byDay.get(date) ?? { date, bookings: 0, revenue_minor: 0 }) };
}
