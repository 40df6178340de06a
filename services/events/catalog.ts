// The catalog: events with all that they say of themselves, found, filtered and ordered.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB, PricingType } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';
import { type Ordering, orderBy, type Page, type Paged, slice } from '../shared/pages.ts';
import { contains, folded, foldedOnce } from '../shared/search.ts';
import { named } from './events.ts';

/** What the clock makes of an event. `published`: it is to come. */
export type CatalogStatus = 'draft' | 'published' | 'ongoing' | 'completed' | 'cancelled';

export type CatalogEvent = {
  id: string;
  title: string;
  slug: string;
  description: string;
  short_description: string;
  organizer_id: string | null;
  organizer_name: string;
  organizer_email: string;
  category: { id: string; name: string; slug: string; description: string; icon: string } | null;
  pricing_type: PricingType;
  venue: {
    name: string;
    address: string;
    city: string;
    state: string;
    country: string;
    postal_code: string;
    latitude: string | null;
    longitude: string | null;
    time_zone: string | null;
  } | null;
  starts_at: Date;
  ends_at: Date;
  banner_url: string | null;
  thumbnail_url: string | null;
  status: CatalogStatus;
  published_at: Date | null;
  capacity: number;
  /** Tickets that admit; 0 in the public list, which shows no such figure and would count thousands for each page. */
  sold: number;
  is_free: boolean;
  base_price_minor: number | null;
  currency: string;
  refund_policy: string;
  cancellation_policy: string;
  age_restriction: string;
  tags: string[];
  is_featured: boolean;
  is_trending: boolean;
  /** On how many calendar days of the venue it takes place. */
  days: number;
  created_at: Date;
  updated_at: Date;
};

export type CatalogFilter = {
  /** Left out: what is published, whatever the clock makes of it. Drafts are listed for those who manage them. */
  status?: CatalogStatus;
  /** Only what this one manages, in every state. */
  managedBy?: Manager;
  categoryId?: string;
  isFree?: boolean;
  isFeatured?: boolean;
  city?: string;
  pricingType?: PricingType;
  /** Words that stand in title, descriptions, tags, or name and city of the venue. */
  search?: string;
  ordering?: Ordering<'startsAt' | 'basePrice'>[];
};

type Viewer = Manager | undefined;

const STATUS = sql<CatalogStatus>`case when e.status <> 'published' then e.status::text when e.starts_at > now() then 'published'
  when e.ends_at > now() then 'ongoing' else 'completed' end`;
const OF_STATUS: Record<CatalogStatus, RawBuilder<unknown>> = {
  draft: sql`e.status = 'draft'`,
  cancelled: sql`e.status = 'cancelled'`,
  published: sql`e.status = 'published' and e.starts_at > now()`,
  ongoing: sql`e.status = 'published' and e.starts_at <= now() and e.ends_at > now()`,
  completed: sql`e.status = 'published' and e.ends_at <= now()`,
};

const zone = sql`coalesce(v.time_zone, 'UTC')`;
const admitting = sql`(select count(*)::int from tickets t where t.event_id = e.id and t.voided_at is null)`;
const view = (
  sold: RawBuilder<unknown>,
) => sql`select e.id, e.name as title, e.slug::text as slug, e.description, e.short_description, e.organizer_id,
    coalesce(nullif(a.organization, ''), a.full_name, '') as organizer_name, coalesce(a.email::text, '') as organizer_email,
    case when c.id is not null then json_build_object('id', c.id, 'name', c.name, 'slug', c.slug, 'description', c.description, 'icon', c.icon) end as category,
    e.pricing_type, case when v.id is not null then json_build_object('name', v.name, 'address', v.address, 'city', v.city, 'state', v.state, 'country', v.country,
      'postal_code', v.postal_code, 'latitude', v.latitude::text, 'longitude', v.longitude::text, 'time_zone', v.time_zone) end as venue,
    e.starts_at, e.ends_at, e.banner_url, e.thumbnail_url, ${STATUS} as status, e.published_at, e.capacity,
    ${sold} as sold,
    e.is_free, e.base_price_minor, e.currency, coalesce(e.settings ->> 'refund_policy', '') as refund_policy,
    coalesce(e.settings ->> 'cancellation_policy', '') as cancellation_policy, coalesce(e.settings ->> 'age_restriction', '') as age_restriction,
    e.tags, e.is_featured, e.is_trending, ((e.ends_at at time zone ${zone})::date - (e.starts_at at time zone ${zone})::date + 1)::int as days,
    e.created_at, e.updated_at
  from events e left join venues v on v.id = e.venue_id left join accounts a on a.id = e.organizer_id left join event_categories c on c.id = e.category_id`;

/** A page's two statements. Apart, so that the benchmark can put exactly these beside the page. */
export function statements(viewer: Viewer, filter: CatalogFilter, page: Page) {
  const where = sql.join(conditions(viewer, filter), sql` and `);
  const order = filter.ordering
    ? orderBy({ startsAt: sql`e.starts_at`, basePrice: sql`e.base_price_minor` }, filter.ordering, sql`e.id`)
    : sql`order by e.ends_at <= now(), e.starts_at, e.id`;
  // A plan that is kept does not know how rare a word is: with the fence it finds first and sorts then.
  const matching = filter.search ? sql`(select * from events e where ${where} offset 0) e` : sql`events e where ${where}`;
  return {
    rows: sql<CatalogEvent>`${view(filter.managedBy ? admitting : sql`0`)} where e.id in (select e.id from ${matching} ${order} ${slice(page)}) ${order}`,
    count: sql<{ n: number }>`select count(*)::int as n from events e where ${where}`,
  };
}

/** One page of the catalog; what is to come and goes on first, by start, unless ordered. */
export async function list(db: Kysely<DB>, viewer: Viewer, filter: CatalogFilter, page: Page): Promise<Paged<CatalogEvent>> {
  const { rows, count } = statements(viewer, filter, page);
  const [found, counted] = await Promise.all([rows.execute(db), count.execute(db)]);
  return { rows: found.rows, total: counted.rows[0]!.n };
}

/** The event by slug or id; undefined if there is none, or it is a draft that the viewer does not manage. */
export async function find(db: Kysely<DB>, viewer: Viewer, idOrSlug: string): Promise<CatalogEvent | undefined> {
  const { rows } =
    await sql<CatalogEvent>`${view(admitting)} where ${named(idOrSlug)} and (e.status <> 'draft' or ${manages(viewer)})`.execute(db);
  return rows[0];
}

const manages = (viewer: Viewer) => (viewer?.admin ? sql`true` : viewer ? sql`e.organizer_id = ${viewer.accountId}::uuid` : sql`false`);

function conditions(viewer: Viewer, filter: CatalogFilter): RawBuilder<unknown>[] {
  const { status, managedBy, categoryId, isFree, isFeatured, city, pricingType, search } = filter;
  const all: RawBuilder<unknown>[] = [];
  if (managedBy) all.push(manages(managedBy));
  if (status) all.push(OF_STATUS[status]);
  else if (!managedBy) all.push(sql`e.status = 'published'`);
  if (status === 'draft' && !managedBy) all.push(manages(viewer));
  if (categoryId !== undefined) all.push(sql`e.category_id = ${categoryId}::uuid`);
  if (isFree !== undefined) all.push(sql`e.is_free = ${isFree}`);
  if (isFeatured !== undefined) all.push(sql`e.is_featured = ${isFeatured}`);
  if (pricingType) all.push(sql`e.pricing_type = ${pricingType}::pricing_type`);
  // Arrays, so that the index of events by venue is used beside others.
  if (city !== undefined)
    all.push(sql`e.venue_id = any(array(select v.id from venues v where ${folded(sql`v.city`)} = ${foldedOnce(city)}))`);
  if (search) all.push(...hasWords(search));
  return all.length ? all : [sql`true`];
}

/** Each word stands in the event's own text, or in its venue's. */
function hasWords(search: string): RawBuilder<unknown>[] {
  const inEvent = contains(sql`e.search_text`, search);
  const inVenue = contains(sql`(' ' || ${folded(sql`v.name || ' ' || v.city`)})`, search);
  return inEvent.map((word, i) => sql`(${word} or e.venue_id = any(array(select v.id from venues v where ${inVenue[i]!})))`);
}
