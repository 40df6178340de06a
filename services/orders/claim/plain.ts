// The claim's statement for the common case: named places, a new order, no limits of the account's, an event nobody waits for, offers of no pool.
// It has a third of the whole statement's parts, and costs Postgres half as much. It gets nothing that the whole statement would not give, and
// says of a refusal only that all wanted places are gone: whatever else it does not get is for the whole statement to decide.
import { type RawBuilder, sql } from 'kysely';
import { isBlocked } from '../../accounts/blocks.ts';
import { isFree, isOnSaleAlone, sellsUntilAlone } from '../../inventory/places.ts';
import type { PlaceNamed } from '../../shared/errors.ts';
import { uuids } from '../../shared/ids.ts';
import { limits, most, place, waits } from './find.ts';
import { newOrder, sums, total } from './order.ts';
import { type Asked, isAnybodys, type Wanted } from './request.ts';
import { gone, unsold } from './saw.ts';
import type { ClaimRow } from './statement.ts';
import { writes } from './writes.ts';

/** The statement's one row: without `id` no order was written, and `gone`, where it says so, is why. */
export type PlainRow = Omit<ClaimRow, 'id' | 'event_status' | 'over' | 'begun' | 'blocked' | 'waited' | 'saw'> & {
  id: string | null;
  gone: PlaceNamed[] | null;
};

/** Whether a request is of the kind that the plain statement knows. */
export const isPlain = (w: Wanted): boolean => w.places.length > 0 && isAnybodys(w);

const event = (w: Asked): RawBuilder<unknown> => sql`
  event as materialized (
    select id, number, slug, name, starts_at, external, currency, hold_seconds${most(w)}
    from events where id = ${w.eventId}::uuid and status = 'published' and ends_at > now()
      and not ${isBlocked(sql`${w.accountId}::uuid`, sql`events.organizer_id`)} and ${waits(sql`true`)} is null
  )`;

const named = (w: Asked): RawBuilder<unknown> => sql`p.id = any(${uuids(w.places)}) and p.event_id = e.id`;
const sells = isOnSaleAlone(sql`e.starts_at`);

const got = (w: Asked): RawBuilder<unknown> => sql`
  got as materialized (
    select ${place}, o.id as offer_id, o.name as offer_name, o.price_minor, ${sellsUntilAlone(sql`e.starts_at`)} as sells_until, ${limits('o')}, null::uuid as slot_id
    from event e, places p join offers o on o.id = p.offer_id
    where ${named(w)} and ${isFree('p')} and ${sells}
    order by p.id for update of p skip locked
  )`;

/** One place is its own sum. */
const sumOfOne = sql`
  sums as not materialized (
    select 1 as places, price_minor as minor, 1 between min_per_order and coalesce(max_per_order, 1) as kept, sells_until as until from got
  )`;

/** The plain statement's SQL. */
export function plainStatement(w: Asked): RawBuilder<PlainRow> {
  const one = w.places.length === 1;
  const places = one ? sql`(select json_build_array(row_to_json(g)) from got g)` : sql`(select json_agg(g order by g.position) from got g)`;
  const ready = sql`s.kept and s.places = ${w.count}::int${w.terms.mostAtOnce ? sql` and ${total(w)} <= e.most` : sql``}`;

  return sql<PlainRow>`
with ${sql.join([event(w), got(w), one ? sumOfOne : sums(w), newOrder(w, ready), writes(w)], sql`,`)}
select e.id as event_id, e.number as event_number, e.slug::text as slug, e.name, e.starts_at, e.external,
  b.id, b.number, b.status, b.created_at, b.expires_at, b.total_minor, b.currency, b.code_prefix, case when b.id is not null then ${places} end as places,
  case when b.id is null then (
    select ${gone} from places p join offers o on o.id = p.offer_id where ${named(w)} and not exists (select from got)
    having count(*) = ${w.count}::int and bool_and(${sells}) and ${unsold}) end as gone
from (select) one left join event e on true left join bought b on true`;
}
