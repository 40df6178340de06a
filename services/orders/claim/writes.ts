// Parts of the claim's statement that write what a claimed place is, once there is an order for it: its hold and its slot's, its item, and the word to live seats.
import { type RawBuilder, sql } from 'kysely';
import type { Asked } from './request.ts';

/** The places are the order's until its hold ends. */
const holds = sql`
  holds as (update places set order_id = b.id, held_until = b.expires_at from bought b, got where places.id = got.id)`;

/** Only places that were named have no slots: those of offers may. */
const slotHolds = ({ offers }: Asked) =>
  offers.length
    ? sql`,
  slot_holds as (update slots set order_id = b.id, held_until = b.expires_at from bought b, got where slots.id = got.slot_id)`
    : sql``;

const told = ({ eventId }: Asked) => sql`
  told as (
    insert into place_changes (event_id, place_ids, state, held_until)
    select ${eventId}::uuid, array(select id from got), 'held', b.expires_at from bought b
  )`;

/** A place whose earlier hold in this very order lapsed is an item of it already. */
const items = ({ into }: Asked) => sql`
  items as (
    insert into order_items (order_id, place_id, slot_id, offer_id, price_minor) select b.id, g.id, g.slot_id, g.offer_id, g.price_minor from bought b, got g
    ${into ? sql`on conflict (order_id, place_id) do update set slot_id = excluded.slot_id, offer_id = excluded.offer_id, price_minor = excluded.price_minor` : sql``}
  )`;

/** All of them, in the statement's order. */
export const writes = (w: Asked): RawBuilder<unknown> => sql`${holds}${slotHolds(w)},${told(w)},${items(w)}`;
