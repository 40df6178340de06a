// POST /api/tickets/check-in/: a scan at the door, answered in the seed's words.
import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import * as orders from '../../services/orders/orders.ts';
import { buyersCode } from '../../services/shared/codes.ts';
import { DomainError, isRefusal } from '../../services/shared/errors.ts';
import { type Admission, admit } from '../../services/tickets/checkIns.ts';
import type { Gateway } from '../deps.ts';
import { instant } from '../http/fields.ts';
import { type Reply, type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { STATUSES, type Status, statusOf, time } from './shapes.ts';

const Body = z.object({
  qr_code_data: z.string().max(1000).nullish(),
  nonce: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Addition to the seed: names this scan. Sent again with the same code it gets the same answer.' }),
});

const Admitted = z
  .object({
    detail: z.string(),
    ticket_info: z.object({
      event_name: z.string(),
      ticket_code: z.string(),
      ticket_quantity: z.int().meta({ description: 'How many it lets in.' }),
      ticket_status: STATUSES,
      purchase_date: instant,
      attendee_name: z.string(),
      check_in_time: instant,
    }),
  })
  .meta({ id: 'CheckedIn' });

const Refused = z
  .object({
    detail: z.string(),
    checked_in_time: instant.optional(),
    valid_statuses: z.array(z.string()).optional(),
    errors: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'CheckInRefused' });

/** The route for scanners. */
export const checkInRoute = ({ db, config, ticketKeys }: Gateway): Route =>
  route({
    method: 'post',
    path: '/api/tickets/check-in/',
    access: 'organizer',
    wrongRole: 'You do not have permission for ticket verification',
    limit: LIMITS.checkIn,
    tag: 'Tickets',
    operationId: 'checkIn',
    summary: 'Check a ticket in',
    description: "By the event's organizer. Codes of single tickets and of whole bookings; of two scanners at one instant one admits.",
    body: Body,
    responses: {
      200: { description: 'Somebody may go in.', schema: Admitted },
      400: { description: 'Nobody may: detail says why.', schema: Refused },
    },
    refusals: ['forbidden', 'key_reused'],
    async handle({ body, caller }) {
      if (!body.qr_code_data?.trim()) return refused('QR code data is required');
      const admission = await admit(db, ticketKeys, managerOf(caller), { code: body.qr_code_data, nonce: body.nonce }).catch((error) => {
        throw isRefusal(error, 'forbidden') ? new DomainError('forbidden', 'You do not have permission to verify this ticket.') : error;
      });
      if (admission.outcome === 'admitted') return admitted(admission, config.mail.codePrefix);
      const order = admission.orderId ? await orders.find(db, admission.orderId) : undefined;
      return order ? turnedAway(admission, order) : refused('Invalid QR code');
    },
  });

const refused = (detail: string, facts: object = {}): Reply => ({ status: 400, body: { detail, ...facts } });

/** What lets somebody in is paid: nothing else has tickets. */
function admitted({ facts, people, usedAt }: Admission, codePrefix: string): Reply {
  const { number, code_prefix, event, buyer, confirmed_at, created_at } = facts!;
  return {
    status: 200,
    body: {
      detail: 'Ticket successfully checked in',
      ticket_info: {
        event_name: event,
        ticket_code: buyersCode({ number, code_prefix, created_at: new Date(created_at) }, codePrefix),
        ticket_quantity: people,
        ticket_status: 'paid' satisfies Status,
        purchase_date: time(new Date(confirmed_at ?? created_at)),
        attendee_name: buyer,
        check_in_time: time(usedAt!),
      },
    },
  };
}

function turnedAway({ outcome, usedAt }: Admission, order: orders.OrderView): Reply {
  const status = statusOf(order);
  switch (outcome) {
    case 'already_used':
      return refused('Ticket already checked in', usedAt && { checked_in_time: time(usedAt) });
    case 'event_over':
      return refused('This event has already passed');
    case 'event_cancelled':
    case 'not_paid':
    case 'void': {
      // A ticket of an event that was just cancelled is void before its order says so.
      const told = status === 'paid' ? 'cancelled' : status;
      return refused(`Ticket status is ${told}, which is not valid for check-in`, { valid_statuses: ['paid'] });
    }
    default:
      return refused('Invalid QR code');
  }
}
