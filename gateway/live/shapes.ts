// What is said over a socket of live seats, as schemas: the client's are checked by them, ours are typed by them, and the document is made of both.
import { z } from 'zod';

const eventId = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: "The event's id or slug. Left out: the event of the address.", example: 'summer-music-festival' });
const seatId = z.guid().meta({ example: '550e8400-e29b-41d4-a716-446655440003' });
const ofEvent = z.guid().meta({ example: '550e8400-e29b-41d4-a716-446655440001' });
const available = z.int().min(0).meta({ description: 'How many seats of the event are available now.', example: 12499 });
const seq = z.int().min(0).meta({ description: 'What to resume from: send it as `after`, at any gateway.', example: 48213 });

const Subscribe = z
  .object({
    action: z.literal('subscribe'),
    event_id: eventId.optional(),
    after: z.int().min(0).optional().meta({ description: 'The `seq` of the last message seen. Without it a snapshot comes first.' }),
  })
  .meta({ title: 'Subscribe', description: 'Follow the seats of an event. The answer is a snapshot or, with `after`, resumed.' });
const Unsubscribe = z
  .object({ action: z.literal('unsubscribe'), event_id: eventId.optional() })
  .meta({ title: 'Unsubscribe', description: 'Follow the event no longer; the connection stays.' });
const Ping = z.object({ action: z.literal('ping') }).meta({ title: 'Ping', description: 'Asks for a pong, where a program cannot ping.' });

/** What a client may send. */
export const FROM_CLIENT = { subscribe: Subscribe, unsubscribe: Unsubscribe, ping: Ping };

export const Message = z.discriminatedUnion('action', [Subscribe, Unsubscribe, Ping]);
export type Message = z.output<typeof Message>;

const Snapshot = z
  .object({
    type: z.literal('snapshot'),
    data: z.object({
      event_id: ofEvent,
      seq,
      total_seats: z.int().min(0),
      available_seats: available,
      seats: z
        .object({ held: z.array(seatId), booked: z.array(seatId) })
        .meta({ description: 'Every seat that is not available. A held seat is being paid for, or for who waits.' }),
    }),
  })
  .meta({
    title: 'Snapshot',
    description: 'The whole event as it is. Forget what you knew of it. May come again, when its seats are replaced.',
  });
const Resumed = z
  .object({ type: z.literal('resumed'), data: z.object({ event_id: ofEvent, seq, after: z.int().min(0), available_seats: available }) })
  .meta({ title: 'Resumed', description: 'What you knew as of `after` is right; the changes since, if any, follow as seat_update.' });
const SeatUpdate = z
  .object({
    type: z.literal('seat_update'),
    data: z.object({
      seat_id: seatId,
      status: z.enum(['available', 'held', 'booked']),
      available_seats: available,
      event_id: ofEvent,
      seq,
    }),
  })
  .meta({ title: 'Seat update', description: 'A seat is now so. It may be told twice, and in between left out; the last word is true.' });
const Pong = z.object({ type: z.literal('pong'), data: z.object({}) }).meta({ title: 'Pong', description: 'The answer to a ping.' });
const Unsubscribed = z
  .object({ type: z.literal('unsubscribed'), data: z.object({ event_id: ofEvent }) })
  .meta({ title: 'Unsubscribed', description: 'No more is told of this event.' });
const ErrorMessage = z
  .object({
    type: z.literal('error'),
    error: z.object({
      code: z.enum(['EVENT_NOT_FOUND', 'VALIDATION_ERROR', 'RATE_LIMIT_EXCEEDED', 'SERVER_ERROR']),
      message: z.string().meta({ description: 'For people.' }),
      details: z.object({ event_id: z.string().optional() }),
    }),
  })
  .meta({ title: 'Error', description: 'A message was refused. Whether the connection is closed after it, its close code says.' });

/** What the gateway sends. */
export const FROM_GATEWAY = {
  snapshot: Snapshot,
  resumed: Resumed,
  seat_update: SeatUpdate,
  pong: Pong,
  unsubscribed: Unsubscribed,
  error: ErrorMessage,
};

/** A message of the gateway by its type. */
export type Sent<T extends keyof typeof FROM_GATEWAY> = z.output<(typeof FROM_GATEWAY)[T]>;

/** Close codes: RFC 6455's, and 4404 for an event that is not there. */
export const CLOSE = { goingAway: 1001, policy: 1008, tooBig: 1009, tryAgain: 1013, eventNotFound: 4404 } as const;

/** What each says, and what a client does about it. */
export const CLOSE_MEANS: Record<keyof typeof CLOSE, string> = {
  goingAway: 'The gateway restarts: connect again, with a pause of your own choice, and resume.',
  policy: 'Too many messages, or too many faulty ones: mend the client.',
  tooBig: 'A message was too long: mend the client.',
  tryAgain: 'You read too slowly, or live seats are not available right now: connect again and resume.',
  eventNotFound: 'There is no such event: do not connect again.',
};
