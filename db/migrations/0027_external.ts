// External events: their places belong to a provider, and each order has one of the provider's own beside it.
import { type Kysely, sql } from 'kysely';

/**
 * `external_orders` says how far the provider's order is, as we know it; `external_places` what it has of the provider's places: `asked` before
 * a call, so that one whose answer is lost is found again. A place that somebody else has bought at the provider is sold to no order of ours.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table places add column external_id uuid;
create unique index places_external on places (external_id) where external_id is not null;
alter table places drop constraint places_check;
alter table places add constraint places_held check (
  order_id is not null or (held_until is null and (sold_at is null or external_id is not null)));

create table external_events (
  event_id uuid primary key references events on delete cascade,
  -- the shape of the provider's hall, once it has been looked at
  rows integer,
  synced_at timestamptz,
  created_at timestamptz not null default now()
);

create table external_orders (
  order_id uuid primary key references orders on delete cascade,
  -- the provider's order; the last one, where it had to be begun anew
  ref uuid,
  state text not null default 'unopened' check (state in ('unopened', 'started', 'submitted', 'confirmed', 'cancelled')),
  submit_wanted boolean not null default false,
  -- who works on it, and until when nobody else does
  busy_by uuid,
  busy_until timestamptz,
  refusal text,
  refused_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index external_orders_live on external_orders (updated_at) where state in ('started', 'submitted');

create table external_places (
  order_id uuid not null references external_orders on delete cascade,
  place_id uuid not null references places on delete cascade,
  state text not null check (state in ('asked', 'selected', 'refused', 'released', 'kept')),
  updated_at timestamptz not null default now(),
  primary key (order_id, place_id)
);
create index external_places_place on external_places (place_id);
`.execute(db);
}
