// The claim's statement, joined from its parts: find, decide, write, and say what was seen.
import { type RawBuilder, sql } from 'kysely';
import type { PlacedPlace } from '../placed.ts';
import { anyPlaces, event, type Locked, namedPlaces } from './find.ts';
import { grownOrder, newOrder, promotedOrder, sums } from './order.ts';
import type { Asked } from './request.ts';
import { type Saw, saw } from './saw.ts';
import { writes } from './writes.ts';

/** The statement's one row. Without `event_id` there is no such event; without `id` no order was written, and `saw` says what stood in the way. */
export type ClaimRow = {
  event_id: string | null;
  event_number: number;
  slug: string;
  name: string;
  starts_at: Date;
  external: boolean;
  event_status: 'draft' | 'published' | 'cancelled';
  over: boolean;
  begun: boolean;
  blocked: boolean;
  waited: boolean;
  id: string | null;
  number: number;
  status: 'pending';
  created_at: Date;
  expires_at: Date;
  total_minor: number;
  currency: string;
  code_prefix: string | null;
  places: PlacedPlace[];
  saw: Saw | null;
};

/** Nothing wanted is nothing got. */
const nothing = sql`
  sums as materialized (select 0 as places, 0::bigint as minor, true as kept, null::timestamptz as until)`;

/** The claim's SQL. Exported so that the benchmark can put exactly this statement beside pgbench's raw limit. */
export function claimStatement(w: Asked, locked: Locked = 'skip'): RawBuilder<ClaimRow> {
  const order = !w.into ? newOrder(w) : w.terms.forWaiter ? promotedOrder(w) : grownOrder(w);
  const wanted = w.places.length + w.offers.length;
  const parts = wanted
    ? [event(w), w.offers.length ? anyPlaces(w) : namedPlaces(w, locked), sums(w), order, writes(w)]
    : [event(w), nothing, order];
  const places = wanted ? sql`(select json_agg(g order by g.position) from got g)` : sql`'[]'::json`;
  return sql<ClaimRow>`
with ${sql.join(parts, sql`,`)}
select e.id as event_id, e.number as event_number, e.slug::text as slug, e.name, e.starts_at, e.external, e.status as event_status, e.over, e.starts_at <= now() as begun, e.blocked, e.waited,
  b.id, b.number, b.status, b.created_at, b.expires_at, b.total_minor, b.currency, b.code_prefix,
  case when b.id is not null then ${places} end as places, ${saw(w, locked)}
from (select) one left join event e on true left join bought b on true`;
}
