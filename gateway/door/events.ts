// The events that one may scan for, who is expected at them, and the keys that verify their codes.
import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { findDoor, listDoors } from '../../services/tickets/doors.ts';
import { countGuests, type DoorCounts, isGuestCursor, readGuests } from '../../services/tickets/guests.ts';
import { publicKeys } from '../../services/tickets/keys.ts';
import type { Gateway } from '../deps.ts';
import { createCache } from '../http/answers/lru.ts';
import { id, instant } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import * as show from './shapes.ts';

/** An organizer's events; who has more finds a later one once these are over. */
const MOST_EVENTS = 200;
const MOST_GUESTS = 5_000;
/** Counting 100,000 tickets takes 30 ms: all gates of a moment share one count. */
const COUNT_MS = 1_000;

export const EventPath = z.object({ id: id.meta({ description: "The event's id." }) });

export const noSuchEvent = (): DomainError => new DomainError('not_found', 'There is no such event of yours.', { what: 'event' });

/** The routes that a gate reads. */
export function eventRoutes({ db, config, ticketKeys }: Gateway): Route[] {
  const counted = createCache<{ at: number; counts: Promise<DoorCounts> }>(1_000, 1_000);

  function count(eventId: string): Promise<DoorCounts> {
    const known = counted.get(eventId);
    if (known && performance.now() - known.at < COUNT_MS) return known.counts;
    const counts = countGuests(db, eventId);
    counts.catch(() => counted.delete(eventId));
    counted.set(eventId, { at: performance.now(), counts }, 1);
    return counts;
  }

  return [
    route({
      method: 'get',
      path: '/door/api/keys',
      access: 'public',
      limit: LIMITS.public,
      tag: 'Door',
      operationId: 'getTicketKeys',
      summary: 'The public keys that verify codes of tickets',
      description:
        'As JSON Web Keys (RFC 8037), the one that signs today first. A code names its key: `kid` is the hex of its first two bytes.',
      responses: {
        200: {
          description: 'The keys.',
          schema: z.object({
            keys: z.array(z.object({ kty: z.string(), crv: z.string(), kid: z.string(), x: z.string(), use: z.string() })),
          }),
        },
      },
      handle: () => ({ status: 200, body: { keys: publicKeys(ticketKeys) } }),
    }),
    route({
      method: 'get',
      path: '/door/api/events',
      access: 'organizer',
      limit: LIMITS.reading,
      tag: 'Door',
      operationId: 'listDoors',
      summary: 'The events that the caller may scan for',
      description: 'Not over for more than a day, the soonest first.',
      responses: { 200: { description: 'The events.', schema: z.object({ events: z.array(show.CountedEvent) }) } },
      async handle({ caller }) {
        const doors = await listDoors(db, managerOf(caller), MOST_EVENTS);
        return { status: 200, body: { events: doors.map(show.event) } };
      },
    }),
    route({
      method: 'get',
      path: '/door/api/events/:id/changes',
      access: 'organizer',
      limit: LIMITS.reading,
      tag: 'Door',
      operationId: 'readGuests',
      summary: 'Guests that changed since the last look, and who is in',
      description:
        'Without `since` from the beginning. `more`: ask on at once with the new cursor. A guest may come again; the newer replaces the older.',
      params: EventPath,
      query: z.object({
        since: z
          .string()
          .refine(isGuestCursor, 'must be a cursor of an earlier answer')
          .optional()
          .meta({ description: 'The cursor of the last answer; left out, from the beginning.' }),
      }),
      responses: {
        200: {
          description: 'What changed.',
          schema: z.object({
            cursor: z.string(),
            more: z.boolean(),
            now: instant,
            event: show.DoorEvent,
            counts: show.Counts,
            guests: z.array(show.DoorGuest),
          }),
        },
      },
      refusals: ['not_found'],
      async handle({ params, query, caller }) {
        const door = await findDoor(db, managerOf(caller), params.id);
        if (!door) throw noSuchEvent();
        const [{ guests, cursor, more }, counts] = await Promise.all([
          readGuests(db, params.id, query.since, MOST_GUESTS),
          count(params.id),
        ]);
        const body = {
          ...{ cursor, more, now: new Date().toISOString() },
          ...{ event: show.event(door), counts: show.counts(counts), guests: guests.map((g) => show.guest(g, config.mail.codePrefix)) },
        };
        return { status: 200, body };
      },
    }),
  ];
}
