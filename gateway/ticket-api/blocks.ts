// /api/tickets/blocked-users/: to whom an organizer's tickets are not sold. Additions to the seed, which only says that some may not book.
import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import * as blocks from '../../services/accounts/blocks.ts';
import type { Gateway } from '../deps.ts';
import { paged, pageOf, pageSchema, paging } from '../http/answers/pages.ts';
import { instant, label } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { time } from './shapes.ts';

const Body = z
  .object({
    user_id: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional().meta({ description: "The user's number.", example: 16 }),
    email: z.string().trim().min(1).max(254).optional().meta({ description: "Or the user's address.", example: 'user@example.com' }),
    reason: label(500).optional().meta({ description: 'For yourself: the user is not told.' }),
  })
  .refine(({ user_id, email }) => (user_id === undefined) !== (email === undefined), {
    path: ['user_id'],
    message: 'must be given, or email, and not both',
  })
  .meta({ id: 'UserToBlock' });

const BlockedUser = z
  .object({
    user: z.object({ id: z.int(), username: z.string().nullable() }),
    all_events: z.boolean().meta({ description: 'Made by an admin: for the events of every organizer.' }),
    reason: z.string().nullable(),
    blocked_by: z.int().meta({ description: 'The number of who did it.' }),
    blocked_at: instant,
  })
  .meta({ id: 'BlockedUser' });

const Path = z.object({
  user_id: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .meta({ override: { type: 'integer', minimum: 1 }, description: "The user's number.", param: { id: 'BlockedUserId' } }),
});

const present = ({ number, username, everywhere, reason, made_by, created_at }: blocks.Block): z.output<typeof BlockedUser> => ({
  user: { id: number, username },
  all_events: everywhere,
  reason,
  blocked_by: made_by,
  blocked_at: time(created_at),
});

const path = '/api/tickets/blocked-users/';

/** The routes of blocked users. */
export function blockRoutes({ db, config }: Gateway): Route[] {
  const shared = { access: 'organizer', limit: LIMITS.blocks, tag: 'Blocked users' } as const;
  return [
    route({
      ...shared,
      method: 'get',
      path,
      operationId: 'listBlockedUsers',
      summary: 'List blocked users',
      description: 'Those that you have blocked, the newest first; of an admin those that any admin has.',
      query: z.object(paging),
      responses: { 200: { description: 'A page of them.', schema: pageSchema(BlockedUser).meta({ id: 'BlockedUsers' }) } },
      refusals: [],
      async handle({ query, caller, ctx }) {
        const found = await blocks.list(db, managerOf(caller), pageOf(query));
        return paged(ctx, config.http.publicUrl, { ...query, results: found.rows.map(present), count: found.total });
      },
    }),
    route({
      ...shared,
      method: 'post',
      path,
      operationId: 'blockUser',
      summary: 'Block a user',
      description:
        'Who is blocked books nothing more of your events, through any API, and gets no offer of their waitlists; of an admin: of no event. Tickets that are paid and bookings that are reserved stay as they are. Not yourself, and no admin.',
      body: Body,
      responses: { 201: { description: 'Blocked, now or before.', schema: BlockedUser } },
      refusals: ['account_not_found', 'invalid'],
      async handle({ body, caller }) {
        const whom = body.user_id === undefined ? { email: body.email! } : { number: body.user_id };
        return { status: 201, body: present(await blocks.block(db, managerOf(caller), whom, body.reason)) };
      },
    }),
    route({
      ...shared,
      method: 'delete',
      path: `${path}:user_id/`,
      operationId: 'unblockUser',
      summary: 'Unblock a user',
      description: 'Who waits for your events is served again, at the place in the line that was theirs.',
      params: Path,
      responses: { 204: { description: 'Not blocked any more.' } },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        await blocks.unblock(db, managerOf(caller), params.user_id);
        return { status: 204, body: undefined };
      },
    }),
  ];
}
