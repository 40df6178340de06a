// /api/billetter/registrations: an organizer's program registers participants, looks them up, changes and cancels.
import { z } from 'zod';
import type { OrderStatus } from '../../db/tables.ts';
import { enrol, type Organizer, revise, withdraw } from '../../services/events/enrolling.ts';
import * as rooms from '../../services/events/room.ts';
import { ANY_TYPE, findByNumber, list, type ParticipantView, TEAM_FROM } from '../../services/orders/participants.ts';
import { registrationCode, registrationNumber } from '../../services/shared/codes.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { decimal } from '../../services/shared/money.ts';
import type { Gateway } from '../deps.ts';
import { instant, whole } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import type { Caller } from '../http/steps/auth.ts';
import { LIMITS } from './limits.ts';
import { name, time, timeOrNull } from './shapes.ts';

const MAX_LISTED = 100;

const METADATA = z.record(z.string(), z.unknown()).meta({
  description: `Whatever the organizer keeps about a participant: at most 16 KB of JSON, 5 levels deep, keys of at most 100 characters. \`teamName\` is the team of a team ticket.`,
  example: { teamName: 'CodeCrafters', dietary: 'vegetarian' },
});
const TYPE = name.meta({ description: 'A ticket type of the event, by its name in any case of letters.', example: 'standard' });
const EVENT = name.meta({ description: "The event's name in addresses, or its UUID.", example: 'hackathon-2025' });
const PARTICIPANT = name.meta({ description: 'Your own id of somebody.', example: 'participant-123' });

const Wish = z.object({
  participantId: PARTICIPANT,
  eventId: EVENT,
  ticketType: TYPE,
  metadata: METADATA.default({}),
  joinWaitlist: z
    .boolean()
    .default(true)
    .meta({ description: 'Addition to the seed. false: a full event is a 409 although it has a waitlist.' }),
});

const Revision = z.object({
  ticketType: TYPE.optional(),
  metadata: METADATA.optional().meta({ description: 'Each key given replaces what was under it; null takes it away; other keys stay.' }),
});

const STATUSES = ['confirmed', 'waitlisted', 'cancelled'] as const;
type Status = (typeof STATUSES)[number];

/** Pending is an order within the call that confirms it alone; who waited in vain is out of the line as who left it. */
const STATUS = {
  confirmed: 'confirmed',
  pending: 'confirmed',
  waiting: 'waitlisted',
  cancelled: 'cancelled',
  expired: 'cancelled',
} as const satisfies Record<OrderStatus, Status>;
const CORE: Record<Status, OrderStatus[]> = { confirmed: ['confirmed'], waitlisted: ['waiting'], cancelled: ['cancelled', 'expired'] };

const Registration = z
  .object({
    id: z.string().meta({ example: 'reg-123' }),
    participantId: z.string(),
    eventId: z.string(),
    ticketType: z.string().meta({ description: `"${ANY_TYPE}" for who waits for a type that is sold no more.` }),
    status: z.enum(STATUSES),
    registrationDate: instant,
    qrCode: z.string().nullable().meta({ description: "The ticket's code; null without a ticket." }),
    metadata: z.record(z.string(), z.unknown()),
    waitlistPosition: z.int().nullable().meta({ description: 'Addition to the seed: in the line of the event, from 1.' }),
    checkedInAt: instant.nullable().meta({ description: 'Addition to the seed.' }),
    cancelledAt: instant.nullable().meta({ description: 'Addition to the seed.' }),
    listPrice: z
      .object({ amount: z.string().meta({ example: '49.00' }), currency: z.string() })
      .nullable()
      .meta({ description: 'Addition to the seed: what the type costs. This API takes no money: it is settled with the organizer.' }),
    team: z
      .object({ name: z.string(), members: z.int(), discounted: z.boolean() })
      .nullable()
      .meta({ description: `Addition to the seed, of team tickets: confirmed members, and whether they are ${TEAM_FROM} or more.` }),
  })
  .meta({ id: 'Registration' });

const Page = z
  .object({
    registrations: z.array(Registration),
    nextCursor: z.string().nullable().meta({ description: 'Where the next page begins; null on the last one.' }),
  })
  .meta({ id: 'Registrations' });

const Filter = z.object({
  eventId: EVENT.optional().meta({ description: 'Of this event alone.' }),
  status: z.enum(STATUSES).optional().meta({ description: 'In this state alone.' }),
  participantId: PARTICIPANT.optional().meta({ description: 'Of this participant alone.' }),
  limit: whole(1, MAX_LISTED).default(50).meta({ description: 'The most on a page.' }),
  cursor: z
    .string()
    .refine((text) => registrationNumber(text) !== undefined, 'must be the nextCursor of a page')
    .optional()
    .meta({ description: 'The `nextCursor` of the page before.' }),
});

export const Named = z.object({
  registrationId: z.string().meta({ description: 'As the registration was answered with.', example: 'reg-123' }),
});

/** The routes of registrations. */
export function registrationRoutes({ db, metrics, ticketKeys }: Gateway): Route[] {
  const common = { access: 'key', limit: LIMITS.general, tag: 'Registrations' } as const;
  const reads = { ...common, scope: 'registrations:read' } as const;
  const writes = { ...common, scope: 'registrations:write' } as const;
  const one = '/api/billetter/registrations/:registrationId';

  return [
    route({
      ...writes,
      method: 'post',
      path: '/api/billetter/registrations',
      operationId: 'createRegistration',
      summary: 'Register a participant',
      description:
        'Confirmed at once, with a ticket. Where the event is full, `waitlisted` if it has a waitlist: the registration is confirmed by itself when its turn comes. A participant has one registration for an event, and may have another once that is cancelled.',
      body: Wish,
      idempotent: true,
      responses: { 201: { description: 'Confirmed, or waitlisted.', schema: Registration } },
      refusals: [
        'event_not_found',
        'invalid',
        'already_registered',
        'blocked',
        'places_unavailable',
        'event_not_on_sale',
        'event_over',
        'event_cancelled',
      ],
      async handle({ body, caller, attempt, note }) {
        const { participantId: participant, eventId: event, ticketType: offer, metadata: details, joinWaitlist: mayWait } = body;
        const want = { participant, event, offer, details, mayWait, attempt };
        const made = await enrol(db, organizer(caller), want, ticketKeys).catch((error) => {
          metrics.claim(error instanceof DomainError ? error.code : 'error');
          throw error;
        });
        metrics.claim(made.status === 'waiting' ? 'waiting' : 'claimed');
        note(made.id);
        return { status: 201, body: shown(made) };
      },
    }),
    route({
      ...reads,
      method: 'get',
      path: '/api/billetter/registrations',
      operationId: 'listRegistrations',
      summary: 'Registrations for your events',
      description: 'Addition to the seed. The newest first, by pages: ask on with `cursor` until there is no `nextCursor`.',
      query: Filter,
      responses: { 200: { description: 'A page.', schema: Page } },
      refusals: ['event_not_found'],
      async handle({ query: { eventId, status, participantId, limit, cursor }, caller }) {
        const event = eventId === undefined ? undefined : await rooms.find(db, caller.accountId, eventId);
        // One more than is shown says whether there is another page.
        const rows = await list(db, caller.accountId, {
          eventId: event?.id,
          statuses: status && CORE[status],
          participant: participantId,
          below: cursor === undefined ? undefined : registrationNumber(cursor),
          limit: limit + 1,
        });
        const page = rows.slice(0, limit);
        const nextCursor = rows.length > limit ? registrationCode(page.at(-1)!) : null;
        return { status: 200, body: { registrations: page.map(shown), nextCursor } };
      },
    }),
    route({
      ...reads,
      method: 'get',
      path: one,
      operationId: 'getRegistration',
      summary: 'One registration',
      params: Named,
      responses: { 200: { description: 'The registration.', schema: Registration } },
      refusals: ['order_not_found'],
      async handle({ params, caller }) {
        return { status: 200, body: shown(await findByNumber(db, caller.accountId, registrationNumber(params.registrationId))) };
      },
    }),
    route({
      ...writes,
      method: 'put',
      path: one,
      operationId: 'updateRegistration',
      summary: 'Change the ticket type or the metadata',
      description:
        'All of it or nothing: where the other type is full, the registration is as it was. The ticket stays, with its code. Who waits keeps the place in the line.',
      params: Named,
      body: Revision,
      responses: { 200: { description: 'The registration as it is now.', schema: Registration } },
      refusals: ['order_not_found', 'invalid', 'places_unavailable', 'event_not_on_sale', 'order_not_payable'],
      async handle({ params, body: { ticketType: offer, metadata: details }, caller, note }) {
        const changed = await revise(db, organizer(caller), registrationNumber(params.registrationId), { offer, details });
        note(changed.id);
        return { status: 200, body: shown(changed) };
      },
    }),
    route({
      ...writes,
      method: 'delete',
      path: one,
      operationId: 'cancelRegistration',
      summary: 'Cancel a registration',
      description: 'Its place is free, or the first one’s who waits. Cancelling again is answered the same.',
      params: Named,
      responses: { 200: { description: 'The registration, cancelled.', schema: Registration } },
      refusals: ['order_not_found', 'order_not_cancellable'],
      async handle({ params, caller, note }) {
        const cancelled = await withdraw(db, organizer(caller), registrationNumber(params.registrationId));
        note(cancelled.id);
        return { status: 200, body: shown(cancelled) };
      },
    }),
  ];
}

/** The organizer whose program calls. */
export const organizer = ({ accountId, scopes = [] }: Caller): Organizer => ({ kind: 'key', id: accountId, scopes });

function shown(one: ParticipantView): z.output<typeof Registration> {
  const { offer, ticket, team } = one;
  return {
    id: registrationCode(one),
    participantId: one.participant,
    eventId: one.event.slug,
    ticketType: offer?.name ?? ANY_TYPE,
    status: STATUS[one.status],
    registrationDate: time(one.registered_at),
    qrCode: ticket?.code ?? null,
    metadata: one.details,
    waitlistPosition: one.position,
    checkedInAt: ticket?.checked_in_at ? time(new Date(ticket.checked_in_at)) : null,
    cancelledAt: timeOrNull(one.ended_at),
    listPrice: offer && { amount: decimal(offer.price_minor, offer.currency), currency: offer.currency },
    team: team && { ...team, discounted: team.members >= TEAM_FROM },
  };
}
