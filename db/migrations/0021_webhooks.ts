// Outgoing webhooks: what an endpoint and a delivery need to be signed, tried, paused, replayed and looked into.
import { type Kysely, sql } from 'kysely';

/**
 * A delivery is its own outbox row: `hand_at` says when the relay hands it to the engine, null once that is done. So what is announced to
 * webhooks costs one row, and thousands of them stand in nobody's way in the outbox. Nothing has read or written these tables before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
alter table webhook_endpoints
  drop column is_active,
  add column description text not null default '',
  -- the secret before the last rotation signs beside the new one until then; both are encrypted (services/delivery/webhookSecrets.ts)
  add column former_secret text,
  add column former_until timestamptz,
  add column paused_at timestamptz,
  add column disabled_at timestamptz,
  add column disabled_because text check (disabled_because in ('gone', 'failing')),
  -- since when no try has succeeded; null while the last one did
  add column failing_since timestamptz,
  -- account/<id> or key/<id>
  add column created_by text not null,
  add column updated_at timestamptz not null default now(),
  add constraint webhook_endpoints_former check ((former_secret is null) = (former_until is null)),
  add constraint webhook_endpoints_disabled check ((disabled_at is null) = (disabled_because is null));
create index webhook_endpoints_account on webhook_endpoints (account_id);

drop index webhook_deliveries_endpoint;
alter table webhook_deliveries
  drop column attempts,
  drop column last_status,
  drop column last_error,
  -- json keeps the text: the body is the same at every try, byte for byte
  alter column payload type json,
  -- what a receiver knows a repeat by
  add column announcement_id uuid not null,
  add column tried integer not null default 0,
  -- the last tries, the newest last: at, status, error, ms
  add column tries jsonb not null default '[]',
  add column first_tried_at timestamptz,
  -- when something must have happened next: a try, or a look whether there is room for one
  add column next_try_at timestamptz not null default now(),
  -- a try is under way, for so long at most
  add column trying_until timestamptz,
  -- its turn among what its owner may send in a minute
  add column turn_at timestamptz,
  add column failed_at timestamptz,
  add column replayed_at timestamptz,
  add column hand_at timestamptz,
  add column handed_at timestamptz,
  add constraint webhook_deliveries_once unique (endpoint_id, announcement_id),
  add constraint webhook_deliveries_ended check (num_nonnulls(delivered_at, failed_at) <= 1);
create index webhook_deliveries_log on webhook_deliveries (endpoint_id, created_at desc, id desc);
create index webhook_deliveries_hand on webhook_deliveries (hand_at) where hand_at is not null;
create index webhook_deliveries_due on webhook_deliveries (next_try_at) where delivered_at is null and failed_at is null;
create index webhook_deliveries_waiting on webhook_deliveries (endpoint_id) where delivered_at is null and failed_at is null;
create index webhook_deliveries_trying on webhook_deliveries (endpoint_id) where trying_until is not null;
create index webhook_deliveries_old on webhook_deliveries (created_at);

-- How much of an account's sending is used up: taken of the minute that began at minute_at, which may be one to come.
create table webhook_minutes (
  account_id uuid primary key references accounts on delete cascade,
  minute_at timestamptz not null,
  taken integer not null
);
`.execute(db);
}
