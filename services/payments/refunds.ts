// Refunds: what is owed back, what the provider was asked to send back, and what it says of it.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, RefundStatus } from '../../db/tables.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import { isUuid } from '../shared/ids.ts';
import type { PaymentProvider, ProviderRefund } from './provider.ts';

/** Writes a pending refund for whatever was captured for the order and is not yet on its way back. */
export async function owe(tx: Transaction<DB>, orderId: string, reason: string): Promise<number> {
  const { rows } = await sql<{ amount_minor: number }>`
    insert into refunds (order_id, payment_id, amount_minor, currency, reason)
    select y.order_id, y.id, y.amount_minor - coalesce(r.sum, 0), y.currency, ${reason}
    from payments y left join lateral (select sum(amount_minor)::bigint from refunds where payment_id = y.id and status <> 'failed') r on true
    where y.order_id = ${orderId}::uuid and y.status = 'succeeded' and y.amount_minor > coalesce(r.sum, 0)
    returning amount_minor`.execute(tx);
  return rows.reduce((sum, r) => sum + r.amount_minor, 0);
}

/** Writes a pending refund for each payment not yet settled, but for the one that is kept. False if all of it was on its way back before. */
export async function refundAllBut(tx: Transaction<DB>, orderId: string, keep: string | undefined): Promise<boolean> {
  const { numAffectedRows } = await sql`insert into refunds (order_id, payment_id, amount_minor, currency, reason)
    select order_id, id, amount_minor, currency, ${keep ? 'duplicate' : 'places_gone'} from payments y
    where order_id = ${orderId}::uuid and status = 'succeeded' and settled_at is null and id is distinct from ${keep ?? null}::uuid
      and not exists (select from refunds r where r.payment_id = y.id and r.status <> 'failed')`.execute(tx);
  return numAffectedRows !== 0n;
}

/** Writes what the provider says of a refund. Ignored: it is not one of ours. */
export async function recordRefund(
  tx: Transaction<DB>,
  told: ProviderRefund,
  { announce }: { announce: boolean },
): Promise<'recorded' | 'ignored'> {
  const uuid = told.refundId && isUuid(told.refundId) ? told.refundId : null;
  const { rows } = await sql<{ id: string; order_id: string; status: RefundStatus; amount_minor: number; currency: string }>`
    select id, order_id, status, amount_minor, currency from refunds where provider_ref = ${told.ref} or id = ${uuid}::uuid for update`.execute(
    tx,
  );
  const refund = rows[0];
  if (!refund) return 'ignored';
  // Succeeded may still become failed (a closed card): the bank's word is last. Nothing else follows a final state.
  if (refund.status === told.status || refund.status === 'failed' || told.status === 'pending') return 'recorded';
  await tx
    .updateTable('refunds')
    .set({ status: told.status, provider_ref: told.ref, updated_at: sql<Date>`now()` })
    .where('id', '=', refund.id)
    .execute();
  if (announce) await outbox.orderChanged(tx, refund.order_id);
  if (told.status === 'succeeded')
    await mails.promise(tx, 'refunded', refund.order_id, { amountMinor: refund.amount_minor, currency: refund.currency });
  return 'recorded';
}

/** Makes one pending refund at the provider. Safe to repeat. Returns its status: pending means a callback will tell. */
export async function refund(db: Kysely<DB>, provider: PaymentProvider, refundId: string): Promise<RefundStatus> {
  const row = await db
    .selectFrom('refunds as r')
    .innerJoin('payments as p', 'p.id', 'r.payment_id')
    .select(['r.status', 'r.amount_minor', 'r.currency', 'r.reason', 'p.provider_ref'])
    .where('r.id', '=', refundId)
    .executeTakeFirstOrThrow();
  if (row.status !== 'pending') return row.status;
  const day = Math.floor(Date.now() / 86_400_000); // a new key a day: the provider forgets keys, and stores some failures under them
  const told = await provider.refund({
    key: `refund/${refundId}/${day}`,
    ref: row.provider_ref!,
    amountMinor: row.amount_minor,
    currency: row.currency,
    refundId,
    reason: row.reason,
  });
  await db.transaction().execute((tx) => recordRefund(tx, { ...told, refundId }, { announce: false }));
  return told.status;
}
