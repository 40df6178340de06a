// The core schema: one aggregate (order) over one inventory (offers and places), shared by all five APIs.
import { type Kysely, sql } from 'kysely';

/** Creates every table of the core. docs/seeds.md says which seed resource each of them carries. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
create extension if not exists citext;
create extension if not exists pg_trgm;

create type account_role   as enum ('user', 'organizer', 'admin');
create type event_status   as enum ('draft', 'published', 'cancelled');
create type order_status   as enum ('waiting', 'pending', 'confirmed', 'cancelled', 'expired');
create type payment_status as enum ('created', 'authorized', 'processing', 'succeeded', 'cancelled');
create type refund_status  as enum ('pending', 'succeeded', 'failed');
create type place_state    as enum ('free', 'held', 'sold');
create type event_notice_kind as enum ('cancelled', 'moved');

-- People. One identity for all APIs.
create table accounts (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  email citext not null unique,
  username citext unique,
  password_hash text not null,
  full_name text not null default '',
  phone text,
  picture_url text,
  role account_role not null default 'user',
  email_verified_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
-- A sign-in is noted in its row: its page has room for the row's next version, and no index changes with it.
) with (fillfactor = 85);

-- One row per issued refresh token; a family is one sign-in. Reuse of a spent token ends its family.
create table refresh_tokens (
  id uuid primary key default gen_random_uuid(),
  family_id uuid not null,
  account_id uuid not null references accounts on delete cascade,
  expires_at timestamptz not null,
  -- seconds that the tokens of this family live: it keeps what it was opened with, whichever API refreshes it
  access_seconds integer not null,
  refresh_seconds integer not null,
  used_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);
create index refresh_tokens_family on refresh_tokens (family_id);
create index refresh_tokens_expiry on refresh_tokens (expires_at);

create table api_keys (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references accounts on delete cascade,
  name text not null default '',
  prefix text not null unique,
  digest bytea not null,
  scopes text[] not null default '{}',
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);

create table venues (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  name text not null,
  address text not null default '',
  city text not null default '',
  state text not null default '',
  country text not null default '',
  postal_code text not null default '',
  capacity integer not null check (capacity >= 0),
  layout_config jsonb not null default '{}',
  created_at timestamptz not null default now()
);

-- "ongoing" and "completed" are never stored: they follow from the status and the clock.
create table events (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  slug citext not null unique,
  organizer_id uuid references accounts,
  venue_id uuid references venues,
  name text not null,
  description text not null default '',
  banner_url text,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  capacity integer not null check (capacity >= 0),
  currency char(3) not null default 'USD',
  status event_status not null default 'draft',
  external boolean not null default false,
  hold_seconds integer check (hold_seconds between 1 and 86400),
  -- until so long before its start a paid order may be cancelled (null: until it starts)
  refund_until_minutes integer check (refund_until_minutes >= 0),
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (ends_at >= starts_at),
  constraint events_currency unique (id, currency)
);
create index events_listing on events (status, starts_at, id);
create index events_venue on events (venue_id);
create index events_organizer on events (organizer_id);
create index events_search on events using gin ((name || ' ' || description) gin_trgm_ops);

-- What is for sale: simple (-,-), tiered (tier,-), day based (-,day), tier and day (tier,day); a seat's price tier too.
create table offers (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  event_id uuid not null references events on delete cascade,
  -- the offer whose places this one sells, where several draw on one stock
  pool_id uuid references offers,
  name text not null,
  description text not null default '',
  tier_number integer,
  tier_name text,
  day_number integer,
  day_name text,
  day_date date,
  price_minor bigint not null check (price_minor >= 0),
  currency char(3) not null,
  quantity integer not null check (quantity >= 0),
  seated boolean not null default false,
  sales_start timestamptz,
  sales_end timestamptz,
  min_per_order integer not null default 1 check (min_per_order >= 1),
  max_per_order integer check (max_per_order >= 1),
  is_active boolean not null default true,
  details jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index offers_event on offers (event_id);

create table orders (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  event_id uuid not null,
  account_id uuid not null references accounts,
  status order_status not null default 'pending',
  total_minor bigint not null check (total_minor >= 0),
  fee_minor bigint not null default 0 check (fee_minor >= 0),
  discount_minor bigint not null default 0 check (discount_minor >= 0),
  currency char(3) not null,
  buyer_name text,
  buyer_email text,
  buyer_phone text,
  notes text,
  details jsonb not null default '{}',
  accepts_equal_place boolean not null default false,
  expires_at timestamptz,
  confirmed_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  created_at timestamptz not null default now(),
  -- an order that waits has no places and no deadline; one that was never placed has no expires_at
  constraint orders_waiting check (status <> 'waiting' or (expires_at is null and total_minor = 0)),
  -- event and currency together: a currency changed in the very moment of a claim refuses it, and is fixed once there is an order
  constraint orders_event_currency foreign key (event_id, currency) references events (id, currency)
);
create index orders_account on orders (account_id, created_at desc, id);
create index orders_event on orders (event_id, status);
create index orders_due on orders (expires_at) where status = 'pending';
-- Partial: a claim writes no confirmed_at and so pays nothing for it. Finding 8,100 orders of 30 days among 120,000: 55 -> 4.6 ms.
create index orders_confirmed on orders (confirmed_at) where confirmed_at is not null;

-- One row for each thing that can be sold once. Held: order_id and held_until; sold: order_id and sold_at; else free.
-- A hold past held_until is free for the next claim even if no worker runs. fillfactor and the choice of
-- indexed columns keep hold and release HOT updates (no index entry is written).
create table places (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  event_id uuid not null references events on delete cascade,
  offer_id uuid not null references offers on delete cascade,
  section text,
  row_label text,
  seat_label text,
  row_index integer,
  seat_index integer,
  position integer not null,
  order_id uuid references orders,
  held_until timestamptz,
  sold_at timestamptz,
  check (order_id is not null or (held_until is null and sold_at is null)),
  unique (event_id, section, row_label, seat_label)
) with (fillfactor = 80);
create index places_event on places (event_id, position);
create unique index places_offer_position on places (offer_id, position);
create index places_unsold on places (offer_id, position) where sold_at is null;

create table order_items (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null references orders on delete cascade,
  place_id uuid not null references places,
  offer_id uuid not null references offers,
  price_minor bigint not null,
  created_at timestamptz not null default now(),
  unique (order_id, place_id)
);
create index order_items_place on order_items (place_id);

-- One attempt to collect the money of one order. Captured money is found again by (provider, provider_ref).
create table payments (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null references orders,
  provider text not null,
  provider_ref text,
  amount_minor bigint not null check (amount_minor > 0),
  currency char(3) not null,
  status payment_status not null default 'created',
  client_secret text,
  -- where the buyer pays, at a provider with a page of its own
  page_url text,
  failure_code text,
  failure_message text,
  -- a callback said what does not fit: the provider is asked what is true
  contradicted_at timestamptz,
  succeeded_at timestamptz,
  settled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider, provider_ref)
);
create index payments_order on payments (order_id);
create unique index payments_one_open on payments (order_id) where status in ('created', 'authorized', 'processing');
create index payments_unsettled on payments (succeeded_at) where status = 'succeeded' and settled_at is null;

-- Who pressed pay, and when: the receipt that a payment is decided by, written before anything else is done for it. kept_until keeps the
-- order's hold past its end while a press that came in time is being decided.
create table payment_attempts (
  id uuid primary key,
  order_id uuid not null references orders,
  -- the provider's token or payment method: worth nothing without our key at the provider, so no secret card data
  method text not null,
  received_at timestamptz not null default now(),
  kept_until timestamptz,
  begun_at timestamptz,
  decided_at timestamptz,
  outcome text
);
create index payment_attempts_order on payment_attempts (order_id);
create index payment_attempts_undecided on payment_attempts (received_at) where decided_at is null;

-- Every verified provider event once: the primary key is the de-duplication.
create table payment_events (
  provider text not null,
  event_id text not null,
  type text not null,
  payment_id uuid references payments,
  outcome text not null,
  payload jsonb not null,
  received_at timestamptz not null default now(),
  primary key (provider, event_id)
);

create table refunds (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null references orders,
  payment_id uuid not null references payments,
  amount_minor bigint not null check (amount_minor > 0),
  currency char(3) not null,
  status refund_status not null default 'pending',
  reason text not null,
  provider text not null,
  provider_ref text,
  -- account/<id>, key/<id>, system, or provider: made at the provider itself
  requested_by text not null default 'system',
  failure_message text,
  -- a failed refund whose money another one returns: it is history, and owes nothing any more
  replaced_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint refunds_provider_ref unique (provider, provider_ref)
);
create index refunds_order on refunds (order_id);
create index refunds_payment on refunds (payment_id);
create index refunds_pending on refunds (created_at) where status = 'pending';
create index refunds_failed on refunds (updated_at) where status = 'failed' and replaced_at is null;

-- A second live ticket for one place cannot be written, whatever the code above it believes.
create table tickets (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  order_id uuid not null references orders,
  order_item_id uuid not null references order_items,
  event_id uuid not null references events,
  offer_id uuid not null references offers,
  place_id uuid not null references places,
  code text not null unique,
  holder_name text,
  holder_ref text,
  issued_at timestamptz not null default now(),
  voided_at timestamptz,
  checked_in_at timestamptz,
  checked_in_by uuid references accounts
);
create unique index tickets_one_per_place on tickets (place_id) where voided_at is null;
create index tickets_order on tickets (order_id);
create index tickets_event on tickets (event_id);

-- QR pictures and PDFs: made once, kept.
create table ticket_files (
  ticket_id uuid not null references tickets on delete cascade,
  kind text not null check (kind in ('qr.png', 'ticket.pdf')),
  content bytea not null,
  created_at timestamptz not null default now(),
  primary key (ticket_id, kind)
);

-- An entry is its place in the line and what is wished; its state is its order's, which it has from the start. in_line says that the order
-- waits: a copy in this table, so that every claim finds out by two looks into one index whether anybody waits.
create table waitlist_entries (
  id uuid primary key default gen_random_uuid(),
  seq bigint generated always as identity unique,
  event_id uuid not null references events,
  account_id uuid not null references accounts,
  offer_id uuid references offers,
  quantity integer not null default 1 check (quantity >= 1),
  notify_email boolean not null default true,
  notify_sms boolean not null default false,
  order_id uuid not null references orders,
  in_line boolean not null default true,
  offered_at timestamptz,
  created_at timestamptz not null default now(),
  constraint waitlist_order unique (order_id)
);
create unique index waitlist_once on waitlist_entries (event_id, account_id) where in_line;
create index waitlist_queue on waitlist_entries (event_id, seq) where in_line;
create index waitlist_event on waitlist_entries (event_id, seq);
-- What every claim asks: does anybody wait for any place of this event, or for one of these offers?
create index waitlist_wishes on waitlist_entries (event_id, offer_id) where in_line;

create table webhook_endpoints (
  id uuid primary key default gen_random_uuid(),
  account_id uuid not null references accounts on delete cascade,
  url text not null,
  secret text not null,
  events text[] not null,
  is_active boolean not null default true,
  created_at timestamptz not null default now()
);
create table webhook_deliveries (
  id uuid primary key default gen_random_uuid(),
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  event text not null,
  payload jsonb not null,
  attempts integer not null default 0,
  last_status integer,
  last_error text,
  delivered_at timestamptz,
  created_at timestamptz not null default now()
);
create index webhook_deliveries_endpoint on webhook_deliveries (endpoint_id, created_at desc);

-- One row for each cancelling or moving of an event; done_at once every holder has been told and every refund is decided.
create table event_notices (
  id uuid primary key default gen_random_uuid(),
  number bigint generated always as identity unique,
  event_id uuid not null references events,
  kind event_notice_kind not null,
  reason text not null default '',
  data jsonb not null default '{}',
  made_by uuid references accounts,
  created_at timestamptz not null default now(),
  served_at timestamptz,
  done_at timestamptz
);
create index event_notices_event on event_notices (event_id, number);
create index event_notices_open on event_notices (created_at) where done_at is null;

-- Mail and text messages that were enqueued. Written with the change they tell of; sent_at makes a retry harmless, tried_at tells the sweep
-- which of them nobody sees to. A mail that tells of a notice names it: the unique index keeps anybody from being told twice.
create table mails (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  recipient text not null,
  order_id uuid references orders,
  notice_id uuid references event_notices,
  data jsonb not null default '{}',
  created_at timestamptz not null default now(),
  tried_at timestamptz,
  sent_at timestamptz
);
create index mails_order on mails (order_id);
create unique index mails_notice on mails (notice_id, order_id) where notice_id is not null;
create index mails_unsent on mails (created_at) where sent_at is null;

-- provider_ref is the provider's id of what it took; failed_at: it refused the text for good.
create table texts (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  recipient text not null,
  order_id uuid references orders,
  body text not null,
  provider_ref text,
  created_at timestamptz not null default now(),
  tried_at timestamptz,
  sent_at timestamptz,
  failed_at timestamptz
);
create index texts_order on texts (order_id);
create index texts_unsent on texts (created_at) where sent_at is null and failed_at is null;

-- Work to announce after commit. A row is deleted when it has been handed on; id is the stable id of the announcement.
create table outbox (
  id uuid primary key default gen_random_uuid(),
  topic text not null,
  subject_id uuid not null,
  payload jsonb not null default '{}',
  attempts integer not null default 0,
  last_error text,
  available_at timestamptz not null default now(),
  created_at timestamptz not null default now()
);
-- By lane: what waits in a rush (starts of unpaid orders) is never walked over to find what is urgent.
create index outbox_starts on outbox (available_at) where topic = 'order.created';
create index outbox_rest on outbox ((topic = 'order.paid') desc, available_at) where topic <> 'order.created';
create index outbox_subject on outbox (subject_id);

-- attempt_id is what a handler may name its order by, so that the second run of a crashed request finds what the first had written.
create table idempotency_keys (
  account_id uuid not null references accounts on delete cascade,
  key text not null,
  request_digest bytea not null,
  response_status integer,
  response_body text,
  response_headers jsonb,
  locked_until timestamptz not null,
  created_at timestamptz not null default now(),
  attempt_id uuid not null default gen_random_uuid(),
  primary key (account_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- Counts of calls, shared between gateways; unlogged, because a crash may forget them.
create unlogged table rate_limits (
  key text primary key,
  hits integer not null,
  resets_at timestamptz not null
);
create index rate_limits_over on rate_limits (resets_at);

-- One row per change of places, in the order it happened to a place; live seats and lists follow them. Rows live ten minutes. A reader asks by
-- xid for exactly what was committed between two of its looks (services/inventory/placeChanges.ts).
create table place_changes (
  seq bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  event_id uuid not null,
  place_ids uuid[] not null,
  state place_state not null,
  held_until timestamptz,
  at timestamptz not null default now()
);
create index place_changes_xid on place_changes (xid);

-- Changes of events, offers and venues enter the same stream as rows without places. They are rare and written by statement triggers, so that
-- no writer can forget them; the sale itself never fires one.
create function tell_event_changed() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'events' then
    insert into place_changes (event_id, place_ids, state) select distinct id, '{}'::uuid[], 'free'::place_state from touched;
  elsif tg_table_name = 'offers' then
    insert into place_changes (event_id, place_ids, state) select distinct event_id, '{}'::uuid[], 'free'::place_state from touched;
  else
    insert into place_changes (event_id, place_ids, state)
      select e.id, '{}'::uuid[], 'free'::place_state from events e join touched t on t.id = e.venue_id;
  end if;
  return null;
end $$;

create trigger events_added after insert on events referencing new table as touched for each statement execute function tell_event_changed();
create trigger events_changed after update on events referencing new table as touched for each statement execute function tell_event_changed();
create trigger events_removed after delete on events referencing old table as touched for each statement execute function tell_event_changed();
create trigger offers_added after insert on offers referencing new table as touched for each statement execute function tell_event_changed();
create trigger offers_changed after update on offers referencing new table as touched for each statement execute function tell_event_changed();
create trigger offers_removed after delete on offers referencing old table as touched for each statement execute function tell_event_changed();
create trigger venues_changed after update on venues referencing new table as touched for each statement execute function tell_event_changed();
`.execute(db);
}
