// /api/events: found by what people type, among active events and the archive; and made.
import { z } from 'zod';
import { create } from '../../services/events/eventCreation.ts';
import { numberOf } from '../../services/events/events.ts';
import { DEEPEST, findEvents } from '../../services/events/search.ts';
import { invalidField } from '../../services/shared/errors.ts';
import { limited } from '../../services/shared/limited.ts';
import { minor } from '../../services/shared/money.ts';
import type { Gateway } from '../deps.ts';
import { createBriefly } from '../http/answers/briefly.ts';
import { isWritable, label } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { id, page, pageSize } from './shapes.ts';

const Query = z
  .object({
    query: z
      .string()
      .max(1000)
      .optional()
      .meta({ description: 'All words of it, in any of their forms. "A phrase", -without, or.', example: 'концерт' }),
    date: z
      .literal('')
      .or(z.iso.date().refine(isWritable, 'must be in the years 1 to 9999'))
      .optional()
      .meta({
        override: { type: 'string', format: 'date' },
        description: 'The day it starts: by the clock of its venue, of archived ones in UTC.',
      }),
    page,
    pageSize,
  })
  .refine((asked) => asked.page * asked.pageSize <= DEEPEST, {
    path: ['page'],
    message: `only the first ${DEEPEST} events can be paged through: ask for a day, or for more words`,
  });

const Found = z.array(z.object({ id, title: z.string() }).meta({ id: 'ListEventsResponseItem' })).meta({ id: 'ListEventsResponse' });

const Zone = z.object({
  name: label(100),
  rows: z.int().min(1).max(1_000),
  seats: z.int().min(1).max(1_000).meta({ description: 'In each row.' }),
  price: z
    .string()
    .regex(/^\d{1,10}(\.\d{1,2})?$/)
    .meta({ format: 'decimal', example: '40000.00' }),
});
const Create = z
  .object({
    title: label(500),
    external: z.boolean().default(false).meta({ description: 'Its places are those of the Event Provider.' }),
    zones: z
      .array(Zone)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Addition: its seats. Without it there are none until a plan is made.' }),
  })
  .refine((event) => !(event.external && event.zones), { path: ['zones'], message: "an external event's places are the provider's" })
  .meta({ id: 'CreateEventRequest' });
const Created = z.object({ id }).meta({ id: 'CreateEventResponse' });

/** This API has no times and no currency: an event of it begins in a month, which its organizer changes through another API. */
const CURRENCY = 'KZT';
const AHEAD_MS = 30 * 86_400_000;
const LASTS_MS = 3 * 3_600_000;
const REFUND_UNTIL_MINUTES = 12 * 60;

/** A thousand readers of a hot search get one statement's answer; what another gateway has made is found a second later. */
const KEPT_MS = 1_000;
const MAX_KEPT = 2_000;

/** The dearest search takes half a second. Whoever books shares the connections and must find some that no search has. */
const SEARCHES = 4;
const SEARCHES_WAITING = 1_000;

/** The routes of events. */
export function eventRoutes({ db, providers }: Gateway): Route[] {
  const answers = createBriefly<Buffer>(KEPT_MS, MAX_KEPT);
  const slot = limited(SEARCHES, SEARCHES_WAITING, 'Too many searches at once, try again in a moment.');

  return [
    route({
      method: 'get',
      path: '/api/events',
      access: 'public',
      limit: LIMITS.lists,
      tag: 'Events',
      operationId: 'ListEvents',
      summary: 'Find events',
      description: `Those to come by their start, then those that have begun, then the archive, newest first; where few fit, those whose title does come first. Only the first ${DEEPEST} can be paged through.`,
      query: Query,
      responses: { 200: { description: 'A page of events.', schema: Found } },
      refusals: ['unavailable'],
      async handle({ query: asked }) {
        const { query, page, pageSize } = asked;
        const date = asked.date || undefined;
        const body = await answers.answer(JSON.stringify([query, date, page, pageSize]), async () => {
          const found = await slot(() => findEvents(db, { query, date, page, pageSize }));
          return Buffer.from(JSON.stringify(found.map(({ number, title }) => ({ id: number, title }))));
        });
        return { status: 200, type: 'application/json; charset=utf-8', body };
      },
    }),
    route({
      method: 'post',
      path: '/api/events',
      access: 'organizer',
      limit: LIMITS.making,
      tag: 'Events',
      operationId: 'CreateEvent',
      summary: 'Make an event',
      description: `It is published, begins in 30 days, lasts three hours and sells in ${CURRENCY}; the other APIs of the house change that.`,
      body: Create,
      responses: { 201: { description: 'Made.', schema: Created } },
      refusals: ['invalid'],
      async handle({ body, caller }) {
        const startsAt = new Date(Date.now() + AHEAD_MS);
        const terms = {
          venueId: null,
          startsAt,
          endsAt: new Date(startsAt.getTime() + LASTS_MS),
          currency: CURRENCY,
          status: 'published' as const,
        };
        const eventId = await create(
          db,
          {
            ...terms,
            organizerId: caller.accountId,
            name: body.title,
            description: '',
            refundUntilMinutes: REFUND_UNTIL_MINUTES,
            external: body.external,
            settings: { times: 'assumed' },
            sections: sectionsOf(body.zones ?? []),
          },
          providers,
        );
        answers.forget(); // whoever has made it looks for it next
        return { status: 201, body: { id: await numberOf(db, eventId) } };
      },
    }),
  ];
}

/** Zones as sections: rows are numbered through the whole hall. */
function sectionsOf(zones: z.output<typeof Zone>[]) {
  let row = 0;
  return zones.map(({ name, rows, seats, price }, i) => ({
    name,
    rows: Array.from({ length: rows }, () => String(++row)),
    seatsPerRow: seats,
    priceMinor: amount(price, i),
  }));
}

function amount(price: string, i: number): number {
  try {
    return minor(price, CURRENCY);
  } catch {
    throw invalidField(`sections.${i}.price`, `This is no amount of ${CURRENCY}.`);
  }
}
