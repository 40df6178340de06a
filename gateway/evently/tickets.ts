// A booking's ticket files: the QR picture and the PDF, for the booking's owner.
import { z } from 'zod';
import * as orders from '../../services/orders/orders.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { type FileKind, file } from '../../services/tickets/ticketFiles.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { BookingPath, bookingId, buyer } from './bookings.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';

const TicketPath = BookingPath.extend({ ticketId: z.string().meta({ description: 'The ticket id.', param: { id: 'TicketId' } }) });

const TYPES: Record<FileKind, string> = { 'qr.png': 'image/png', 'ticket.pdf': 'application/pdf' };

const OPERATIONS: Record<FileKind, string> = { 'qr.png': 'getTicketQr', 'ticket.pdf': 'getTicketPdf' };

/** GET /api/v1/bookings/{id}/tickets/{ticketId}/qr.png and /ticket.pdf. */
export function ticketFiles({ db, documents }: Gateway): Route[] {
  return (Object.keys(TYPES) as FileKind[]).map((kind) =>
    route({
      method: 'get',
      path: `/api/v1/bookings/:id/tickets/:ticketId/${kind}`,
      access: 'user',
      limit: LIMITS.authenticated,
      tag: 'Bookings',
      operationId: OPERATIONS[kind],
      summary: `Ticket file ${kind}`,
      params: TicketPath,
      responses: { 200: { description: 'The file.', type: TYPES[kind] } },
      refusals: ['order_not_found', 'not_found'],
      async handle({ params, caller, note }) {
        const order = await orders.findFor(db, bookingId(params.id), buyer(caller));
        note(order.id);
        const ticket = order.tickets.find((t) => t.id === params.ticketId.toLowerCase());
        if (!ticket) throw new DomainError('not_found', 'There is no such ticket in this booking.', { what: 'ticket' });
        const headers = { 'Content-Disposition': `inline; filename="${present.bookingCode(order)}-${kind}"` };
        return { status: 200, type: TYPES[kind], body: await file(db, documents, ticket.id, kind, present.CODE_PREFIX), headers };
      },
    }),
  );
}
