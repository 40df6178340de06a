// Addition to Evently's seed: venues to list and to make, so that a first event can be made on an empty system.
import { z } from 'zod';
import * as venues from '../../services/events/venues.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { ok, page } from './envelope.ts';
import { VenueFull } from './events.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { envelope, label, pageOf, paging } from './shapes.ts';

const text = (max: number) => z.string().trim().max(max).default('');

const VenueBody = z.object({
  name: label(200).meta({ example: 'Madison Square Garden' }),
  address: text(300),
  city: text(200).meta({ example: 'New York' }),
  state: text(200),
  country: text(200),
  postal_code: text(40),
  capacity: z.int().min(1).max(1_000_000).meta({ example: 20_000 }),
  time_zone: z
    .string()
    .max(64)
    .nullish()
    .meta({ description: 'IANA name; tickets and mails say times in it. Left out: UTC.', example: 'America/New_York' }),
  layout_config: z.record(z.string(), z.unknown()).default({}).meta({ description: 'What a seat map is drawn from; it is kept as it is.' }),
});

const tag = 'Venues';
const path = '/api/v1/venues';

/** The routes under /api/v1/venues. */
export function venueRoutes({ db }: Gateway): Route[] {
  return [
    route({
      method: 'get',
      path,
      access: 'public',
      limit: LIMITS.public,
      tag,
      operationId: 'listVenues',
      summary: 'List venues',
      description: 'Addition to the seed.',
      query: z.object({
        ...paging,
        search: z.string().trim().max(200).optional().meta({ description: 'Venues with all these words in name or city.' }),
      }),
      responses: { 200: { description: 'One page of venues, by name.', schema: pageOf(VenueFull) } },
      refusals: [],
      async handle({ query }) {
        const { rows, total } = await venues.list(db, { search: query.search, page: query.page, perPage: query.per_page });
        return page(rows.map(present.venue), { page: query.page, perPage: query.per_page, total });
      },
    }),
    route({
      method: 'post',
      path,
      access: 'organizer',
      limit: LIMITS.admin,
      tag,
      operationId: 'createVenue',
      summary: 'Create venue',
      description: 'Addition to the seed. For organizers and admins; whoever makes events may use it.',
      body: VenueBody,
      responses: { 201: { description: 'The venue.', schema: envelope(VenueFull) } },
      refusals: ['invalid'],
      handle: async ({ body }) => ok(present.venue(await venues.create(db, body)), 'Venue created successfully', 201),
    }),
  ];
}
