// How far the cancelling or moving of an event has come, for its organizer and for admins.
import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import * as notices from '../../services/events/eventNotices.ts';
import * as events from '../../services/events/events.ts';
import { eventNoticeWorkflowId } from '../../workflows/messages.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { ok } from './envelope.ts';
import { EventPath } from './events.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { amount, envelope, id, instant } from './shapes.ts';

const refundSum = z.object({ count: z.number().int(), amount }).meta({ id: 'RefundSum' });
export const EventProgress = z
  .object({
    event_id: id,
    event_status: z.enum(['draft', 'published', 'cancelled']),
    kind: z
      .enum(['cancelled', 'moved'])
      .nullable()
      .meta({ description: 'What befell the event last; null: nothing that holders were told of.' }),
    reason: z.string(),
    started_at: instant.nullable(),
    finished_at: instant.nullable().meta({ description: 'When the last holder had been told and the last refund decided.' }),
    bookings: z.object({ total: z.number().int(), done: z.number().int(), percent: z.number().int() }),
    mails_sent: z.number().int(),
    mails_refused: z.number().int().meta({ description: 'Mails that will never arrive: these holders have to be told another way.' }),
    refunds: z.object({ processing: refundSum, succeeded: refundSum, failed: refundSum, currency: z.string() }),
    workflow_id: z
      .string()
      .meta({ description: 'The workflow to watch in the Temporal UI.', example: 'event/550e8400-e29b-41d4-a716-446655440001' }),
  })
  .meta({ id: 'EventProgress' });

/** GET /api/v1/admin/events/{id}/progress. */
export function progress({ db }: Gateway): Route {
  return route({
    method: 'get',
    path: '/api/v1/admin/events/:id/progress',
    access: 'organizer',
    limit: LIMITS.admin,
    tag: 'Admin',
    operationId: 'getEventProgress',
    summary: 'Progress of a cancelling or moving',
    description: 'Addition to the seed: how many bookings are cancelled or told, how many refunds are made, and where to watch it.',
    params: EventPath,
    responses: { 200: { description: 'How far it is.', schema: envelope(EventProgress) } },
    refusals: ['event_not_found'],
    async handle({ params, caller }) {
      const id = await events.identifyManaged(db, params.id, managerOf(caller));
      return ok(present.eventProgress((await notices.progress(db, id))!, eventNoticeWorkflowId(id)));
    },
  });
}
