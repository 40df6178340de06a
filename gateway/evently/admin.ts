// Evently's organizer side: create an event with its seats.
import type { z } from 'zod';
import { DomainError } from '../../services/errors.ts';
import { create } from '../../services/eventCreation.ts';
import * as events from '../../services/events.ts';
import { minor } from '../../services/money.ts';
import type { Section } from '../../services/seats.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { ok } from './envelope.ts';
import * as present from './presenters.ts';
import { EventBody, EventFull, envelope } from './schemas.ts';

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/** The routes under /api/v1/admin. */
export function admin({ db }: Gateway): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/admin/events',
      access: 'organizer',
      limit: 'admin',
      tag: 'Admin',
      summary: 'Create event',
      description:
        'For organizers and admins. Every section becomes a price tier with rows x seats_per_row seats; the capacity may not be below their number.',
      body: EventBody,
      responses: { 201: { description: 'The event.', schema: envelope(EventFull) } },
      async handle({ body, caller }) {
        const currency = body.currency.toUpperCase();
        if (!CURRENCIES.has(currency))
          throw new DomainError('invalid', 'Unknown currency.', { fields: { currency: 'not an ISO 4217 code' } });
        const id = await create(db, {
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
        });
        const event = (await events.find(db, id))!;
        return ok(present.eventFull(event, await events.tiers(db, id)), 'Event created successfully', 201);
      },
    }),
  ];
}

type SectionIn = z.output<typeof EventBody>['seat_configuration']['sections'][number];

function section(given: SectionIn, index: number, currency: string): Section {
  const rows = Array.isArray(given.rows) ? given.rows : Array.from({ length: given.rows }, (_, i) => letters(i));
  try {
    return { name: given.name, rows, seatsPerRow: given.seats_per_row, priceMinor: minor(given.price, currency) };
  } catch {
    const field = `seat_configuration.sections.${index}.price`;
    throw new DomainError('invalid', `${field}: not an amount of ${currency}`, { fields: { [field]: `not an amount of ${currency}` } });
  }
}

/** 0 -> A, 25 -> Z, 26 -> AA: rows as houses name them. */
export function letters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}
