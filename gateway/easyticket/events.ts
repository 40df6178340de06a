// EasyTicket's events: the catalog, and an organizer's own.

import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import type { Caller } from '../../services/accounts/sessions.ts';
import * as catalog from '../../services/events/catalog.ts';
import { update } from '../../services/events/eventChanges.ts';
import { create } from '../../services/events/eventCreation.ts';
import { remove } from '../../services/events/eventRemoval.ts';
import * as pictures from '../../services/events/pictures.ts';
import { DomainError, isRefusal } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { ordering, paged, pageOf, pageSchema, paging } from '../http/answers/pages.ts';
import type { RefusalCode } from '../http/api.ts';
import { id } from '../http/fields.ts';
import { type Reply, type Route, route } from '../http/route.ts';
import { EVENT_FORM, picturesOf } from './eventForm.ts';
import * as present from './eventShapes.ts';
import {
  currencyOf,
  EventBrief,
  EventChanges,
  EventFull,
  EventStatus,
  factsOf,
  NewEvent,
  OwnEvent,
  PricingType,
  venueOf,
} from './eventShapes.ts';
import { LIMITS } from './limits.ts';
import { flag, ORGANIZERS, timeOrNull } from './shapes.ts';
import { viewer } from './ticketFields.ts';

const filters = {
  status: EventStatus.optional().meta({ description: 'Events in this state. Drafts are shown to those who manage them.' }),
  category: id.optional().meta({ description: 'Of this category, by its id.' }),
  is_free: flag.optional().meta({ description: 'Only free events, or only others.' }),
  is_featured: flag.optional().meta({ description: 'Only featured events, or only others.' }),
  venue_city: z.string().max(100).optional().meta({ description: 'In this city, compared as people read it.' }),
  pricing_type: PricingType.optional().meta({ description: 'Sold in this way.' }),
  search: z.string().max(200).optional().meta({ description: 'In title, description, tags and venue.' }),
  ordering: ordering({ start_date: 'startsAt', base_price: 'basePrice' }),
};
const EventsQuery = z.object({ ...paging, ...filters });
const EventPath = z.object({ slug: z.string().meta({ description: "The event's slug, or its id.", param: { id: 'EventSlug' } }) });

const Published = z
  .object({ id, title: z.string(), slug: z.string(), status: EventStatus, published_at: z.string().nullable(), message: z.string() })
  .meta({ id: 'PublishedEvent' });
const Cancelled = z
  .object({ id, title: z.string(), slug: z.string(), status: EventStatus, message: z.string() })
  .meta({ id: 'CancelledEvent' });
const Reason = z.object({ reason: z.string().trim().max(1000).optional().meta({ description: 'Told to everybody who has a ticket.' }) });

const path = '/api/events/';
const tag = 'Events';
const REFUSALS: RefusalCode[] = ['event_not_found', 'invalid', 'event_fixed'];

/** The sentence for whoever may not do this with an event. */
const notAllowed = (act: string) => `You do not have permission to ${act} this event.`;

/** Does something with an event, and says in the seed's words that it is somebody else's. */
const permitted = <T>(act: string, work: Promise<T>): Promise<T> =>
  work.catch((error) => {
    if (isRefusal(error, 'forbidden')) throw new DomainError('forbidden', notAllowed(act));
    throw error;
  });

/** The routes under /api/events/, but for categories. */
export function eventRoutes({ db, config, providers }: Gateway): Route[] {
  const { publicUrl } = config.http;
  const open = { access: 'public', recognizes: true, limit: LIMITS.anonymous, tag } as const;
  const pages = { 200: { description: 'One page: what is to come first, by its start, unless ordered.', schema: pageSchema(EventBrief) } };

  async function found(of: Caller | undefined, idOrSlug: string): Promise<catalog.CatalogEvent> {
    const event = await catalog.find(db, viewer(of), idOrSlug);
    if (!event) throw new DomainError('event_not_found', 'There is no such event.', { eventId: idOrSlug });
    return event;
  }
  const shown = async (of: Caller, eventId: string) => present.full(await found(of, eventId), publicUrl);

  const listRoute = (at: string, about: { operationId: string; summary: string }, fixed: Partial<catalog.CatalogFilter> = {}) =>
    route({
      ...open,
      method: 'get',
      path: at,
      operationId: about.operationId,
      summary: about.summary,
      query: EventsQuery,
      responses: pages,
      async handle({ query, caller, ctx }): Promise<Reply> {
        const filter: catalog.CatalogFilter = {
          status: query.status,
          categoryId: query.category,
          isFree: query.is_free,
          isFeatured: query.is_featured,
          city: query.venue_city,
          pricingType: query.pricing_type,
          search: query.search,
          ordering: query.ordering,
          ...fixed,
        };
        const { rows, total } = await catalog.list(db, viewer(caller), filter, pageOf(query));
        return paged(ctx, publicUrl, {
          results: rows.map((e) => present.brief(e, publicUrl)),
          count: total,
          page: query.page,
          page_size: query.page_size,
        });
      },
    });

  const changing = (method: 'put' | 'patch', body: typeof NewEvent | typeof EventChanges) =>
    route({
      method,
      path: `${path}:slug/`,
      access: 'organizer',
      wrongRole: notAllowed('update'),
      limit: LIMITS.authenticated,
      tag,
      operationId: method === 'put' ? 'replaceEasyEvent' : 'changeEasyEvent',
      summary: method === 'put' ? 'Update event' : 'Update event partially',
      description:
        'For its organizer and admins. What was sold, has begun or was cancelled forbids some changes. When start or venue change every holder of a ticket is told by mail.',
      params: EventPath,
      body,
      form: EVENT_FORM,
      responses: { 200: { description: 'As it is now.', schema: EventFull } },
      refusals: REFUSALS,
      async handle({ params, body, files, caller }) {
        const uploaded = picturesOf(body, files);
        const changes = {
          name: body.title,
          description: body.description,
          startsAt: body.start_date === undefined ? undefined : new Date(body.start_date),
          endsAt: body.end_date === undefined ? undefined : new Date(body.end_date),
          capacity: body.total_capacity,
          currency: body.currency === undefined ? undefined : currencyOf(body.currency),
          venue: venueOf(body),
          facts: factsOf(body),
        };
        const event = await permitted('update', update(db, { event: params.slug, by: managerOf(caller), providers, changes }));
        await pictures.put(db, event, uploaded);
        return { status: 200, body: await shown(caller, event) };
      },
    });

  return [
    listRoute(path, { operationId: 'listEasyEvents', summary: 'List all events' }),
    listRoute(`${path}search/`, { operationId: 'searchEvents', summary: 'Search events' }),
    listRoute(`${path}upcoming/`, { operationId: 'listUpcomingEvents', summary: 'Upcoming events' }, { status: 'published' }),
    listRoute(`${path}featured/`, { operationId: 'listFeaturedEvents', summary: 'Featured events' }, { isFeatured: true }),
    route({
      ...ORGANIZERS,
      method: 'get',
      path: `${path}my_events/`,
      limit: LIMITS.authenticated,
      tag,
      operationId: 'listOwnEvents',
      summary: "Organizer's events",
      description: "The caller's own, drafts and cancelled ones too; for admins all.",
      query: EventsQuery,
      responses: { 200: { description: 'One page.', schema: pageSchema(OwnEvent) } },
      async handle({ query, caller, ctx }) {
        const filter = {
          managedBy: managerOf(caller),
          status: query.status,
          search: query.search,
          ordering: query.ordering,
          pricingType: query.pricing_type,
          categoryId: query.category,
          isFree: query.is_free,
          isFeatured: query.is_featured,
          city: query.venue_city,
        };
        const { rows, total } = await catalog.list(db, managerOf(caller), filter, pageOf(query));
        return paged(ctx, publicUrl, { results: rows.map(present.own), count: total, page: query.page, page_size: query.page_size });
      },
    }),
    route({
      ...open,
      method: 'get',
      path: `${path}:slug/`,
      operationId: 'getEasyEvent',
      summary: 'Event details',
      params: EventPath,
      responses: { 200: { description: 'The event.', schema: EventFull } },
      refusals: ['event_not_found'],
      handle: async ({ params, caller }) => ({ status: 200, body: present.full(await found(caller, params.slug), publicUrl) }),
    }),
    route({
      ...ORGANIZERS,
      method: 'post',
      path,
      limit: LIMITS.authenticated,
      tag,
      operationId: 'createEasyEvent',
      summary: 'Create event',
      description: 'A draft, until it is published. Its `pricing_type` says what its ticket types may be.',
      body: NewEvent,
      form: EVENT_FORM,
      responses: { 201: { description: 'Made.', schema: EventFull } },
      refusals: ['invalid'],
      async handle({ body, files, caller }) {
        const uploaded = picturesOf(body, files);
        const event = {
          organizerId: caller.accountId,
          name: body.title,
          description: body.description,
          venueId: null,
          venue: venueOf(body),
          startsAt: new Date(body.start_date),
          endsAt: new Date(body.end_date),
          capacity: body.total_capacity,
          currency: currencyOf(body.currency ?? 'USD'),
          status: 'draft' as const,
          sections: [],
          facts: factsOf(body),
        };
        const made = await create(db, event, providers);
        await pictures.put(db, made, uploaded);
        return { status: 201, body: await shown(caller, made) };
      },
    }),
    changing('put', NewEvent),
    changing('patch', EventChanges),
    route({
      method: 'delete',
      path: `${path}:slug/`,
      access: 'organizer',
      wrongRole: notAllowed('delete'),
      limit: LIMITS.authenticated,
      tag,
      operationId: 'deleteEasyEvent',
      summary: 'Delete event',
      description: 'With all it sells, only while nobody ever ordered any of it; after that it can be cancelled.',
      params: EventPath,
      responses: { 204: { description: 'Deleted.' } },
      refusals: ['event_not_found', 'event_fixed'],
      async handle({ params, caller }) {
        await permitted('delete', remove(db, params.slug, managerOf(caller)));
        return { status: 204, body: undefined };
      },
    }),
    route({
      method: 'post',
      path: `${path}:slug/publish/`,
      access: 'organizer',
      wrongRole: notAllowed('publish'),
      limit: LIMITS.authenticated,
      tag,
      operationId: 'publishEvent',
      summary: 'Publish event',
      params: EventPath,
      responses: { 200: { description: 'Published, now or before.', schema: Published } },
      refusals: REFUSALS,
      async handle({ params, caller }) {
        const changes = { status: 'published' as const };
        const event = await permitted('publish', update(db, { event: params.slug, by: managerOf(caller), providers, changes }));
        const { id, title, slug, status, published_at } = await found(caller, event);
        const message = 'Event published successfully';
        return { status: 200, body: { id, title, slug, status, published_at: timeOrNull(published_at), message } };
      },
    }),
    route({
      method: 'post',
      path: `${path}:slug/cancel/`,
      access: 'organizer',
      wrongRole: notAllowed('cancel'),
      limit: LIMITS.authenticated,
      tag,
      operationId: 'cancelEvent',
      summary: 'Cancel event',
      description: 'For good: every order is cancelled and refunded, and its buyer told.',
      params: EventPath,
      body: Reason,
      responses: { 200: { description: 'Cancelled, now or before.', schema: Cancelled } },
      refusals: REFUSALS,
      async handle({ params, body, caller }) {
        const changes = { status: 'cancelled' as const, reason: body.reason };
        const event = await permitted('cancel', update(db, { event: params.slug, by: managerOf(caller), providers, changes }));
        const { id, title, slug, status } = await found(caller, event);
        return { status: 200, body: { id, title, slug, status, message: 'Event cancelled successfully' } };
      },
    }),
  ];
}
