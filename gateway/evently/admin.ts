// Evently's organizer side: create an event with its seats, change it, see how far its cancelling or moving has come.

import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import { update } from '../../services/events/eventChanges.ts';
import { create } from '../../services/events/eventCreation.ts';
import { listManaged } from '../../services/events/eventList.ts';
import * as notices from '../../services/events/eventNotices.ts';
import * as events from '../../services/events/events.ts';
import type { Section } from '../../services/inventory/seats.ts';
import { minor } from '../../services/shared/money.ts';
import { eventNoticeWorkflowId } from '../../workflows/messages.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { Malformed } from '../http/steps/validate.ts';
import { ok, page } from './envelope.ts';
import { EventFull, EventPath, EventShort } from './events.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { EventProgress } from './progress.ts';
import { envelope, id, instant, label, pageOf, paging } from './shapes.ts';

const SectionBody = z
  .object({
    name: label(100).meta({ example: 'VIP' }),
    rows: z
      .union([z.array(label(20)).min(1).max(5_000), z.number().int().min(1).max(5_000)])
      .meta({ description: 'Names of the rows, or how many (they are then called A, B, ... Z, AA, ...).', example: ['A', 'B'] }),
    seats_per_row: z.number().int().min(1).max(5_000),
    price: z.union([z.number().min(0), z.string().max(20)]).meta({ example: 300.0 }),
  })
  .meta({ id: 'SectionPlan' });

const capacity = z.number().int().min(1).max(1_000_000).optional();
const currency = z.string().regex(/^[A-Za-z]{3}$/);
const holdSeconds = z.number().int().min(1).max(86_400);
const EventBody = z.object({
  name: label(200).meta({ example: 'New Year Concert' }),
  description: z.string().max(20_000).default(''),
  venue_id: id,
  start_time: instant,
  end_time: instant,
  capacity,
  seat_configuration: z.object({ sections: z.array(SectionBody).min(1).max(500) }),
  currency: currency.default('USD').meta({ description: 'Addition to the seed.' }),
  hold_seconds: holdSeconds.optional().meta({ description: 'Addition to the seed: how long a booking is held unpaid.' }),
  status: z.enum(['published', 'draft']).default('published').meta({ description: 'Addition to the seed.' }),
});

/** The same fields, each of them optional: what is not sent stays as it is. */
const EventChangeBody = z.object({
  name: label(200).optional(),
  description: z.string().max(20_000).optional(),
  venue_id: id.optional(),
  start_time: instant.optional(),
  end_time: instant.optional(),
  capacity,
  seat_configuration: z
    .object({ sections: z.array(SectionBody).min(1).max(500) })
    .optional()
    .meta({ description: 'The whole plan as it is to be. Seats are known by section, row and number; sold and held ones must be in it.' }),
  currency: currency.optional(),
  hold_seconds: holdSeconds.nullish().meta({ description: "null: as this API's bookings are held by default." }),
  status: z
    .enum(['published', 'draft', 'cancelled'])
    .optional()
    .meta({ description: '`cancelled` is for good: every booking is cancelled and refunded, and its buyer told.' }),
  reason: z.string().trim().max(1000).optional().meta({ description: 'Told to the holders when the event is moved or cancelled.' }),
});

const EventChanged = EventFull.extend({ progress: EventProgress.optional() }).meta({ id: 'ChangedEvent' });

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/** The routes under /api/v1/admin. */
export function admin({ db, providers }: Gateway): Route[] {
  return [
    route({
      method: 'get',
      path: '/api/v1/admin/events',
      access: 'organizer',
      limit: LIMITS.admin,
      tag: 'Admin',
      operationId: 'listManagedEvents',
      summary: "One's own events",
      description: "Addition to the seed: an organizer's own events, for admins all; drafts and cancelled ones too.",
      query: z.object({
        ...paging,
        status: z
          .enum(['draft', 'upcoming', 'ongoing', 'completed', 'cancelled'])
          .optional()
          .meta({ description: 'Events in this state; all, if left out.' }),
        search: z.string().trim().max(200).optional().meta({ description: 'Events whose name and description contain these words.' }),
      }),
      responses: { 200: { description: 'One page of events: upcoming ones first, the next one first.', schema: pageOf(EventShort) } },
      refusals: [],
      async handle({ query, caller }) {
        const paged = { page: query.page, perPage: query.per_page };
        const found = await listManaged(db, {
          ...paged,
          manager: managerOf(caller),
          status: query.status,
          search: query.search,
        });
        return page(found.rows.map(present.eventShort), { ...paged, total: found.total });
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/admin/events',
      access: 'organizer',
      limit: LIMITS.admin,
      tag: 'Admin',
      operationId: 'createEvent',
      summary: 'Create event',
      description:
        'For organizers and admins. Every section becomes a price tier with rows x seats_per_row seats; the capacity may not be below their number.',
      body: EventBody,
      responses: { 201: { description: 'The event.', schema: envelope(EventFull) } },
      refusals: [],
      async handle({ body, caller }) {
        const currency = known(body.currency);
        const id = await create(
          db,
          {
            organizerId: caller.accountId,
            name: body.name,
            description: body.description,
            venueId: body.venue_id,
            startsAt: new Date(body.start_time),
            endsAt: new Date(body.end_time),
            capacity: body.capacity,
            currency,
            holdSeconds: body.hold_seconds,
            status: body.status,
            sections: body.seat_configuration.sections.map((s, i) => section(s, i, currency)),
          },
          providers,
        );
        const event = (await events.find(db, id))!;
        return ok(present.eventFull(event, await events.tiers(db, [id])), 'Event created successfully', 201);
      },
    }),
    route({
      method: 'put',
      path: '/api/v1/admin/events/:id',
      access: 'organizer',
      limit: LIMITS.admin,
      tag: 'Admin',
      operationId: 'updateEvent',
      summary: 'Update event',
      description:
        "For the event's organizer and admins. Fields that are not sent stay as they are. 409 EVENT_NOT_CHANGEABLE says in details.fields what " +
        'sales, the clock or a cancelling forbid: seats that are sold or held cannot be left out of the plan, the capacity cannot fall below ' +
        'them, the currency is fixed by the first booking, start, venue, seats and prices when the event begins. A new price holds for new ' +
        'bookings. When the start or the venue changes every ticket holder is told by mail; when the event is cancelled every booking is ' +
        'cancelled and refunded. `progress` (and GET .../progress) says how far that is.',
      params: EventPath,
      body: EventChangeBody,
      responses: { 200: { description: 'The event as it is now.', schema: envelope(EventChanged) } },
      refusals: ['event_not_found', 'event_fixed'],
      async handle({ body, params, caller }) {
        const { seat_configuration: plan } = body;
        const id = await update(db, {
          event: params.id,
          by: managerOf(caller),
          providers,
          changes: {
            name: body.name,
            description: body.description,
            venueId: body.venue_id,
            startsAt: body.start_time === undefined ? undefined : new Date(body.start_time),
            endsAt: body.end_time === undefined ? undefined : new Date(body.end_time),
            capacity: body.capacity,
            currency: body.currency === undefined ? undefined : known(body.currency),
            holdSeconds: body.hold_seconds,
            status: body.status,
            reason: body.reason,
            ...(plan && { sections: (currency: string) => plan.sections.map((s, i) => section(s, i, currency)) }),
          },
        });
        const event = (await events.find(db, id))!;
        const far = (await notices.progress(db, id))!;
        const progress = far.notice ? { progress: present.eventProgress(far, eventNoticeWorkflowId(id)) } : {};
        return ok({ ...present.eventFull(event, await events.tiers(db, [id])), ...progress }, 'Event updated successfully');
      },
    }),
  ];
}

/** The currency as ISO 4217 writes it. */
function known(code: string): string {
  const currency = code.toUpperCase();
  if (!CURRENCIES.has(currency)) throw new Malformed('Unknown currency.', { fields: { currency: 'not an ISO 4217 code' } });
  return currency;
}

type SectionIn = z.output<typeof EventBody>['seat_configuration']['sections'][number];

function section(given: SectionIn, index: number, currency: string): Section {
  const rows = Array.isArray(given.rows) ? given.rows : Array.from({ length: given.rows }, (_, i) => letters(i));
  try {
    return { name: given.name, rows, seatsPerRow: given.seats_per_row, priceMinor: minor(given.price, currency) };
  } catch {
    const field = `seat_configuration.sections.${index}.price`;
    throw new Malformed(`${field}: not an amount of ${currency}`, { fields: { [field]: `not an amount of ${currency}` } });
  }
}

/** 0 -> A, 25 -> Z, 26 -> AA: rows as houses name them. */
export function letters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}
