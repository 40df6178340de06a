// What EasyTicket needs of the core: offers above offers with caps of their own, categories, and facts of events and venues.
import { type Kysely, sql } from 'kysely';

/** Adds tables and columns only. Seats of a seat plan and events made through other APIs are as before. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create type pricing_type as enum ('simple', 'tiered', 'day_based', 'tier_and_day');

create table event_categories (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug citext not null unique,
  description text not null default '',
  icon text not null default '',
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

alter table events
  add column category_id uuid references event_categories,
  add column short_description text not null default '',
  add column pricing_type pricing_type not null default 'simple',
  add column is_free boolean not null default false,
  add column base_price_minor bigint check (base_price_minor >= 0),
  add column is_featured boolean not null default false,
  add column is_trending boolean not null default false,
  add column tags text[] not null default '{}',
  add column thumbnail_url text,
  add column published_at timestamptz;
create index events_category on events (category_id) where category_id is not null;

alter table venues add column latitude numeric(9, 6), add column longitude numeric(9, 6);

-- A pool is not sold itself: the offers that name it as their pool are, and each sale takes one of its places. An offer of a pool that is
-- capped has slots of its own as well, as many as its quantity, and each sale takes one of them too. So the pool's total and every cap are
-- exact without a counter. A pool has as many places as can be sold at all, the lesser of its total and its offers' sum: what is free of it
-- is what is left of it.
alter table offers
  add column is_pool boolean not null default false,
  add column capped boolean not null default false,
  -- of a pool: how many its organizer wants to sell in all
  add column total integer check (total >= 0),
  add column all_days boolean not null default false,
  add constraint offers_pool_is_top check (not (is_pool and pool_id is not null)),
  add constraint offers_capped_of_pool check (not capped or pool_id is not null);
create index offers_pool on offers (pool_id) where pool_id is not null;
create unique index offers_tier_day on offers (pool_id, coalesce(tier_number, 0), coalesce(day_number, 0))
  where pool_id is not null and (tier_number is not null or day_number is not null);

-- Held, sold and freed with the place they go with (order_items.slot_id), in the same statements; free is said of them as of places.
create table slots (
  id uuid primary key default gen_random_uuid(),
  offer_id uuid not null references offers on delete cascade,
  position integer not null,
  order_id uuid references orders,
  held_until timestamptz,
  sold_at timestamptz,
  check (order_id is not null or (held_until is null and sold_at is null))
) with (fillfactor = 80);
create unique index slots_offer_position on slots (offer_id, position);
create index slots_unsold on slots (offer_id, position) where sold_at is null;

alter table order_items add column slot_id uuid references slots;
`.execute(db);
}
