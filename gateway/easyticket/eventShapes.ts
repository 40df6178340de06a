// Events on EasyTicket's wire: what is shown of one, in lists and alone, and what its organizer may say of it.
import { z } from 'zod';
import type { CatalogEvent } from '../../services/events/catalog.ts';
import { invalidField } from '../../services/shared/errors.ts';
import { id, instant, label } from '../http/fields.ts';
import { Malformed } from '../http/steps/validate.ts';
import { Money, money, Price, priceMinor, time, timeOrNull } from './shapes.ts';

export const PricingType = z.enum(['simple', 'tiered', 'day_based', 'tier_and_day']);
export const EventStatus = z
  .enum(['draft', 'published', 'ongoing', 'completed', 'cancelled'])
  .meta({ description: 'ongoing and completed are what the clock makes of a published event.' });

const shared = {
  id,
  title: z.string(),
  slug: z.string(),
  short_description: z.string(),
  organizer: id.nullable(),
  organizer_name: z.string(),
  organizer_email: z.string(),
  category: id.nullable(),
  pricing_type: PricingType,
  venue_name: z.string(),
  venue_city: z.string(),
  venue_country: z.string(),
  start_date: instant,
  end_date: instant,
  thumbnail_image: z.string().nullable(),
  status: EventStatus,
  is_free: z.boolean(),
  base_price: Money.nullable(),
  currency: z.string(),
  is_featured: z.boolean(),
  is_upcoming: z.boolean(),
  is_ongoing: z.boolean(),
  is_past: z.boolean(),
  duration_days: z.int().meta({ description: 'Calendar days at the venue.' }),
  created_at: instant,
};
export const EventBrief = z.object({ ...shared, category_name: z.string().nullable() }).meta({ id: 'EasyEvent' });
export const EventFull = z
  .object({
    ...shared,
    description: z.string(),
    category_details: z
      .object({ id, name: z.string(), slug: z.string(), description: z.string(), icon: z.string() })
      .nullable()
      .meta({ id: 'CategoryDetails' }),
    venue_address: z.string(),
    venue_state: z.string(),
    venue_postal_code: z.string(),
    venue_latitude: z.string().nullable(),
    venue_longitude: z.string().nullable(),
    venue_time_zone: z
      .string()
      .nullable()
      .meta({ description: 'Addition to the seed: an IANA name; without one times at the venue are UTC.' }),
    banner: z.string().nullable(),
    published_at: instant.nullable(),
    total_capacity: z.int(),
    tickets_sold: z.int(),
    available_capacity: z.int(),
    refund_policy: z.string(),
    cancellation_policy: z.string(),
    age_restriction: z.string(),
    tags: z.array(z.string()),
    is_trending: z.boolean(),
    updated_at: instant,
  })
  .meta({ id: 'EasyEventDetails' });
export const OwnEvent = z
  .object({
    id,
    title: z.string(),
    slug: z.string(),
    status: EventStatus,
    pricing_type: PricingType,
    start_date: instant,
    end_date: instant,
    tickets_sold: z.int(),
    total_capacity: z.int(),
    created_at: instant,
  })
  .meta({ id: 'OwnEvent' });

const base = (e: CatalogEvent, publicUrl: string) => ({
  id: e.id,
  title: e.title,
  slug: e.slug,
  short_description: e.short_description,
  organizer: e.organizer_id,
  organizer_name: e.organizer_name,
  organizer_email: e.organizer_email,
  category: e.category?.id ?? null,
  pricing_type: e.pricing_type,
  venue_name: e.venue?.name ?? '',
  venue_city: e.venue?.city ?? '',
  venue_country: e.venue?.country ?? '',
  start_date: time(e.starts_at),
  end_date: time(e.ends_at),
  thumbnail_image: picture(e.thumbnail_url, publicUrl),
  status: e.status,
  is_free: e.is_free,
  base_price: e.base_price_minor === null ? null : money(e.base_price_minor, e.currency),
  currency: e.currency,
  is_featured: e.is_featured,
  is_upcoming: e.starts_at > new Date(),
  is_ongoing: e.starts_at <= new Date() && e.ends_at > new Date(),
  is_past: e.ends_at <= new Date(),
  duration_days: e.days,
  created_at: time(e.created_at),
});

/** Where a picture is. Ours are kept by their paths, so that the house may move. */
export const picture = (url: string | null, publicUrl: string): string | null => (url?.startsWith('/') ? publicUrl + url : url);

export const brief = (e: CatalogEvent, publicUrl: string): z.output<typeof EventBrief> => ({
  ...base(e, publicUrl),
  category_name: e.category?.name ?? null,
});

export const full = (e: CatalogEvent, publicUrl: string): z.output<typeof EventFull> => ({
  ...base(e, publicUrl),
  description: e.description,
  category_details: e.category,
  venue_address: e.venue?.address ?? '',
  venue_state: e.venue?.state ?? '',
  venue_postal_code: e.venue?.postal_code ?? '',
  venue_latitude: e.venue?.latitude ?? null,
  venue_longitude: e.venue?.longitude ?? null,
  venue_time_zone: e.venue?.time_zone ?? null,
  banner: picture(e.banner_url, publicUrl),
  published_at: timeOrNull(e.published_at),
  total_capacity: e.capacity,
  tickets_sold: e.sold,
  available_capacity: Math.max(0, e.capacity - e.sold),
  refund_policy: e.refund_policy,
  cancellation_policy: e.cancellation_policy,
  age_restriction: e.age_restriction,
  tags: e.tags,
  is_trending: e.is_trending,
  updated_at: time(e.updated_at),
});

export const own = (e: CatalogEvent): z.output<typeof OwnEvent> => ({
  id: e.id,
  title: e.title,
  slug: e.slug,
  status: e.status,
  pricing_type: e.pricing_type,
  start_date: time(e.starts_at),
  end_date: time(e.ends_at),
  tickets_sold: e.sold,
  total_capacity: e.capacity,
  created_at: time(e.created_at),
});

const text = (max: number) => z.string().trim().max(max);
const coordinate = (most: number) =>
  z
    .union([z.number(), z.string().regex(/^-?\d{1,3}(\.\d{1,15})?$/, 'must be a number of degrees')])
    .refine((value) => Math.abs(Number(value)) <= most, `must be from -${most} to ${most}`)
    .transform((value) => Number(value).toFixed(6))
    .nullable()
    .meta({ override: { type: ['string', 'number', 'null'] } });

export const fields = {
  title: label(200),
  description: text(20_000),
  short_description: text(500).optional(),
  category: id.nullable().optional(),
  pricing_type: PricingType.optional(),
  venue_name: label(200),
  venue_address: text(300).optional(),
  venue_city: text(100).optional(),
  venue_state: text(100).optional(),
  venue_country: text(100).optional(),
  venue_postal_code: text(20).optional(),
  venue_latitude: coordinate(90).optional(),
  venue_longitude: coordinate(180).optional(),
  venue_time_zone: z
    .string()
    .max(64)
    .nullable()
    .optional()
    .meta({ description: 'Addition to the seed: an IANA name, as America/New_York.' }),
  start_date: instant,
  end_date: instant,
  total_capacity: z.int().min(1).max(1_000_000),
  is_free: z.boolean().optional(),
  base_price: Price.nullable().optional(),
  currency: z.string().length(3).optional(),
  refund_policy: text(5000).optional(),
  cancellation_policy: text(5000).optional(),
  age_restriction: text(50).optional(),
  tags: z.array(label(50)).max(20).optional(),
  banner: z.null().optional().meta({ description: 'Uploaded with a form; null takes it away.' }),
  thumbnail_image: z.null().optional().meta({ description: 'Likewise.' }),
  is_featured: z.boolean().optional().meta({ description: "The organizer's own wish, as the seed's example has it." }),
};
export const NewEvent = z.object(fields).meta({ id: 'EasyNewEvent' });
export const EventChanges = z.object(fields).partial().meta({ id: 'EasyEventChanges' });
type Body = Partial<z.output<typeof NewEvent>>;

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/** The currency as ISO 4217 writes it. */
export function currencyOf(code: string): string {
  const currency = code.toUpperCase();
  if (!CURRENCIES.has(currency)) throw new Malformed('Unknown currency.', { fields: { currency: 'is no ISO 4217 code' } });
  return currency;
}

const present = <T extends object>(given: T): Partial<T> | undefined => {
  const some = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Object.keys(some).length ? (some as Partial<T>) : undefined;
};

/** What a body says of the venue, and of the event beside when and where; undefined where it says nothing. */
export const venueOf = (body: Body) =>
  present({
    name: body.venue_name,
    address: body.venue_address,
    city: body.venue_city,
    state: body.venue_state,
    country: body.venue_country,
    postal_code: body.venue_postal_code,
    latitude: body.venue_latitude,
    longitude: body.venue_longitude,
    time_zone: body.venue_time_zone,
  });

export const factsOf = (body: Body) =>
  present({
    shortDescription: body.short_description,
    categoryId: body.category,
    pricingType: body.pricing_type,
    isFree: body.is_free,
    basePrice: body.base_price == null ? body.base_price : inMinor(body.base_price),
    isFeatured: body.is_featured,
    tags: body.tags,
    refundPolicy: body.refund_policy,
    cancellationPolicy: body.cancellation_policy,
    ageRestriction: body.age_restriction,
  });

const inMinor = (price: number | string) => (currency: string) => {
  const minor = priceMinor(price, currency);
  if (minor === undefined) throw invalidField('basePrice', `${price} is no amount of ${currency}.`);
  return minor;
};
