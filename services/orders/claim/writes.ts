// Parts of the claim's statement that write what a claimed place is, once there is an order for it: its hold, its item, and the word to live seats.
import { type RawBuilder, sql } from 'kysely';
import type { Wanted } from './request.ts';

/** The places are the order's until its hold ends. */
const holds = sql`
  holds as (update places set order_id = b.id, held_until = b.expires_at from bought b, got where places.id = got.id)`;

const told = ({ eventId }: Wanted) => sql`
  told as (
    insert into place_changes (event_id, place_ids, state, held_until)
    select ${eventId}::uuid, array(select id from got), 'held', b.expires_at from bought b
  )`;

/** A place whose earlier hold in this very order lapsed is an item of it already. */
const items = ({ into }: Wanted) => sql`
  items as (
    insert into order_items (order_id, place_id, offer_id, price_minor) select b.id, g.id, g.offer_id, g.price_minor from bought b, got g
    ${into ? sql`on conflict (order_id, place_id) do update set price_minor = excluded.price_minor` : sql``}
  )`;

/** All of them, in the statement's order. */
export const writes = (w: Wanted): RawBuilder<unknown> => sql`${holds},${told(w)},${items(w)}`;
