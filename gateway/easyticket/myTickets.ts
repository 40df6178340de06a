// A buyer's own tickets: listed, shown, printed.
import { z } from 'zod';
import type { Caller } from '../../services/accounts/sessions.ts';
import { buyersCode } from '../../services/shared/codes.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { isPictureKey, pictureKey } from '../../services/tickets/codes.ts';
import { file } from '../../services/tickets/ticketFiles.ts';
import * as tickets from '../../services/tickets/ticketList.ts';
import type { Gateway } from '../deps.ts';
import { ordering, paged, pageOf, pageSchema, paging } from '../http/answers/pages.ts';
import { id, instant } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { CODE_PREFIX, ticketNumber } from './orderPresenter.ts';
import { flag, time, timeOrNull } from './shapes.ts';

export const TicketStatus = z.enum(['active', 'used', 'cancelled', 'expired']).meta({
  description: 'cancelled: its order was cancelled or refunded. expired: the event is over and nobody used it.',
});

const shown = {
  id,
  order: id,
  order_number: z.string(),
  event: id,
  event_title: z.string(),
  event_date: instant,
  event_location: z.string(),
  ticket_type: id,
  ticket_name: z.string(),
  tier_name: z.string().nullable(),
  day_name: z.string().nullable(),
  ticket_number: z.string(),
  qr_code_data: z.string().meta({ description: 'What the QR code says.' }),
  qr_code_image: z.string().nullable().meta({ description: 'Where its picture is; null once the ticket is void.' }),
  pdf_url: z.string().nullable(),
  status: TicketStatus,
  is_used: z.boolean(),
  used_at: instant.nullable(),
  created_at: instant,
};
const TicketBrief = z.object(shown).meta({ id: 'EasyTicketSummary' });
const TicketFull = z
  .object({
    ...shown,
    event_venue: z.string(),
    event_address: z.string(),
    buyer_name: z.string(),
    buyer_email: z.string(),
    verified_by: z.string().nullable(),
    updated_at: instant,
  })
  .meta({ id: 'EasyTicket' });
const Stats = z
  .object({
    total_tickets: z.int(),
    active_tickets: z.int(),
    used_tickets: z.int(),
    cancelled_tickets: z.int(),
    expired_tickets: z.int(),
    upcoming_events: z.int(),
    past_events: z.int(),
  })
  .meta({ id: 'EasyTicketStats' });

const TicketsQuery = z.object({
  ...paging,
  status: TicketStatus.optional().meta({ description: 'Tickets in this state.' }),
  is_used: flag.optional().meta({ description: 'Only those used, or only others.' }),
  event: id.optional().meta({ description: 'Of this event, by its id.' }),
  ordering: ordering({ created_at: 'issued', event__start_date: 'startsAt' }),
});
const Path = z.object({ id: z.string().meta({ description: "The ticket's id.", param: { id: 'MyTicketId' } }) });

const path = '/api/tickets/my-tickets/';
const tag = 'My Tickets';

/** The routes under /api/tickets/my-tickets/ for buyers, and the pictures of their codes. */
export function myTicketRoutes({ db, config, documents, ticketKeys }: Gateway): Route[] {
  const { publicUrl } = config.http;
  const own = { access: 'user', limit: LIMITS.authenticated, tag } as const;

  const brief = (t: tickets.TicketView): z.output<typeof TicketBrief> => {
    const order = { ...t.order, created_at: new Date(t.order.created_at) };
    const admits = t.status !== 'cancelled';
    return {
      id: t.id,
      order: order.id,
      order_number: buyersCode(order, CODE_PREFIX),
      event: t.event.id,
      event_title: t.event.name,
      event_date: time(new Date(t.event.starts_at)),
      event_location: [t.venue?.name, t.venue?.city].filter(Boolean).join(', '),
      ticket_type: t.type_id,
      ticket_name: t.name,
      tier_name: t.tier_name,
      day_name: t.day_name,
      ticket_number: ticketNumber(t),
      qr_code_data: t.code,
      qr_code_image: admits ? `${publicUrl}/media/tickets/qr/${t.id}.${pictureKey(ticketKeys, t.id)}.png` : null,
      pdf_url: admits ? `${publicUrl}${path}${t.id}/download/` : null,
      status: t.status,
      is_used: t.used_at !== null,
      used_at: timeOrNull(t.used_at),
      created_at: time(t.issued_at),
    };
  };
  const full = (t: tickets.TicketView): z.output<typeof TicketFull> => ({
    ...brief(t),
    event_venue: t.venue?.name ?? '',
    event_address: t.venue
      ? [t.venue.address, t.venue.city, [t.venue.state, t.venue.postal_code].filter(Boolean).join(' ')].filter(Boolean).join(', ')
      : '',
    buyer_name: t.buyer_name,
    buyer_email: t.buyer_email,
    verified_by: t.verified_by,
    updated_at: time(t.changed_at),
  });

  /** The caller's ticket; for admins anybody's. That somebody else has one of this id is told to nobody. */
  async function found(caller: Caller, ticketId: string): Promise<tickets.TicketView> {
    const ticket = await tickets.find(db, ticketId);
    if (!ticket || (ticket.order.owner !== caller.accountId && caller.role !== 'admin'))
      throw new DomainError('not_found', 'Ticket not found', { what: 'ticket' });
    return ticket;
  }

  return [
    route({
      ...own,
      method: 'get',
      path,
      operationId: 'listMyTickets',
      summary: "List user's tickets",
      query: TicketsQuery,
      responses: { 200: { description: 'One page, newest first.', schema: pageSchema(TicketBrief) } },
      async handle({ query, caller, ctx }) {
        const filter = { status: query.status, isUsed: query.is_used, eventId: query.event, ordering: query.ordering };
        const { rows, total } = await tickets.list(db, caller.accountId, filter, pageOf(query));
        return paged(ctx, publicUrl, { results: rows.map(brief), count: total, page: query.page, page_size: query.page_size });
      },
    }),
    route({
      ...own,
      method: 'get',
      path: `${path}stats/`,
      operationId: 'getMyTicketStats',
      summary: 'Ticket statistics',
      responses: { 200: { description: 'How many there are of each state.', schema: Stats } },
      async handle({ caller }) {
        const { total, active, used, cancelled, expired, upcomingEvents, pastEvents } = await tickets.stats(db, caller.accountId);
        return {
          status: 200,
          body: {
            total_tickets: total,
            active_tickets: active,
            used_tickets: used,
            cancelled_tickets: cancelled,
            expired_tickets: expired,
            upcoming_events: upcomingEvents,
            past_events: pastEvents,
          },
        };
      },
    }),
    route({
      ...own,
      method: 'get',
      path: `${path}:id/`,
      operationId: 'getMyTicket',
      summary: 'Ticket details',
      params: Path,
      responses: { 200: { description: 'The ticket.', schema: TicketFull } },
      refusals: ['not_found'],
      handle: async ({ params, caller }) => ({ status: 200, body: full(await found(caller, params.id)) }),
    }),
    route({
      ...own,
      method: 'get',
      path: `${path}:id/download/`,
      operationId: 'downloadMyTicket',
      summary: 'Ticket as PDF',
      description: 'A void ticket has none.',
      params: Path,
      responses: { 200: { description: 'The PDF, with its QR code.', type: 'application/pdf' } },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        const ticket = await found(caller, params.id);
        const body = await file(db, documents, ticket.id, 'ticket.pdf', CODE_PREFIX);
        const headers = { 'Content-Disposition': `attachment; filename="${ticketNumber(ticket)}.pdf"` };
        return { status: 200, type: 'application/pdf', body, headers };
      },
    }),
    route({
      method: 'get',
      // Shown by <img> in pages and mails, which send no token: the key in its name is the capability, as with the payment page.
      path: '/media/tickets/qr/:name',
      access: 'public',
      limit: LIMITS.pictures,
      tag,
      hidden: true,
      summary: "A ticket's QR code as a picture",
      responses: { 200: { description: 'The picture.', type: 'image/png' } },
      async handle({ params }) {
        const [, ticketId = '', key = ''] = /^([0-9a-f-]{36})\.([\w-]+)\.png$/.exec((params as unknown as { name: string }).name) ?? [];
        if (!ticketId || !isPictureKey(ticketKeys, ticketId, key))
          throw new DomainError('not_found', 'There is no such picture.', { what: 'picture' });
        const body = await file(db, documents, ticketId, 'qr.png', CODE_PREFIX);
        // Not kept by caches between: a void ticket has no picture any more.
        return { status: 200, type: 'image/png', body, headers: { 'Cache-Control': 'private, max-age=300' } };
      },
    }),
  ];
}
