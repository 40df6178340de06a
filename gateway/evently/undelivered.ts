// Addition to Evently's seed: the messages that will never arrive, for operators.
import { z } from 'zod';
import { undelivered } from '../../services/reports/undelivered.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { ok, time } from './envelope.ts';
import { LIMITS } from './limits.ts';
import { envelope, id, instant, whole } from './shapes.ts';

const Message = z
  .object({
    id,
    channel: z.enum(['mail', 'text']),
    kind: z.string().meta({ example: 'tickets' }),
    recipient: z.string(),
    booking_id: id.nullable(),
    reason: z.string().meta({ description: 'In the words of the server that refused it.' }),
    at: instant,
  })
  .meta({ id: 'UndeliveredMessage' });

/** GET /api/v1/admin/undelivered */
export const undeliveredRoute = ({ db }: Gateway): Route =>
  route({
    method: 'get',
    path: '/api/v1/admin/undelivered',
    access: 'admin',
    limit: LIMITS.admin,
    tag: 'Admin',
    operationId: 'listUndelivered',
    summary: 'Messages that will never arrive',
    description: 'Addition to the seed. Mails and texts that were refused for good, or taken by no server for three days, newest first.',
    query: z.object({
      limit: whole(1, 100)
        .default(50)
        .meta({ override: { default: 50 }, description: 'At most so many.' }),
      after: id.optional().meta({ description: 'The id of the last one seen: the list goes on behind it.' }),
    }),
    responses: { 200: { description: 'The messages.', schema: envelope(z.array(Message)) } },
    refusals: [],
    async handle({ query }) {
      const list = await undelivered(db, query);
      return ok(list.map(({ orderId, at, ...message }) => ({ ...message, booking_id: orderId, at: time(at) })));
    },
  });
