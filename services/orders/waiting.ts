// Orders that wait: without places, price or deadline. Only here are they made and ended; a claim places them (claim/order.ts).
import { sql, type Transaction } from 'kysely';
import type { DB, OrderStatus } from '../../db/tables.ts';
import { DomainError } from '../shared/errors.ts';

/** `participant`: whom the account, an organizer's, waits for; `details` as JSON. `id`: where the caller must find the order again after a crash. */
export type WaitRequest = { eventId: string; accountId: string; id?: string; participant?: { ref: string; details: string } };

/**
 * Makes a waiting order of the account for the event, and returns its id.
 * @throws DomainError event_not_found
 */
export async function enter(tx: Transaction<DB>, { eventId, accountId, id, participant }: WaitRequest): Promise<string> {
  // Locked against a change of the currency, which the order refers to.
  const { rows } = await sql<{ id: string }>`
    insert into orders (id, event_id, account_id, status, total_minor, currency, participant_ref, details)
    select coalesce(${id ?? null}::uuid, gen_random_uuid()), e.id, ${accountId}::uuid, 'waiting', 0, e.currency, ${participant?.ref ?? null}, ${participant?.details ?? '{}'}::jsonb
    from events e where e.id = ${eventId}::uuid for key share of e
    returning id`.execute(tx);
  if (!rows[0]) throw new DomainError('event_not_found', 'Event does not exist.', { eventId });
  return rows[0].id;
}

/** Ends waiting orders without a letter or a workflow: nothing was held and nothing is owed. All of them must wait. */
export async function end(
  tx: Transaction<DB>,
  orderIds: string[],
  to: Extract<OrderStatus, 'cancelled' | 'expired'>,
  reason: string,
): Promise<void> {
  const { numAffectedRows } = await sql`update orders set status = ${to}::order_status, ended_at = now(), end_reason = ${reason}
    where id = any(${orderIds}::uuid[]) and status = 'waiting'`.execute(tx);
  if (Number(numAffectedRows ?? 0) !== orderIds.length) throw new Error(`of ${orderIds.length} orders ${numAffectedRows} wait`);
}
