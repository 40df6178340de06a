// Evently's events: list, show, seats.
import { z } from 'zod';
import type { Sort } from '../../services/events/eventList.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { cached } from '../http/answers/conditional.ts';
import { type Route, route } from '../http/route.ts';
import { missedSince } from '../reads/missed.ts';
import { createEventPages } from './eventPages.ts';
import { LIMITS } from './limits.ts';
import { createSeatMaps } from './seatMap.ts';
import { amount, envelope, id, instant, isWritable, label, pageOf, paging, whole } from './shapes.ts';

export const EventPath = z.object({
  id: z.string().meta({ description: "The event's id or slug.", example: 'summer-music-festival', param: { id: 'EventId' } }),
});

const day = z.union([z.iso.date().refine(isWritable, 'must be in the years 1 to 9999'), instant]).transform((text) => new Date(text));
const DAY = { type: 'string', anyOf: [{ format: 'date' }, { format: 'date-time' }] } as const;
const price = z.preprocess(
  (given) => (typeof given === 'string' && /^\d{1,12}(\.\d{1,4})?$/.test(given) ? Number(given) : given),
  z.number().min(0),
);
const flag = z.preprocess((given) => (given === 'true' ? true : given === 'false' ? false : given), z.boolean());
const OWN_CURRENCY = "In each event's own currency; with both bounds one price lies between them.";

const SORT_BY = { start_time: 'startsAt', price: 'price', name: 'name', created_at: 'createdAt' } as const satisfies Record<
  string,
  Sort['by']
>;
const sort = z
  .enum(Object.keys(SORT_BY).flatMap((name) => [name, `-${name}`]))
  .transform((key): Sort => ({ by: SORT_BY[key.replace('-', '') as keyof typeof SORT_BY], descending: key.startsWith('-') }));

const EventsQuery = z.object({
  ...paging,
  status: z.enum(['upcoming', 'ongoing', 'completed']).optional().meta({ description: 'By the clock; all, if left out.' }),
  venue_id: id.optional().meta({ description: 'Events at this venue.' }),
  start_date: day.optional().meta({ description: 'Events that start at or after this (UTC).', override: DAY }),
  end_date: day.optional().meta({ description: 'Events that start before this (UTC).', override: DAY }),
  search: z
    .string()
    .trim()
    .max(200)
    .optional()
    .meta({
      description:
        'Events whose name and description contain every word of this (the first ten), in any order. Case, accents, and composed or ' +
        'decomposed letters make no difference, nor do `ё` and `е`, `ß` and `ss`. Words of one or two letters are looked for at the beginning of words.',
    }),
  city: label(200).optional().meta({ description: "Addition to the seed: the venue's city, compared as `search` compares." }),
  price_min: price.optional().meta({ description: `Addition to the seed: events with a price of at least this. ${OWN_CURRENCY}` }),
  price_max: price.optional().meta({ description: `Addition to the seed: events with a price of at most this. ${OWN_CURRENCY}` }),
  available: flag.optional().meta({
    description: 'Addition to the seed: `true` for events of which a seat can be bought now, `false` for all others. At most a second old.',
  }),
  sort: sort.optional().meta({
    description:
      'Addition to the seed. `-` is descending; `price` is the lowest of an event, in its own currency. Default: upcoming events, ' +
      'the next one first; then ongoing ones and then completed ones, each with the latest first.',
    override: { type: 'string' },
  }),
});

const SeatsQuery = z.object({
  section: z.string().max(200).optional().meta({ description: 'Seats of this section.' }),
  price_tier: z.string().max(200).optional().meta({ description: 'Seats of this price tier.' }),
  status: z.enum(['available', 'held', 'booked', 'all']).optional().meta({ description: 'Default: available; with `since`: all.' }),
  since: whole(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Addition to the seed: only seats that changed after this `seq` (X-Seats-Seq of an earlier answer).' }),
});

const VenueShort = z.object({ id, name: z.string(), city: z.string(), capacity: z.number().int() }).meta({ id: 'VenueShort' });
export const VenueFull = VenueShort.extend({
  address: z.string(),
  state: z.string(),
  country: z.string(),
  postal_code: z.string(),
  time_zone: z
    .string()
    .nullable()
    .meta({ description: 'Addition to the seed: IANA name; tickets and mails say times in it.', example: 'America/New_York' }),
  layout_config: z.unknown(),
}).meta({ id: 'Venue' });

const EventBase = z.object({
  id,
  slug: z.string(),
  name: z.string(),
  description: z.string(),
  start_time: instant,
  end_time: instant,
  capacity: z.number().int(),
  available_seats: z.number().int(),
  status: z.enum(['upcoming', 'ongoing', 'completed', 'cancelled', 'draft']),
  currency: z.string(),
});

const PriceTier = z.object({ tier: z.string(), price: amount, available: z.number().int() }).meta({ id: 'PriceTier' });

export const EventShort = EventBase.extend({
  venue: VenueShort.nullable(),
  min_price: amount.nullable(),
  max_price: amount.nullable(),
}).meta({ id: 'EventShort' });
export const EventFull = EventBase.extend({
  venue: VenueFull.nullable(),
  price_tiers: z.array(PriceTier),
  created_at: instant,
}).meta({ id: 'Event' });

const SeatOut = z
  .object({ id, seat_number: z.string(), price: amount, status: z.enum(['available', 'held', 'booked']) })
  .meta({ id: 'Seat' });
const SeatRow = z.object({ row: z.string(), seats: z.array(SeatOut) }).meta({ id: 'SeatRow' });
const SeatSection = z.object({ name: z.string(), rows: z.array(SeatRow) }).meta({ id: 'SeatSection' });
const SeatMap = z
  .object({
    event_id: id,
    sections: z.array(SeatSection),
    summary: z.object({ total_available: z.number().int(), by_tier: z.record(z.string(), z.number().int()) }),
    seq: z
      .number()
      .int()
      .optional()
      .meta({ description: 'Only with `since`: what to ask for changes since. Without it this is the whole map.' }),
  })
  .meta({ id: 'SeatMap' });

const tag = 'Events';
const path = '/api/v1/events';

// Changes since a number have no tag: asked again they are others.
const SEATS_HEADERS = { ETag: z.string().optional(), 'X-Seats-Seq': z.int().min(0) };

/** The routes under /api/v1/events. */
export function eventRoutes({ db, feed, listing, details }: Gateway): Route[] {
  const maps = createSeatMaps();
  const pages = createEventPages({ listing, details });
  return [
    route({
      method: 'get',
      path,
      access: 'public',
      limit: LIMITS.public,
      tag,
      operationId: 'listEvents',
      summary: 'List events',
      query: EventsQuery,
      responses: cached({ description: 'One page of events.', schema: pageOf(EventShort) }),
      refusals: [],
      handle({ query, ctx }) {
        const filter = {
          status: query.status,
          venueId: query.venue_id,
          startsAfter: query.start_date,
          startsBefore: query.end_date,
          search: query.search,
          city: query.city,
          priceMin: query.price_min,
          priceMax: query.price_max,
          available: query.available,
          sort: query.sort,
          page: query.page,
          perPage: query.per_page,
        };
        return pages.list(filter, ctx.req.headers);
      },
    }),
    route({
      method: 'get',
      path: `${path}/:id`,
      access: 'public',
      limit: LIMITS.public,
      tag,
      operationId: 'getEvent',
      summary: 'Event details',
      params: EventPath,
      responses: cached({ description: 'The event.', schema: envelope(EventFull) }),
      refusals: ['event_not_found'],
      handle: ({ params, ctx }) => pages.one(params.id, ctx.req.headers),
    }),
    route({
      method: 'get',
      path: `${path}/:id/seats`,
      access: 'public',
      limit: LIMITS.public,
      tag,
      operationId: 'listSeats',
      summary: 'Seats of an event',
      description:
        'Available seats, unless `status` asks for held, booked or all. Answers carry an ETag (If-None-Match gives 304 while nothing changed) ' +
        'and X-Seats-Seq. `?since=<that number>` answers with only the seats that changed since, at any gateway, as long as ten minutes; ' +
        'when it is longer the whole map is answered, which has no `seq` in it. The same number resumes a WebSocket subscription (`after`).',
      params: EventPath,
      query: SeatsQuery,
      responses: cached({ description: 'The seats by section and row.', schema: envelope(SeatMap) }, SEATS_HEADERS),
      refusals: ['event_not_found'],
      async handle({ params, query, ctx }) {
        await feed.catchUp();
        const event = await feed.identify(params.id);
        if (!event) throw new DomainError('event_not_found', 'Event does not exist.', { eventId: params.id });
        const board = await feed.board(event);
        const { section, price_tier: tier, since } = query;
        // Before the changes are looked up: what comes after this number may be told twice, never not at all.
        const seq = feed.watermark();
        const { headers } = ctx.req;
        if (since === undefined) return maps.whole(board, { section, tier, status: query.status ?? 'available' }, headers, seq);
        const filter = { section, tier, status: query.status ?? 'all' } as const;
        const missed = () => missedSince({ feed, db }, board, since);
        return (await maps.since(board, { ...filter, since }, headers, seq, missed)) ?? maps.whole(board, filter, headers, seq);
      },
    }),
  ];
}
