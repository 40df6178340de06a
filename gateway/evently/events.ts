// Evently's events: list, show, seats.
import * as events from '../../services/events.ts';
import * as seats from '../../services/seats.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { ok, page } from './envelope.ts';
import * as present from './presenters.ts';
import { EventFull, EventPath, EventShort, EventsQuery, envelope, pageOf, SeatMap, SeatsQuery } from './schemas.ts';
import { seatMap } from './seatMap.ts';

const tag = 'Events';
const path = '/api/v1/events';

/** The routes under /api/v1/events. */
export function eventRoutes({ db }: Gateway): Route[] {
  return [
    route({
      method: 'get',
      path,
      access: 'public',
      limit: 'public',
      tag,
      summary: 'List events',
      query: EventsQuery,
      responses: { 200: { description: 'One page of events.', schema: pageOf(EventShort) } },
      async handle({ query }) {
        const filter = {
          phase: query.status,
          venueId: query.venue_id,
          startsAfter: query.start_date,
          startsBefore: query.end_date,
          search: query.search,
          page: query.page,
          perPage: query.per_page,
        };
        const found = await events.list(db, filter);
        return page(found.rows.map(present.eventShort), { page: query.page, perPage: query.per_page, total: found.total });
      },
    }),
    route({
      method: 'get',
      path: `${path}/:id`,
      access: 'public',
      limit: 'public',
      tag,
      summary: 'Event details',
      params: EventPath,
      responses: { 200: { description: 'The event.', schema: envelope(EventFull) } },
      async handle({ params }) {
        const event = await events.findPublic(db, params.id);
        return ok(present.eventFull(event, await events.tiers(db, event.id)));
      },
    }),
    route({
      method: 'get',
      path: `${path}/:id/seats`,
      access: 'public',
      limit: 'public',
      tag,
      summary: 'Seats of an event',
      description: 'Available seats, unless `status` asks for held, booked or all.',
      params: EventPath,
      query: SeatsQuery,
      responses: { 200: { description: 'The seats by section and row.', schema: envelope(SeatMap) } },
      async handle({ params, query }) {
        const event = await events.findPublic(db, params.id);
        const state = query.status === 'all' ? undefined : query.status;
        const [found, tiers] = await Promise.all([
          seats.list(db, event.id, { section: query.section, tier: query.price_tier, state }),
          events.tiers(db, event.id),
        ]);
        return seatMap(event, found, tiers);
      },
    }),
  ];
}
