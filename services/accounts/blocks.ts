// Blocks: to whom an organizer's events are not sold, and to whom none is.
//
// A block stands in the way of what an account would get from now on: orders, places added to one, a place in a waitlist, an offer of it. What
// the account has already stays its own: tickets let in, and a hold (an offer of the waitlist is one) may be paid until it ends, because that
// was promised. Whoever wants those back cancels the order.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { type Page, type Paged, slice } from '../shared/pages.ts';
import { address } from './accounts.ts';
import type { Manager } from './actor.ts';

export type Blocked = { number: number } | { email: string };

export type Block = {
  /** The account's number and username. Its address is not told: whoever knows a number would learn it so. */
  number: number;
  username: string | null;
  everywhere: boolean;
  reason: string | null;
  /** The number of the account that made it. */
  made_by: number;
  created_at: Date;
};

/** Whether an account gets nothing of an organizer's events. One look into the key of the table. */
export const isBlocked = (accountId: RawBuilder<unknown>, organizerId: RawBuilder<unknown>): RawBuilder<boolean> => sql<boolean>`coalesce(
    (select true from blocks where blocks.account_id = ${accountId} and blocks.lifted_at is null
      and (blocks.everywhere or blocks.organizer_id = ${organizerId}) limit 1), false)`;

/** The refusal of who is blocked. By whom and why is not said. */
export const refusedTo = (eventId: string) => new DomainError('blocked', 'You cannot book this event.', { eventId });

/** The blocks (alias `b`) that the caller has made and may lift. Any admin lifts what an admin has made. */
const ofCaller = ({ accountId, admin }: Manager): RawBuilder<unknown> =>
  admin
    ? sql`(b.everywhere or b.organizer_id = ${accountId}::uuid) and b.lifted_at is null`
    : sql`b.organizer_id = ${accountId}::uuid and not b.everywhere and b.lifted_at is null`;

const view = sql`select a.number, a.username::text as username, b.everywhere, b.reason, m.number as made_by, b.created_at
  from blocks b join accounts a on a.id = b.account_id join accounts m on m.id = b.made_by`;

/**
 * Blocks an account: an organizer for the own events, an admin for every event. Blocking again keeps the block there is; a reason given now
 * takes the place of the one before.
 * @throws DomainError account_not_found | invalid (account): the caller, or an admin
 */
export async function block(db: Kysely<DB>, by: Manager, whom: Blocked, reason?: string): Promise<Block> {
  const account = await db
    .selectFrom('accounts')
    .select(['id', 'role'])
    .where((is) => ('number' in whom ? is('number', '=', whom.number) : is('email', '=', address(whom.email))))
    .executeTakeFirst();
  if (!account) throw new DomainError('account_not_found', 'There is no such user.');
  if (account.id === by.accountId) throw invalidField('account', 'You cannot block yourself.');
  if (account.role === 'admin') throw invalidField('account', 'An admin cannot be blocked.');

  await sql`insert into blocks (account_id, organizer_id, everywhere, reason, made_by)
    values (${account.id}::uuid, ${by.accountId}::uuid, ${by.admin}, ${reason ?? null}, ${by.accountId}::uuid)
    on conflict (account_id, organizer_id) do update set everywhere = excluded.everywhere or (blocks.everywhere and blocks.lifted_at is null),
      reason = case when blocks.lifted_at is null then coalesce(excluded.reason, blocks.reason) else excluded.reason end,
      created_at = case when blocks.lifted_at is null then blocks.created_at else excluded.created_at end, lifted_at = null`.execute(db);
  const { rows } = await sql<Block>`${view} where b.account_id = ${account.id}::uuid and b.organizer_id = ${by.accountId}::uuid`.execute(
    db,
  );
  return rows[0]!;
}

/** Lifts the caller's block of the account with this number. Throws not_found where there is none. */
export async function unblock(db: Kysely<DB>, by: Manager, number: number): Promise<void> {
  const { rows } = await sql`update blocks b set lifted_at = now() from accounts a
    where a.number = ${number} and b.account_id = a.id and ${ofCaller(by)} returning b.account_id`.execute(db);
  if (!rows.length) throw new DomainError('not_found', 'This user is not blocked.', { what: 'block' });
}

/** One page of the caller's blocks, the newest first. */
export async function list(db: Kysely<DB>, by: Manager, page: Page): Promise<Paged<Block>> {
  const [found, counted] = await Promise.all([
    sql<Block>`${view} where ${ofCaller(by)} order by b.created_at desc, b.account_id, b.organizer_id ${slice(page)}`.execute(db),
    sql<{ n: number }>`select count(*)::int as n from blocks b where ${ofCaller(by)}`.execute(db),
  ]);
  return { rows: found.rows, total: counted.rows[0]!.n };
}
