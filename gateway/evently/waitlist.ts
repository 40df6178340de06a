// Evently's waitlist: join (the seed's), look and leave (additions to it).
import { z } from 'zod';
import { DomainError } from '../../services/shared/errors.ts';
import { isUuid } from '../../services/shared/ids.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { estimates } from '../../services/waitlist/waitlistEstimate.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { ok, time } from './envelope.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { envelope } from './shapes.ts';

const tag = 'Waitlist';
const path = '/api/v1/waitlist';
/** More events nobody waits for at once; older entries are history. */
const MAX_ENTRIES = 100;

const id = z.guid().meta({ example: '550e8400-e29b-41d4-a716-446655440001' });
const instant = z.iso.datetime({ offset: true });

const Preferences = z.object({ email: z.boolean().default(true), sms: z.boolean().default(false) });
const JoinBody = z.object({
  event_id: id,
  notification_preferences: Preferences.default({ email: true, sms: false }).meta({
    description: 'How an offer is announced. A text message needs a phone number in the account.',
  }),
  quantity: z.number().int().min(1).max(1000).default(1).meta({ description: 'Addition to the seed: how many seats, offered together.' }),
  price_tier: z.string().max(200).optional().meta({ description: 'Addition to the seed: only seats of this tier; any, if left out.' }),
});
const EntryPath = z.object({ waitlistId: z.string().meta({ description: 'The waitlist id.', param: { id: 'WaitlistId' } }) });

const Joined = z.object({
  waitlist_id: id,
  position: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'People before you plus one; null once you do not wait any more.', example: 42 }),
  estimated_wait_time: z.string().nullable().meta({ example: '2-3 days' }),
  event: z.object({ id, name: z.string() }),
});
const Join = envelope(Joined.meta({ id: 'WaitlistPlace' }));
const Shown = Joined.extend({
  status: z.enum(['waiting', 'offered', 'accepted', 'expired', 'left']),
  quantity: z.number().int(),
  price_tier: z.string().nullable(),
  notification_preferences: z.object({ email: z.boolean(), sms: z.boolean() }),
  joined_at: instant,
  offer: z.object({ booking_id: id, payment_url: z.string(), offered_at: instant, expires_at: instant }).nullable(),
}).meta({ id: 'WaitlistEntry' });

/** The entry's id of a path. What is no uuid names none. */
function entryId(text: string): string {
  if (!isUuid(text)) throw new DomainError('not_found', 'There is no such waitlist entry.', { what: 'waitlist entry' });
  return text.toLowerCase();
}

const offer = ({ order_id, offered_at, offer_expires_at }: waitlist.EntryView): z.output<typeof Shown>['offer'] =>
  order_id && offered_at && offer_expires_at
    ? { booking_id: order_id, payment_url: present.paymentUrl(order_id), offered_at: time(offered_at), expires_at: time(offer_expires_at) }
    : null;

/** The routes under /api/v1/waitlist. */
export function waitlistRoutes({ config, db, mostAtOnce }: Gateway): Route[] {
  const joined = (entry: waitlist.EntryView, estimate: string | null): z.output<typeof Joined> => ({
    waitlist_id: entry.id,
    position: entry.position,
    estimated_wait_time: estimate,
    event: { id: entry.event.id, name: entry.event.name },
  });
  const shown = async (entries: waitlist.EntryView[]): Promise<z.output<typeof Shown>[]> => {
    const estimated = await estimates(db, entries);
    return entries.map((entry) => ({
      ...joined(entry, estimated.get(entry.id) ?? null),
      status: entry.status,
      quantity: entry.quantity,
      price_tier: entry.tier,
      notification_preferences: { email: entry.notify_email, sms: entry.notify_sms },
      joined_at: time(entry.created_at),
      offer: offer(entry),
    }));
  };
  const shared = { access: 'user', limit: LIMITS.authenticated, tag } as const;
  return [
    route({
      ...shared,
      method: 'post',
      path: `${path}/join`,
      operationId: 'joinWaitlist',
      summary: 'Join waitlist',
      description:
        'Refused (409) while enough seats can be booked. Seats that come back are offered in order of joining, groups together: the first whose whole group fits into what is free; a group that does not fit keeps its place. An offer is a booking with a deadline; while somebody waits, ordinary bookings of such seats are refused.',
      body: JoinBody,
      responses: {
        201: { description: 'You are in the line.', schema: Join },
        200: { description: 'You were already: nothing was made, so no 201. The entry is as you first asked for it.', schema: Join },
      },
      refusals: ['event_not_found', 'blocked', 'seats_available', 'event_not_on_sale', 'event_over', 'event_cancelled', 'limit_exceeded'],
      async handle({ body, caller }) {
        const { entry, created } = await waitlist.join(db, {
          accountId: caller.accountId,
          eventId: body.event_id.toLowerCase(),
          quantity: body.quantity,
          tier: body.price_tier,
          notify: body.notification_preferences,
          maxPlaces: config.maxPlacesPerOrder,
          mostAtOnce,
          smsAvailable: config.sms.available,
        });
        const estimated = await estimates(db, [entry]);
        return ok(joined(entry, estimated.get(entry.id) ?? null), undefined, created ? 201 : 200);
      },
    }),
    route({
      ...shared,
      method: 'get',
      path,
      operationId: 'listWaitlistEntries',
      summary: 'Am I in line?',
      description:
        "Addition to the seed: the caller's entries, those that wait or have an offer first. With `event_id` those of one event.",
      query: z.object({ event_id: id.optional().meta({ description: 'Entries of this event.' }) }),
      responses: { 200: { description: `The entries, at most ${MAX_ENTRIES}.`, schema: envelope(z.array(Shown)) } },
      refusals: [],
      async handle({ query, caller }) {
        const of = { eventId: query.event_id?.toLowerCase(), limit: MAX_ENTRIES };
        return ok(await shown(await waitlist.ofAccount(db, caller.accountId, of)));
      },
    }),
    route({
      ...shared,
      method: 'get',
      path: `${path}/:waitlistId`,
      operationId: 'getWaitlistEntry',
      summary: 'Show waitlist entry',
      description: 'Addition to the seed: status, position, and the offer with where and until when to pay it.',
      params: EntryPath,
      responses: { 200: { description: 'The entry.', schema: envelope(Shown) } },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        const entry = await waitlist.findOwn(db, entryId(params.waitlistId), caller.accountId);
        return ok((await shown([entry]))[0]);
      },
    }),
    route({
      ...shared,
      method: 'delete',
      path: `${path}/:waitlistId`,
      operationId: 'leaveWaitlist',
      summary: 'Leave waitlist',
      description: 'Addition to the seed. Declines an open offer: its seats go to the next in line. Leaving twice is leaving once.',
      params: EntryPath,
      responses: { 204: { description: 'You are not in the line.' } },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        await waitlist.leave(db, entryId(params.waitlistId), caller.accountId);
        return { status: 204, body: undefined };
      },
    }),
  ];
}
