// What an account has bought: the items of its confirmed orders, so many of an offer at a price.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { dayName, fullName, offerKind, tierName } from '../inventory/offerNames.ts';
import { type Page, type Paged, slice } from '../shared/pages.ts';
import { isBuyers } from './placed.ts';
import type { OrderedPlace } from './view.ts';

/** `id` is the least of its order items' ids: it stays the same as long as they do. */
export type BoughtItem = Pick<
  OrderedPlace,
  'offer_id' | 'offer_name' | 'pool_id' | 'type_name' | 'kind' | 'tier_name' | 'day_name' | 'price_minor'
> & {
  id: string;
  order_id: string;
  quantity: number;
  currency: string;
  created_at: Date;
};

/** One page of them, those of the newest order first, with the number of all. */
export async function listBought(db: Kysely<DB>, accountId: string, page: Page): Promise<Paged<BoughtItem>> {
  const groups = sql`
    select min(i.id::text) as id, o.id as order_id, o.currency, o.created_at, i.offer_id, i.price_minor, count(*)::int as quantity
    from orders o join order_items i on i.order_id = o.id
    where o.account_id = ${accountId}::uuid and ${isBuyers} and o.status = 'confirmed' group by o.id, i.offer_id, i.price_minor`;
  const [found, count] = await Promise.all([
    sql<BoughtItem>`
      select g.*, t.id as pool_id, ${offerKind} as kind, ${fullName('f', 't')} as offer_name, coalesce(t.name, f.name) as type_name,
        ${tierName} as tier_name, ${dayName} as day_name
      from (${groups} order by o.created_at desc, id ${slice(page)}) g
      join offers f on f.id = g.offer_id left join offers t on t.id = f.pool_id and t.is_pool
      order by g.created_at desc, g.id`.execute(db),
    sql<{ total: number }>`select count(*)::int as total from (${groups}) g`.execute(db),
  ]);
  return { rows: found.rows, total: count.rows[0]!.total };
}
