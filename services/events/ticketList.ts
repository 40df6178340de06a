// Ticket types and what is sold below them, as buyers and organizers see them: with what is left, whether it sells now, and from which price.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB, PricingType } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';
import { canBeBought, figures } from '../inventory/offers.ts';
import { isOnSale } from '../inventory/places.ts';
import { isUuid } from '../shared/ids.ts';
import { type Ordering, orderBy, type Page, type Paged, slice } from '../shared/pages.ts';
import { contains, folded } from '../shared/search.ts';
import type { Below } from './ticketTypes.ts';

type Common = {
  id: string;
  event_id: string;
  name: string;
  currency: string;
  quantity: number;
  sold: number;
  left: number;
  on_sale: boolean;
  is_active: boolean;
  sales_start: Date | null;
  sales_end: Date | null;
  created_at: Date;
};

export type TypeView = Common & {
  event_title: string;
  description: string;
  pricing_type: PricingType;
  /** null: what is below it has prices. */
  price_minor: number | null;
  /** The lowest there is to pay; null while there is nothing below it. */
  min_price_minor: number | null;
  min_per_order: number;
  max_per_order: number | null;
  benefits: string;
  updated_at: Date;
};

export type BelowView = Common & {
  type_id: string;
  price_minor: number;
  tier_number: number | null;
  tier_name: string | null;
  day_number: number | null;
  day_name: string | null;
  day_date: string | null;
  all_days: boolean;
};

/** Who looks: the public sees what published events sell, an organizer also its own drafts, an admin all. */
export type Viewer = Manager | undefined;

export type TypeFilter = {
  event?: string;
  pricingType?: PricingType;
  isActive?: boolean;
  isOnSale?: boolean;
  /** Only what is on sale and not sold out. */
  available?: boolean;
  search?: string;
  ordering?: Ordering<'created' | 'price' | 'quantity'>[];
};

export type BelowFilter = {
  typeId?: string;
  allDays?: boolean;
  day?: number;
  tier?: number;
  isActive?: boolean;
  ordering?: Ordering<'tier' | 'day' | 'price' | 'date'>[];
};

const startsAt = sql`e.starts_at`;
const takesPlace = sql`e.status = 'published' and e.ends_at > now()`;
const minPrice = sql`case when o.is_pool then (select min(c.price_minor) from offers c where c.pool_id = o.id and c.is_active) else o.price_minor end`;
const sellsNow = sql<boolean>`(${takesPlace} and case when o.is_pool
  then exists (select from offers c where c.pool_id = o.id and ${isOnSale(startsAt, 'c')}) else ${isOnSale(startsAt)} end)`;

const common = sql`o.id, o.event_id, o.name, o.currency, coalesce(o.total, o.quantity) as quantity, f.sold, f.left,
  ${sellsNow} as on_sale, o.is_active, o.sales_start, o.sales_end, o.created_at`;
const typeColumns = sql`${common}, e.name as event_title, o.description, e.pricing_type, case when not o.is_pool then o.price_minor end as price_minor,
  ${minPrice} as min_price_minor, o.min_per_order, o.max_per_order, coalesce(o.details ->> 'benefits', '') as benefits, o.updated_at`;
const belowColumns = sql`${common}, o.pool_id as type_id, o.price_minor, o.tier_number, o.tier_name, o.day_number, o.day_name, o.day_date, o.all_days`;
const tables = sql`offers o join events e on e.id = o.event_id`;

const isType = sql`o.pool_id is null and not o.details ? 'withdrawn'`;
const IS_BELOW: Record<Below, RawBuilder<unknown>> = {
  tier: sql`o.capped and o.tier_number is not null and o.day_number is null and not o.all_days`,
  day: sql`o.capped and o.tier_number is null and (o.day_number is not null or o.all_days)`,
  day_tier: sql`o.capped and o.tier_number is not null and o.day_number is not null`,
};

const seenBy = (viewer: Viewer) =>
  viewer?.admin ? sql`true` : viewer ? sql`(e.status <> 'draft' or e.organizer_id = ${viewer.accountId}::uuid)` : sql`e.status <> 'draft'`;

const is = (what: RawBuilder<unknown>, wanted: boolean | undefined) =>
  wanted === undefined ? sql`true` : wanted ? sql`(${what})` : sql`not (${what})`;

/** One page of ticket types, newest first unless ordered. An event or type of no such id has none. */
export async function types(db: Kysely<DB>, viewer: Viewer, filter: TypeFilter, page: Page): Promise<Paged<TypeView>> {
  const { event, pricingType, search } = filter;
  const where = sql.join(
    [
      isType,
      seenBy(viewer),
      ...(event !== undefined ? [sql`o.event_id = ${event}::uuid`] : []),
      ...(pricingType ? [sql`e.pricing_type = ${pricingType}::pricing_type`] : []),
      is(sql`o.is_active`, filter.isActive),
      is(sellsNow, filter.isOnSale),
      ...(filter.available ? [takesPlace, canBeBought(startsAt)] : []),
      ...(search
        ? contains(sql`(' ' || ${folded(sql`o.name || ' ' || o.description || ' ' || coalesce(o.details ->> 'benefits', '')`)})`, search)
        : []),
    ],
    sql` and `,
  );
  const keys = { created: sql`o.created_at`, price: minPrice, quantity: sql`coalesce(o.total, o.quantity)` };
  const order = orderBy(keys, filter.ordering ?? [{ by: 'created', descending: true }], sql`o.number`);
  return paged(db, typeColumns, where, order, page);
}

/** One page of what is sold below types. */
export async function below(db: Kysely<DB>, viewer: Viewer, kind: Below, filter: BelowFilter, page: Page): Promise<Paged<BelowView>> {
  const { typeId, day, tier } = filter;
  const where = sql.join(
    [
      IS_BELOW[kind],
      seenBy(viewer),
      ...(typeId !== undefined ? [sql`o.pool_id = ${typeId}::uuid`] : []),
      ...(day !== undefined ? [sql`o.day_number = ${day}`] : []),
      ...(tier !== undefined ? [sql`o.tier_number = ${tier}`] : []),
      is(sql`o.all_days`, filter.allDays),
      is(sql`o.is_active`, filter.isActive),
    ],
    sql` and `,
  );
  const keys = { tier: sql`o.tier_number`, day: sql`o.day_number`, price: sql`o.price_minor`, date: sql`o.day_date` };
  return paged(db, belowColumns, where, orderBy(keys, filter.ordering ?? USUAL_ORDER, sql`o.number`), page);
}

const USUAL_ORDER: Ordering<'day' | 'tier'>[] = [
  { by: 'day', descending: false },
  { by: 'tier', descending: false },
];

/** The ticket type, as far as the viewer may see it; undefined if there is none. */
export const findType = (db: Kysely<DB>, viewer: Viewer, id: string): Promise<TypeView | undefined> =>
  one(db, typeColumns, sql`${isType} and ${seenBy(viewer)}`, id);

/** The tier, day pass or day and tier's price, likewise. */
export const findBelow = (db: Kysely<DB>, viewer: Viewer, kind: Below, id: string): Promise<BelowView | undefined> =>
  one(db, belowColumns, sql`${IS_BELOW[kind]} and ${seenBy(viewer)}`, id);

/** All that is sold below these types, closed ones too, by day and tier. */
export async function allBelow(db: Kysely<DB>, typeIds: string[]): Promise<BelowView[]> {
  const { rows } =
    await sql<BelowView>`select ${belowColumns} from ${tables} join ${figures(sql`(select id from offers where pool_id = any(${typeIds}::uuid[]))`)} f on f.id = o.id
    where o.pool_id = any(${typeIds}::uuid[]) and o.capped order by o.day_number nulls last, o.tier_number, o.number`.execute(db);
  return rows;
}

async function paged<Row>(
  db: Kysely<DB>,
  columns: RawBuilder<unknown>,
  where: RawBuilder<unknown>,
  order: RawBuilder<unknown>,
  page: Page,
): Promise<Paged<Row>> {
  // The page is chosen first: what is left is counted for its rows alone.
  const [rows, counted] = await Promise.all([
    sql<Row>`with page as materialized (select o.id from ${tables} where ${where} ${order} ${slice(page)})
      select ${columns} from ${tables} join ${figures(sql`(select id from page)`)} f on f.id = o.id ${order}`.execute(db),
    sql<{ n: number }>`select count(*)::int as n from ${tables} where ${where}`.execute(db),
  ]);
  return { rows: rows.rows, total: counted.rows[0]!.n };
}

async function one<Row>(db: Kysely<DB>, columns: RawBuilder<unknown>, where: RawBuilder<unknown>, id: string): Promise<Row | undefined> {
  if (!isUuid(id)) return undefined;
  const { rows } =
    await sql<Row>`select ${columns} from ${tables} join ${figures(sql`(${id}::uuid)`)} f on f.id = o.id where ${where}`.execute(db);
  return rows[0];
}
