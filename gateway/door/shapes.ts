// What the door's page reads: events, guests and scans, without anybody's address.
import { z } from 'zod';
import { buyersCode } from '../../services/shared/codes.ts';
import type { ScannedFacts } from '../../services/tickets/admission.ts';
import type { Door } from '../../services/tickets/doors.ts';
import type { DoorCounts, Guest } from '../../services/tickets/guests.ts';
import { id, instant } from '../http/fields.ts';

export const OUTCOMES = z.enum([
  'admitted',
  'already_used',
  'void',
  'not_paid',
  'event_cancelled',
  'event_over',
  'other_event',
  'turned_away',
  'unknown_code',
]);

const EVENT = {
  id,
  name: z.string(),
  starts_at: instant,
  ends_at: instant,
  time_zone: z.string().nullable(),
  venue: z.string().nullable(),
  status: z.enum(['published', 'cancelled']),
};
export const DoorEvent = z.object(EVENT).meta({ id: 'DoorEvent' });
export const CountedEvent = z.object({ ...EVENT, tickets: z.int(), in: z.int() }).meta({ id: 'CountedDoorEvent' });

export const DoorGuest = z
  .object({
    ticket: id,
    order: id,
    number: z.int(),
    code: z.string().meta({ description: "The order's code, as its buyer knows it." }),
    code_digest: z
      .string()
      .nullable()
      .meta({ description: 'Of a code that does not say its ticket: the first 16 bytes of its SHA-256, in hex.' }),
    name: z.string(),
    offer: z.string(),
    place: z.string().nullable(),
    void: z.boolean(),
    used_at: instant.nullable(),
    gate: z.string().nullable(),
  })
  .meta({ id: 'DoorGuest' });

export const Counts = z
  .object({
    tickets: z.int(),
    in: z.int(),
    gates: z.array(z.object({ gate: z.string().nullable(), in: z.int(), last_at: instant })),
    conflicts: z.int(),
  })
  .meta({ id: 'DoorCounts' });

const time = (at: Date | string): string => new Date(at).toISOString();
export const timeOrNull = (at: Date | string | null | undefined): string | null => (at ? time(at) : null);

type Seat = { section: string | null; row: string | null; seat: string | null };

/** "Section A, row 3, seat 7"; null for a place without a number. */
export const placeOf = ({ section, row, seat }: Seat): string | null =>
  seat === null ? null : [section && `section ${section}`, row && `row ${row}`, `seat ${seat}`].filter(Boolean).join(', ');

export const event = ({ starts_at, ends_at, ...rest }: Door) => ({ ...rest, starts_at: time(starts_at), ends_at: time(ends_at) });

export const guest = (g: Guest, codePrefix: string): z.output<typeof DoorGuest> => ({
  ticket: g.id,
  order: g.order_id,
  number: g.number,
  code: buyersCode({ number: g.order_number, created_at: new Date(g.order_created_at), code_prefix: g.code_prefix }, codePrefix),
  code_digest: g.code_digest,
  name: g.holder,
  offer: g.offer,
  place: placeOf(g),
  void: g.void,
  used_at: timeOrNull(g.used_at),
  gate: g.gate,
});

export const counts = ({ gates, ...rest }: DoorCounts) => ({ ...rest, gates: gates.map((g) => ({ ...g, last_at: time(g.last_at) })) });

/** Who and what a scanned code is of, as every answer about a scan has it. */
export const scanned = (facts: ScannedFacts | undefined) => ({
  name: facts?.holder ?? null,
  offer: facts?.offer ?? null,
  place: facts ? placeOf(facts) : null,
});

export const SCANNED = { name: z.string().nullable(), offer: z.string().nullable(), place: z.string().nullable() };
