// /api/billetter/events/{eventId}: the capacity of an organizer's event, its settings, and figures of its registrations.
import { z } from 'zod';
import * as rooms from '../../services/events/room.ts';
import { attendance } from '../../services/reports/attendance.ts';
import type { Gateway } from '../deps.ts';
import { instant } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { name, timeOrNull } from './shapes.ts';

const Named = z.object({ eventId: name.meta({ description: "The event's name in addresses, or its UUID.", example: 'hackathon-2025' }) });
const SLUG = z.string().meta({ example: 'hackathon-2025' });
const count = z.int().min(0);

const Capacity = z
  .object({
    eventId: SLUG,
    maxCapacity: count,
    currentRegistrations: count.meta({ description: 'Places that are taken: registered, sold, or held by buyers through other APIs.' }),
    availableSpots: count.meta({ description: 'For whoever comes by now; none while others wait for them.' }),
    waitlistEnabled: z.boolean(),
    waitlistCount: count,
    registrationDeadline: instant.nullable().meta({ description: 'Addition to the seed.' }),
  })
  .meta({ id: 'Capacity' });

const Settings = z.object({
  maxCapacity: z.int().min(1).max(250_000).optional().meta({ description: 'Over all ticket types.', example: 500 }),
  enableWaitlist: z.boolean().optional().meta({ description: 'false: nobody else may wait. Who waits already still does.' }),
  registrationDeadline: instant.nullable().optional().meta({
    description: 'Until when participants can be registered; null: as long as tickets are sold. Who waits by then may be confirmed later.',
    example: '2025-03-01T23:59:59Z',
  }),
});

const SettingsNow = z
  .object({ eventId: SLUG, maxCapacity: count, enableWaitlist: z.boolean(), registrationDeadline: instant.nullable() })
  .meta({ id: 'EventSettings' });

const Stats = z
  .object({
    eventId: SLUG,
    totalRegistrations: count.meta({ description: 'Confirmed and waitlisted.' }),
    confirmedAttendees: count,
    checkedInCount: count,
    ticketTypes: z.record(z.string(), count).meta({ description: 'Of all registrations.', example: { standard: 280, premium: 67 } }),
    registrationTrend: z
      .array(z.object({ date: z.iso.date(), count }))
      .meta({ description: "Of all registrations, by the day on which they were made in the event's time zone." }),
  })
  .meta({ id: 'RegistrationStats' });

/** The routes of an event. */
export function eventRoutes({ db }: Gateway): Route[] {
  const common = { access: 'key', scope: 'events', limit: LIMITS.general, tag: 'Events', params: Named } as const;
  const path = '/api/billetter/events/:eventId';

  return [
    route({
      ...common,
      method: 'get',
      path: `${path}/capacity`,
      operationId: 'getCapacity',
      summary: 'How full an event is',
      responses: { 200: { description: 'Its capacity.', schema: Capacity } },
      refusals: ['event_not_found'],
      async handle({ params, caller }) {
        const room = await rooms.find(db, caller.accountId, params.eventId);
        const { total, taken, available, waiting } = await rooms.figures(db, room.id);
        return {
          status: 200,
          body: {
            eventId: room.slug,
            maxCapacity: total,
            currentRegistrations: taken,
            availableSpots: available,
            waitlistEnabled: room.waitlist,
            waitlistCount: waiting,
            registrationDeadline: timeOrNull(room.deadline),
          } satisfies z.output<typeof Capacity>,
        };
      },
    }),
    route({
      ...common,
      method: 'put',
      path: `${path}/settings`,
      operationId: 'updateEventSettings',
      summary: 'Change capacity, waitlist and deadline',
      description:
        'What is left out stays as it is. More places go to those who wait first, at once; fewer than are taken are refused. The capacity is one number where all ticket types are of one; types with places of their own are changed where they were made.',
      body: Settings,
      responses: { 200: { description: 'The settings as they are now.', schema: SettingsNow } },
      refusals: ['event_not_found', 'invalid', 'event_fixed'],
      async handle({ params, body, caller }) {
        const { maxCapacity: total, enableWaitlist: waitlist, registrationDeadline: until } = body;
        const deadline = typeof until === 'string' ? new Date(until) : until;
        const room = await rooms.change(db, caller.accountId, params.eventId, { total, waitlist, deadline });
        const figures = await rooms.figures(db, room.id);
        return {
          status: 200,
          body: {
            eventId: room.slug,
            maxCapacity: figures.total,
            enableWaitlist: room.waitlist,
            registrationDeadline: timeOrNull(room.deadline),
          } satisfies z.output<typeof SettingsNow>,
        };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: `${path}/stats`,
      operationId: 'getStats',
      summary: 'Figures of the registrations',
      responses: { 200: { description: 'As they stand now.', schema: Stats } },
      refusals: ['event_not_found'],
      async handle({ params, caller }) {
        const room = await rooms.find(db, caller.accountId, params.eventId);
        const { live, confirmed, checked_in, by_type, trend } = await attendance(db, room.id);
        return {
          status: 200,
          body: {
            eventId: room.slug,
            totalRegistrations: live,
            confirmedAttendees: confirmed,
            checkedInCount: checked_in,
            ticketTypes: Object.fromEntries(by_type.map((type) => [type.name, type.count])),
            registrationTrend: trend,
          } satisfies z.output<typeof Stats>,
        };
      },
    }),
  ];
}
