// The floor of a claim: what it writes and nothing that it checks, in a plain chain of CTEs. It locks a free place and holds it, and inserts an
// order, its item, its outbox row and the place_changes row that live seats need: five rows, as a claim of one seat does.
import { type RawBuilder, sql } from 'kysely';

/** The statement, of one place for one buyer. */
export const bareWrites = (w: { eventId: string; accountId: string; placeId: string }): RawBuilder<unknown> => sql`
with got as materialized (
  select p.id, p.offer_id, o.price_minor from places p join offers o on o.id = p.offer_id
  where p.id = ${w.placeId}::uuid and p.sold_at is null and (p.order_id is null or p.held_until <= now()) for update of p skip locked
),
bought as (
  insert into orders (event_id, account_id, total_minor, currency, expires_at)
  select ${w.eventId}::uuid, ${w.accountId}::uuid, price_minor, 'USD', now() + interval '1 hour' from got
  returning id, number, created_at, expires_at, account_id
),
holds as (update places set order_id = b.id, held_until = b.expires_at from bought b, got where places.id = got.id),
items as (insert into order_items (order_id, place_id, offer_id, price_minor) select b.id, g.id, g.offer_id, g.price_minor from bought b, got g),
boxed as (
  insert into outbox (topic, subject_id, payload, available_at)
  select 'order.created', b.id, jsonb_build_object('number', b.number, 'createdAt', b.created_at, 'event', 'bench', 'owner', b.account_id),
    now() + interval '2 seconds' from bought b
),
told as (
  insert into place_changes (event_id, place_ids, state, held_until)
  select ${w.eventId}::uuid, array(select id from got), 'held', b.expires_at from bought b
)
select id, number, created_at, expires_at from bought`;
