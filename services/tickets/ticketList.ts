// Tickets as their owners see them: of which event and order, in which state, and who used them.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { dayName, fullName, tierName } from '../inventory/offerNames.ts';
import { isUuid } from '../shared/ids.ts';
import { type Ordering, orderBy, type Page, type Paged, slice } from '../shared/pages.ts';

export type TicketStatus = 'active' | 'used' | 'cancelled' | 'expired';

export type TicketView = {
  id: string;
  number: number;
  code: string;
  status: TicketStatus;
  used_at: Date | null;
  verified_by: string | null;
  issued_at: Date;
  changed_at: Date;
  order: { id: string; number: number; created_at: string; code_prefix: string | null; owner: string };
  event: { id: string; name: string; starts_at: string };
  venue: { name: string; address: string; city: string; state: string; postal_code: string } | null;
  type_id: string;
  /** "Festival Pass - Day 1 VIP" */
  name: string;
  tier_name: string | null;
  day_name: string | null;
  buyer_name: string;
  buyer_email: string;
};

export type TicketFilter = {
  status?: TicketStatus;
  isUsed?: boolean;
  eventId?: string;
  ordering?: Ordering<'issued' | 'startsAt'>[];
};

// What is void is void, used before or not: nobody is told that a ticket which was paid back has been used.
const status = sql<TicketStatus>`case when k.voided_at is not null then 'cancelled' when k.checked_in_at is not null then 'used'
  when e.ends_at <= now() then 'expired' else 'active' end`;

const tables = sql`tickets k join orders o on o.id = k.order_id join events e on e.id = k.event_id`;

const view = sql`select k.id, k.number, k.code, ${status} as status, k.checked_in_at as used_at, s.email::text as verified_by, k.issued_at,
    greatest(k.issued_at, k.checked_in_at, k.voided_at) as changed_at,
    json_build_object('id', o.id, 'number', o.number, 'created_at', o.created_at, 'code_prefix', o.code_prefix, 'owner', o.account_id) as order,
    json_build_object('id', e.id, 'name', e.name, 'starts_at', e.starts_at) as event,
    case when v.id is not null then json_build_object('name', v.name, 'address', v.address, 'city', v.city, 'state', v.state, 'postal_code', v.postal_code) end as venue,
    coalesce(t.id, f.id) as type_id, ${fullName('f', 't')} as name, ${tierName} as tier_name, ${dayName} as day_name,
    coalesce(k.holder_name, o.buyer_name, a.full_name) as buyer_name, coalesce(o.buyer_email, a.email) as buyer_email
  from ${tables} join accounts a on a.id = o.account_id left join venues v on v.id = e.venue_id left join accounts s on s.id = k.checked_in_by
  join offers f on f.id = k.offer_id left join offers t on t.id = f.pool_id and t.is_pool`;

/** Of an account's own tickets, not of those of its participants. */
const mine = (accountId: string) => sql`o.account_id = ${accountId}::uuid and o.participant_ref is null`; // orders/placed.ts isBuyers

/** One page of an account's tickets, the newest first unless ordered. */
export async function list(db: Kysely<DB>, accountId: string, filter: TicketFilter, page: Page): Promise<Paged<TicketView>> {
  const all: RawBuilder<unknown>[] = [mine(accountId)];
  if (filter.status) all.push(sql`${status} = ${filter.status}`);
  if (filter.isUsed !== undefined) all.push(sql`(k.checked_in_at is not null) = ${filter.isUsed}`);
  if (filter.eventId) all.push(sql`k.event_id = ${filter.eventId}::uuid`);
  const where = sql.join(all, sql` and `);
  const keys = { issued: sql`k.issued_at`, startsAt: sql`e.starts_at` };
  const order = orderBy(keys, filter.ordering ?? [{ by: 'issued', descending: true }], sql`k.number desc`);
  const [rows, counted] = await Promise.all([
    sql<TicketView>`${view} where k.id in (select k.id from ${tables} where ${where} ${order} ${slice(page)}) ${order}`.execute(db),
    sql<{ n: number }>`select count(*)::int as n from ${tables} where ${where}`.execute(db),
  ]);
  return { rows: rows.rows, total: counted.rows[0]!.n };
}

/** The ticket; undefined if there is none. */
export async function find(db: Kysely<DB>, id: string): Promise<TicketView | undefined> {
  if (!isUuid(id)) return undefined;
  const { rows } = await sql<TicketView>`${view} where k.id = ${id}::uuid`.execute(db);
  return rows[0];
}

export type TicketStats = Record<TicketStatus | 'total' | 'upcomingEvents' | 'pastEvents', number>;

/** How many tickets an account has of each state, and of how many events: to come with a ticket that still admits, and over. */
export async function stats(db: Kysely<DB>, accountId: string): Promise<TicketStats> {
  const { rows } = await sql<TicketStats>`
    select count(*)::int as total, count(*) filter (where status = 'active')::int as active, count(*) filter (where status = 'used')::int as used,
      count(*) filter (where status = 'cancelled')::int as cancelled, count(*) filter (where status = 'expired')::int as expired,
      (count(distinct event_id) filter (where starts_at > now() and status in ('active', 'used')))::int as "upcomingEvents",
      (count(distinct event_id) filter (where ends_at <= now() and status <> 'cancelled'))::int as "pastEvents"
    from (select k.event_id, e.starts_at, e.ends_at, ${status} as status from ${tables} where ${mine(accountId)}) mine`.execute(db);
  return rows[0]!;
}
