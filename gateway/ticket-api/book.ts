// POST /api/tickets/: so many tickets of an event, with one code for all of them.
import { z } from 'zod';
import { find as findAccount } from '../../services/accounts/accounts.ts';
import { anyOffer } from '../../services/orders/anyOffer.ts';
import * as orders from '../../services/orders/orders.ts';
import { confirmFree } from '../../services/orders/settlement.ts';
import { buyersCode } from '../../services/shared/codes.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { isUuid } from '../../services/shared/ids.ts';
import { decimal } from '../../services/shared/money.ts';
import { isPictureKey, pictureKey, signOrderCode } from '../../services/tickets/codes.ts';
import type { Gateway } from '../deps.ts';
import { instant } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { place } from '../placing.ts';
import { LIMITS } from './limits.ts';
import { STATUSES, statusOf, time } from './shapes.ts';

const Body = z.object({
  event_id: z.int().min(1).max(Number.MAX_SAFE_INTEGER).meta({ example: 17 }),
  quantity: z.int().min(1).max(1000).meta({ example: 2 }),
});

const Booked = z
  .object({
    ticket_code: z.string(),
    event: z.object({ id: z.int(), title: z.string(), banner: z.string().nullable() }),
    user: z.object({ id: z.int(), username: z.string(), profile_picture: z.string().nullable() }),
    quantity: z.int(),
    unit_price: z.number(),
    total_price: z.number(),
    currency: z.string().meta({ description: 'Addition to the seed.' }),
    status: STATUSES.meta({ description: 'reserved until it is paid; what is free is paid at once.' }),
    purchase_date: instant,
    expires_at: instant.nullable().meta({ description: 'Addition to the seed: until when a reserved booking is held.' }),
    payment_url: z.string().nullable().meta({ description: 'Addition to the seed: where to pay; null once there is nothing to pay.' }),
    qr_code_data: z.string().meta({ description: 'One code for the whole quantity. It admits once the booking is paid.' }),
    qr_code_image: z.string(),
  })
  .meta({ id: 'BookedTicket' });

/** The routes of bookings and of the pictures of their codes. */
export function bookingRoutes(gateway: Gateway): Route[] {
  const { config, db, documents, ticketKeys } = gateway;
  const { publicUrl } = config.http;

  async function shown(orderId: string, accountId: string): Promise<z.output<typeof Booked>> {
    const [order, account] = await Promise.all([orders.find(db, orderId), findAccount(db, accountId)]);
    if (!order || !account) throw new DomainError('account_not_found', 'This account does not exist any more.');
    const amount = (minor: number) => Number(decimal(minor, order.currency));
    const banner = order.event.banner_url;
    return {
      ticket_code: buyersCode(order, config.mail.codePrefix),
      event: { id: order.event.number, title: order.event.name, banner: banner?.startsWith('/') ? publicUrl + banner : banner },
      user: { id: account.number, username: account.username ?? account.email.split('@')[0]!, profile_picture: account.picture_url },
      quantity: order.places.length,
      unit_price: amount(order.places[0]?.price_minor ?? 0),
      total_price: amount(order.total_minor),
      currency: order.currency,
      status: statusOf(order),
      purchase_date: time(order.confirmed_at ?? order.created_at),
      expires_at: order.status === 'pending' && order.expires_at ? time(order.expires_at) : null,
      payment_url: order.status === 'pending' ? config.mail.payUrl.replace(':order', order.id) : null,
      qr_code_data: signOrderCode(ticketKeys, { eventId: order.event.id, orderId: order.id }),
      qr_code_image: `${publicUrl}/media/orders/qr/${order.id}.${pictureKey(ticketKeys, order.id)}.png`,
    };
  }

  return [
    route({
      method: 'post',
      path: '/api/tickets/',
      access: 'user',
      limit: LIMITS.booking,
      tag: 'Tickets',
      operationId: 'bookTickets',
      summary: 'Book tickets of an event',
      description:
        'Of the cheapest that is on sale and has so many left. What is free is paid at once; anything else is reserved until it is paid at `payment_url`.',
      body: Body,
      idempotent: true,
      responses: { 201: { description: 'Booked.', schema: Booked } },
      refusals: [
        'event_not_found',
        'event_cancelled',
        'event_over',
        'event_not_on_sale',
        'limit_exceeded',
        'places_unavailable',
        'sold_out',
        'forbidden',
        'blocked',
      ],
      async handle({ body, caller, attempt, note }) {
        const { eventId, offerId, organizerId } = await anyOffer(db, body.event_id, body.quantity);
        if (organizerId === caller.accountId) throw new DomainError('forbidden', 'Organizers cannot book their own events.');
        const request = {
          actor: { kind: 'account', id: caller.accountId, role: caller.role } as const,
          eventId,
          want: { offers: [{ offerId, quantity: body.quantity }] },
          terms: { holdSeconds: config.apis.ticketApi.holdSeconds, maxPlaces: config.maxPlacesPerOrder, acceptsEqualPlace: true },
        };
        const placed = await place(gateway, { attempt, note }, request);
        if (placed.total_minor === 0) await confirmFree(db, placed.id, ticketKeys);
        return { status: 201, body: await shown(placed.id, caller.accountId) };
      },
    }),
    route({
      method: 'get',
      // As a ticket's picture: shown by <img>, which sends no token, to whoever has its unguessable address.
      path: '/media/orders/qr/:name',
      access: 'public',
      limit: LIMITS.pictures,
      tag: 'Tickets',
      hidden: true,
      summary: 'The code of a booking as a picture',
      params: z.object({ name: z.string() }),
      responses: { 200: { description: 'The picture.', type: 'image/png' } },
      async handle({ params }) {
        const [, id = '', key = ''] = /^([0-9a-f-]{36})\.([\w-]+)\.png$/.exec(params.name) ?? [];
        const order = isUuid(id) && isPictureKey(ticketKeys, id, key) ? await orders.find(db, id) : undefined;
        if (!order) throw new DomainError('not_found', 'There is no such picture.', { what: 'picture' });
        const code = signOrderCode(ticketKeys, { eventId: order.event.id, orderId: id });
        const headers = { 'Cache-Control': 'private, max-age=86400, immutable' };
        return { status: 200, type: 'image/png', body: await documents.qrPng(code), headers };
      },
    }),
  ];
}
