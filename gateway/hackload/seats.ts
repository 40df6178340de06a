// /api/seats: what of an event is free, and seats put into a booking and taken out again.
import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'koa';
import { z } from 'zod';
import { drop } from '../../services/orders/cancel.ts';
import { placeRefOf } from '../../services/orders/numbers.ts';
import { DomainError, isRefusal } from '../../services/shared/errors.ts';
import { decimal } from '../../services/shared/money.ts';
import type { Gateway } from '../deps.ts';
import { createCache } from '../http/answers/lru.ts';
import { whole } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { readCookie } from '../http/steps/cookies.ts';
import { network } from '../http/steps/limits.ts';
import { place } from '../placing.ts';
import type { Board } from '../reads/board.ts';
import { type Bookings, buyer } from './bookings.ts';
import { eventOf } from './eventOf.ts';
import { createHall } from './hall.ts';
import { LIMITS } from './limits.ts';
import { createSeatOrder } from './seatOrder.ts';
import { id, page, pageSize, queryId } from './shapes.ts';

const STATUSES = ['FREE', 'RESERVED', 'SOLD'] as const;
/** As the boards say it. */
const SPOKEN = { available: 'FREE', held: 'RESERVED', booked: 'SOLD' } as const;

const Query = z.object({
  event_id: queryId,
  page,
  pageSize,
  row: whole(1, 2 ** 31 - 1)
    .optional()
    .meta({ override: { type: 'integer', format: 'int32', minimum: 1 }, description: 'Seats of the row with this number alone.' }),
  status: z.enum(STATUSES).optional().meta({ description: 'Seats of this status alone.' }),
});

const Seat = z
  .object({
    id,
    row: z.int().meta({ format: 'int64' }),
    number: z.int().meta({ format: 'int64' }),
    status: z.enum(STATUSES),
    price: z.string().meta({ format: 'decimal', example: '150.00' }),
  })
  .meta({ id: 'ListSeatsResponseItem' });

const Select = z.object({ booking_id: id, seat_id: id }).meta({ id: 'SelectSeatRequest' });
const Release = z.object({ seat_id: id }).meta({ id: 'ReleaseSeatRequest' });

/** Keeps an anonymous reader's order of free seats from one page to the next. It names nobody. */
const COOKIE = 'billetter_seats';
const MAX_ADDRESSES = 10_000;

/** The routes of seats. */
export function seatRoutes(gateway: Gateway, bookings: Bookings): Route[] {
  const { db, feed, config } = gateway;
  const order = createSeatOrder();
  const hall = createHall();
  const lastOf = createCache<string>(MAX_ADDRESSES, Number.MAX_SAFE_INTEGER);

  async function boardOf(eventId: number): Promise<Board> {
    await feed.catchUp();
    return feed.board(await eventOf(feed, eventId));
  }

  /** Whose order of free seats it is: of the credentials, of the cookie, or of an address that keeps none. The first page begins an anonymous one. */
  function readerOf(ctx: Context, pageNumber: number): { who: string; headers?: Record<string, string> } {
    const { authorization, cookie } = ctx.req.headers;
    if (authorization) return { who: createHash('sha1').update(authorization).digest('base64url') };
    const kept = readCookie(cookie, COOKIE);
    if (kept) return { who: kept.slice(0, 40) };

    const address = network(ctx.ip);
    if (pageNumber > 1) return { who: lastOf.get(address) ?? address };
    const who = randomBytes(9).toString('base64url');
    lastOf.set(address, who, 0);
    return { who, headers: { 'Set-Cookie': `${COOKIE}=${who}; Path=/api/seats; Max-Age=3600; HttpOnly; SameSite=Lax` } };
  }

  function present(board: Board, index: number): z.output<typeof Seat> {
    const { row, number } = hall.of(board, index);
    const { priceMinor } = board.rowAt(index).offer;
    const status = SPOKEN[board.status(index)];
    return { id: board.numbers[index]!, row, number, status, price: decimal(priceMinor, board.currency) };
  }

  /** The place's id: from the event's board, which a place that was just made may be missing from. */
  async function placeId(eventId: string, number: number): Promise<string> {
    const event = await feed.identify(eventId);
    const board = event && (feed.peek(eventId) ?? (await feed.board(event)));
    const found = board?.placeNumbered(number);
    if (board && found !== undefined) return board.ids[found]!;

    const place = await placeRefOf(db, number);
    if (!place) throw new DomainError('not_found', 'There is no such seat.', { what: 'seat' });
    return place.id;
  }

  return [
    route({
      method: 'get',
      path: '/api/seats',
      access: 'public',
      limit: LIMITS.lists,
      tag: 'Seats',
      operationId: 'ListSeats',
      summary: 'List the seats of an event',
      description:
        'In the order of the hall. Free ones (`status=FREE`) are in an order of the caller’s own, the same from page to page, so that buyers who all take the first one rarely meet.',
      query: Query,
      responses: { 200: { description: 'A page of seats.', schema: z.array(Seat).meta({ id: 'ListSeatsResponse' }) } },
      refusals: ['event_not_found'],
      async handle({ query, ctx }) {
        const board = await boardOf(query.event_id);
        const among = query.row === undefined ? undefined : hall.row(board, query.row);
        if (query.status === 'FREE') {
          const { who, headers } = readerOf(ctx, query.page);
          const free = order.free(board, { who, page: query.page, pageSize: query.pageSize, among });
          return { status: 200, body: free.map((index) => present(board, index)), headers };
        }
        const from = (query.page - 1) * query.pageSize;
        const found = hall.page(board, {
          among: among?.places,
          status: query.status && boardStatus(query.status),
          from,
          size: query.pageSize,
        });
        return { status: 200, body: found.map((index) => present(board, index)) };
      },
    }),
    route({
      method: 'patch',
      path: '/api/seats/select',
      access: 'user',
      limit: LIMITS.attempts,
      tag: 'Seats',
      operationId: 'SelectSeat',
      summary: 'Put a seat into a booking',
      description: 'One statement takes the seat and proves whose booking it is. A seat that is in it already stays there: 200.',
      body: Select,
      responses: { 200: { description: 'The seat is in the booking, and nobody else can have it.' } },
      refusals: [
        ...(['not_found', 'order_not_found', 'forbidden', 'blocked', 'places_unavailable', 'sold_out', 'limit_exceeded'] as const),
        ...(['event_not_on_sale', 'event_over', 'event_cancelled', 'order_expired', 'order_not_payable'] as const),
      ],
      async handle({ body, caller, attempt, note }) {
        const booking = await bookings.find(body.booking_id);
        const want = { places: [await placeId(booking.event_id, body.seat_id)] };
        const { holdSeconds, maxPlaces, maxPerAccount } = config.apis.hackload;
        const request = { actor: buyer(caller), eventId: booking.event_id, want, into: booking.id };
        await place(gateway, { attempt, note }, { ...request, terms: { holdSeconds, maxPlaces, maxPerAccount } }).catch(elsewhere);
        return { status: 200, body: undefined };
      },
    }),
    route({
      method: 'patch',
      path: '/api/seats/release',
      access: 'user',
      limit: LIMITS.attempts,
      tag: 'Seats',
      operationId: 'ReleaseSeat',
      summary: 'Take a seat out of its booking',
      body: Release,
      responses: { 200: { description: 'The seat is free for others.' } },
      refusals: ['not_found', 'forbidden', 'places_unavailable', 'order_expired', 'order_not_payable'],
      async handle({ body, caller, note }) {
        const seat = await placeRefOf(db, body.seat_id);
        if (!seat) throw new DomainError('not_found', 'There is no such seat.', { what: 'seat' });
        if (!seat.order_id) throw new DomainError('places_unavailable', 'This seat is in no booking.');
        note(seat.order_id);
        await drop(db, seat.order_id, [seat.id], buyer(caller));
        return { status: 200, body: undefined };
      },
    }),
  ];
}

const boardStatus = (status: (typeof STATUSES)[number]) =>
  (Object.keys(SPOKEN) as (keyof typeof SPOKEN)[]).find((state) => SPOKEN[state] === status)!;

/** A seat that is in the booking already is no refusal; one of another event is a seat that cannot be had. */
function elsewhere(error: unknown): void {
  if (isRefusal(error, 'places_unavailable') && error.details.already) return;
  if (isRefusal(error, 'invalid') && error.details.known === 0)
    throw new DomainError('places_unavailable', 'This seat belongs to another event than the booking.');
  throw error;
}
