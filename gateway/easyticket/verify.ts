// POST /api/tickets/my-tickets/verify/: a scan at the door.

import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import { DomainError, isRefusal } from '../../services/shared/errors.ts';
import { type Admission, admit, type Outcome } from '../../services/tickets/checkIns.ts';
import * as tickets from '../../services/tickets/ticketList.ts';
import type { Gateway } from '../deps.ts';
import { id, instant } from '../http/fields.ts';
import { type Reply, type Route, route } from '../http/route.ts';
import { failure } from './errors.ts';
import { LIMITS } from './limits.ts';
import { TicketStatus } from './myTickets.ts';
import { ticketNumber } from './orderPresenter.ts';
import { time, timeOrNull } from './shapes.ts';

const Body = z.object({
  qr_code_data: z
    .string()
    .max(1000)
    .meta({ description: 'As the scanner read it; blanks, line ends and a byte order mark around it are cut off.' }),
  nonce: z.string().min(1).max(100).optional().meta({
    description: 'Addition to the seed: names this scan. Sent again with the same code it gets the same answer, as often as it is asked.',
  }),
});

const Verified = z
  .object({
    success: z.literal(true),
    message: z.string(),
    ticket: z.object({
      id,
      ticket_number: z.string(),
      event_title: z.string(),
      ticket_name: z.string(),
      buyer_name: z.string(),
      status: TicketStatus.meta({ description: 'As it was when it was scanned.' }),
      is_used: z.literal(true),
      used_at: instant.nullable(),
      verified_by: z.string().nullable(),
    }),
  })
  .meta({ id: 'VerifiedTicket' });

/** The words for each refusal. Each is told apart, and a void ticket never reads as a used one. */
const REFUSED: Record<Exclude<Outcome, 'admitted'>, { error: string; detail: string }> = {
  already_used: { error: 'Ticket already used', detail: 'This ticket has been scanned before.' },
  void: { error: 'Ticket cancelled', detail: 'The order of this ticket was cancelled or refunded: it admits nobody.' },
  not_paid: { error: 'Order not paid', detail: 'The order of this code has no tickets: its money has not come.' },
  event_cancelled: { error: 'Event cancelled', detail: 'The event of this ticket does not take place.' },
  event_over: { error: 'Ticket expired', detail: 'The event of this ticket is over.' },
  other_event: { error: 'Ticket for another event', detail: 'This ticket is for another event.' },
  turned_away: { error: 'Turned away', detail: 'A door without a network had sent the holder of this ticket away.' },
  unknown_code: { error: 'Invalid ticket', detail: 'This code is not that of a ticket.' },
};

const Refused = z
  .object({
    error: z.string(),
    detail: z.string(),
    code: z.string().meta({ description: Object.keys(REFUSED).join(', ') }),
    field_errors: z.record(z.string(), z.array(z.string())).optional(),
    ticket: z.object({ ticket_number: z.string(), used_at: instant.nullable() }).optional(),
  })
  .meta({ id: 'RefusedTicket' });

const NOT_ALLOWED = 'You do not have permission to verify tickets for this event.';

/** The route for scanners. */
export const verifyRoute = ({ db, ticketKeys }: Gateway): Route =>
  route({
    method: 'post',
    path: '/api/tickets/my-tickets/verify/',
    access: 'organizer',
    wrongRole: 'Only staff and organizers can verify tickets.',
    limit: LIMITS.authenticated,
    tag: 'My Tickets',
    operationId: 'verifyTicket',
    summary: 'Verify and scan a ticket',
    description: "By the event's organizer and admins. Of two scanners at one instant one admits.",
    body: Body,
    responses: {
      200: { description: 'It admits; from now on it is used.', schema: Verified },
      400: { description: 'It does not admit: `code` says why.', schema: Refused },
    },
    refusals: ['forbidden', 'key_reused'],
    async handle({ body, caller }) {
      const scan = { code: body.qr_code_data, nonce: body.nonce };
      const admission = await admit(db, ticketKeys, managerOf(caller), scan).catch((error) => {
        throw isRefusal(error, 'forbidden') ? new DomainError('forbidden', NOT_ALLOWED) : error;
      });
      const ticket = admission.ticketId ? await tickets.find(db, admission.ticketId) : undefined;
      return answer(admission, ticket);
    },
  });

function answer({ outcome, usedAt, usedBy }: Admission, ticket: tickets.TicketView | undefined): Reply {
  if (outcome === 'admitted' && ticket)
    return {
      status: 200,
      body: {
        success: true,
        message: 'Ticket verified successfully',
        ticket: {
          id: ticket.id,
          ticket_number: ticketNumber(ticket),
          event_title: ticket.event.name,
          ticket_name: ticket.name,
          buyer_name: ticket.buyer_name,
          status: 'active',
          is_used: true,
          used_at: timeOrNull(usedAt ?? null),
          verified_by: usedBy ?? null,
        },
      },
    };

  const { error, detail } = REFUSED[outcome === 'admitted' ? 'unknown_code' : outcome];
  const when = outcome === 'already_used' && usedAt ? time(usedAt) : null;
  const facts = ticket && { ticket: { ticket_number: ticketNumber(ticket), used_at: when } };
  return { status: 400, body: failure(outcome, { error, detail: when ? `This ticket was scanned on ${when}` : detail, facts }) };
}
