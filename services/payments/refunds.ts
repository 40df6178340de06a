// Refunds: what is owed back, what the provider was asked to send back, and what it says of it.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, RefundStatus } from '../../db/tables.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import { invalidField } from '../shared/errors.ts';
import { isUuid, uuids } from '../shared/ids.ts';
import { payable } from '../shared/money.ts';
import { PAYGATE, type PaymentProvider, type ProviderRefund, type Providers, providerOf } from './provider.ts';

/** Who wants money to go back: an account, an API key, a rule of ours, or somebody at the provider's own dashboard. */
export type Requester = `account/${string}` | `key/${string}` | 'system' | 'provider';

/** How much of a payment (alias `y`) has gone back, or is on its way. */
export const returned = sql<number>`coalesce((select sum(r.amount_minor) from refunds r
  where r.payment_id = y.id and r.status <> 'failed'), 0)::bigint`;

/** An order (alias `o`) of whose money nothing is kept: all that was captured for it has gone back, or is on its way. */
export const allReturned = sql<boolean>`(exists (select from refunds r where r.order_id = o.id and r.status <> 'failed')
  and not exists (select from payments y where y.order_id = o.id and y.status = 'succeeded' and y.amount_minor > ${returned}))`;

/** A refund (alias `r`) that still tells something. One that failed is history once another returns its money. */
export const stands = sql<boolean>`r.replaced_at is null`;

/** A refund (alias `r`) that the bank refused, and whose money is still with us. */
export const staysFailed = sql<boolean>`(r.status = 'failed' and r.replaced_at is null)`;

export type Owed = { paymentId: string; provider: string; currency: string; leftMinor: number };

/** What was captured for the order and has not gone back, nor is on its way: a row for each payment, the oldest first. */
export async function owed(db: Kysely<DB> | Transaction<DB>, orderId: string): Promise<Owed[]> {
  const { rows } = await sql<Owed>`select y.id as "paymentId", y.provider, y.currency, y.amount_minor - ${returned} as "leftMinor"
    from payments y where y.order_id = ${orderId}::uuid and y.status = 'succeeded' and y.amount_minor > ${returned}
    order by y.succeeded_at, y.id`.execute(db);
  return rows;
}

/**
 * Writes pending refunds for what is owed of an order: all of it, or `amountMinor` of it (minor units); of all its payments, or of those
 * named. The order's workflow makes them. However many do so at once, the parts never sum up to more than was captured.
 * @returns how much was written; 0 when all of it is on its way already.
 * @throws DomainError invalid (fields.amount) when the amount is more than is left, or none that a bank can return.
 */
export const owe = async (tx: Transaction<DB>, want: Want): Promise<number> => (await oweParts(tx, want)).amountMinor;

/** `id`: of the first refund that is written, where the caller must be able to find it again. */
type Want = { id?: string; orderId: string; reason: string; requestedBy: Requester; amountMinor?: number; payments?: string[] };

/** The same; with the ids of the refunds that were written. */
export async function oweParts(tx: Transaction<DB>, want: Want): Promise<{ amountMinor: number; ids: string[] }> {
  // Two at once wait here for each other. What is left is read by the next statement, which sees what the first of them wrote.
  await sql`select id from payments where order_id = ${want.orderId}::uuid order by id for update`.execute(tx);
  const left = (await owed(tx, want.orderId)).filter((p) => want.payments?.includes(p.paymentId) ?? true);
  const total = left.reduce((sum, p) => sum + p.leftMinor, 0);
  const amount = want.amountMinor ?? total;
  if (want.amountMinor !== undefined) assertReturnable(want.amountMinor, total, left);

  const ids: string[] = [];
  let rest = amount;
  for (const p of left) {
    const part = Math.min(rest, p.leftMinor);
    rest -= part;
    if (part) ids.push(await insert(tx, { ...p, ...want, id: ids.length ? undefined : want.id, amountMinor: part }));
  }
  return { amountMinor: amount, ids };
}

function assertReturnable(amountMinor: number, leftMinor: number, left: Owed[]): void {
  const wrong = (message: string) => invalidField('amount', message);
  if (!Number.isInteger(amountMinor) || amountMinor < 1) throw wrong('A refund is of a positive amount.');
  if (amountMinor > leftMinor) throw wrong('This is more than is left of what was paid.');
  // The whole rest always goes: it was taken as it is.
  if (amountMinor === leftMinor) return;
  if (payable(amountMinor, left[0]!.currency) !== amountMinor) throw wrong('No bank returns so small a fraction.');
  if (left.some((p) => p.provider === PAYGATE))
    throw wrong('The payment provider of this order returns money only whole: leave the amount out.');
}

async function insert(
  tx: Transaction<DB>,
  r: {
    id?: string;
    orderId: string;
    paymentId: string;
    provider: string;
    amountMinor: number;
    currency: string;
    reason: string;
    requestedBy: string;
  },
): Promise<string> {
  const { rows } = await sql<{
    id: string;
  }>`insert into refunds (id, order_id, payment_id, provider, amount_minor, currency, reason, requested_by)
    values (coalesce(${r.id ?? null}::uuid, gen_random_uuid()), ${r.orderId}::uuid, ${r.paymentId}::uuid, ${r.provider}, ${r.amountMinor}, ${r.currency}, ${r.reason}, ${r.requestedBy})
    returning id`.execute(tx);
  await replaceFailed(tx, r.paymentId);
  return rows[0]!.id;
}

/** What was written for the order under this id, by an earlier run of the same request; undefined when there is none. */
export async function written(
  tx: Transaction<DB>,
  orderId: string,
  id: string,
): Promise<{ ids: string[]; amountMinor: number; currency: string } | undefined> {
  const { rows } = await sql<{ ids: string[]; amountMinor: number; currency: string }>`
    select array[r.id::text] as ids, r.amount_minor as "amountMinor", r.currency from refunds r
    where r.id = ${id}::uuid and r.order_id = ${orderId}::uuid`.execute(tx);
  return rows[0];
}

/** How refunds stand: those of these ids, and one state for all of them. A failed one that was replaced is not counted as failed. */
export async function standing(db: Kysely<DB>, ids: string[]): Promise<{ status: RefundStatus; providerRef: string | null }> {
  const { rows } = await sql<{ status: RefundStatus; providerRef: string | null }>`
    select case when bool_or(r.status = 'failed' and ${stands}) then 'failed' when bool_or(r.status = 'pending') then 'pending' else 'succeeded' end as status,
      min(r.provider_ref) as "providerRef" from refunds r where r.id = any(${uuids(ids)})`.execute(db);
  return rows[0]!;
}

/** Refunds that failed are history once nothing is left of their payment. */
async function replaceFailed(tx: Transaction<DB>, paymentId: string): Promise<void> {
  await sql`update refunds r set replaced_at = now() from payments y
    where y.id = ${paymentId}::uuid and r.payment_id = y.id and ${staysFailed} and y.amount_minor <= ${returned}`.execute(tx);
}

type Row = { id: string; order_id: string; payment_id: string; status: RefundStatus; amount_minor: number; currency: string };

/**
 * Writes what the provider says of a refund. One that is not ours was made at the provider itself: it is written down from the payment it
 * names, and what it leaves of the order is settlement's to decide.
 * @returns ignored: of no payment of ours.
 */
export async function record(
  tx: Transaction<DB>,
  provider: string,
  told: ProviderRefund,
  { announce }: { announce: boolean },
): Promise<'recorded' | 'ignored'> {
  const uuid = told.refundId && isUuid(told.refundId) ? told.refundId : null;
  const { rows } = await sql<Row>`select id, order_id, payment_id, status, amount_minor, currency from refunds
    where provider = ${provider} and (provider_ref = ${told.ref} or id = ${uuid}::uuid) for update`.execute(tx);
  const refund = rows[0] ?? (await meant(tx, provider, told)) ?? (await adopt(tx, provider, told));
  if (!refund) return 'ignored';

  await sql`update refunds set provider_ref = coalesce(provider_ref, ${told.ref}) where id = ${refund.id}::uuid`.execute(tx);
  // Succeeded may still become failed (a closed card): the bank's word is last. Nothing else follows a final state.
  if (refund.status === told.status || refund.status === 'failed' || told.status === 'pending') return 'recorded';
  // What somebody refunded of a confirmed order at the provider, and failed, is his to repeat: we never owed it.
  await sql`update refunds r set status = ${told.status}, failure_message = ${told.failureMessage}, updated_at = now(),
      replaced_at = case when ${told.status} = 'failed' and r.requested_by = 'provider' and o.status = 'confirmed' then now() end
    from orders o where r.id = ${refund.id}::uuid and o.id = r.order_id`.execute(tx);
  await replaceFailed(tx, refund.payment_id);

  if (announce) await outbox.orderChanged(tx, refund.order_id);
  if (told.status === 'succeeded')
    await mails.enqueue(tx, 'refunded', refund.order_id, { amountMinor: refund.amount_minor, currency: refund.currency });
  return 'recorded';
}

/** Our own refund that the provider made and has no name for; undefined if we owe none of this amount. */
async function meant(tx: Transaction<DB>, provider: string, told: ProviderRefund): Promise<Row | undefined> {
  if (!told.unnamed) return undefined;
  const { rows } = await sql<Row>`select r.id, r.order_id, r.payment_id, r.status, r.amount_minor, r.currency
    from payments y join refunds r on r.payment_id = y.id
    where y.provider = ${provider} and y.provider_ref = ${told.paymentRef} and r.status = 'pending' and r.provider_ref is null
      and r.amount_minor = ${told.amountMinor}
    order by r.created_at limit 1 for update`.execute(tx);
  return rows[0];
}

/** Writes a refund that was made at the provider itself, as pending; undefined if its payment is not ours. */
async function adopt(tx: Transaction<DB>, provider: string, told: ProviderRefund): Promise<Row | undefined> {
  if (!told.ref) return undefined;
  const payment = await tx
    .selectFrom('payments')
    .select(['id', 'order_id'])
    .where('provider', '=', provider)
    .where('provider_ref', '=', told.paymentRef)
    .forUpdate()
    .executeTakeFirst();
  if (!payment) return undefined;

  const { rows } = await sql<Row>`
    insert into refunds (order_id, payment_id, provider, provider_ref, amount_minor, currency, reason, requested_by)
    values (${payment.order_id}::uuid, ${payment.id}::uuid, ${provider}, ${told.ref}, ${told.amountMinor}, ${told.currency},
      'made_at_provider', 'provider')
    on conflict (provider, provider_ref) do update set provider_ref = excluded.provider_ref
    returning id, order_id, payment_id, status, amount_minor, currency`.execute(tx);
  if (told.status !== 'failed') await yieldTo(tx, payment.id);
  return rows[0];
}

/** What the provider has returned by itself is not owed any more: our own refunds that are not made yet become that much smaller. */
async function yieldTo(tx: Transaction<DB>, paymentId: string): Promise<void> {
  const { rows } = await sql<{ id: string; amount_minor: number; excess: number }>`
    select r.id, r.amount_minor, ${returned} - y.amount_minor as excess from payments y join refunds r on r.payment_id = y.id
    where y.id = ${paymentId}::uuid and r.status = 'pending' and r.provider_ref is null order by r.created_at desc, r.id for update of r`.execute(
    tx,
  );
  let excess = rows[0]?.excess ?? 0;
  for (const { id, amount_minor } of rows) {
    if (excess <= 0) return;
    if (amount_minor <= excess) await tx.deleteFrom('refunds').where('id', '=', id).execute();
    else
      await tx
        .updateTable('refunds')
        .set({ amount_minor: amount_minor - excess })
        .where('id', '=', id)
        .execute();
    excess -= amount_minor;
  }
}

/** Writes down all refunds that the provider has of a payment: those whose callbacks were lost, and those made at the provider itself. */
export async function learn(db: Kysely<DB>, provider: PaymentProvider, paymentRef: string): Promise<void> {
  const made = await provider.refunds(paymentRef);
  for (const told of made) await db.transaction().execute((tx) => record(tx, provider.name, told, { announce: false }));
}

/** Makes one pending refund at the provider. Safe to repeat. Returns its status: pending means a callback will tell. */
export async function make(db: Kysely<DB>, providers: Providers, refundId: string): Promise<RefundStatus> {
  const read = () =>
    db
      .selectFrom('refunds as r')
      .innerJoin('payments as p', 'p.id', 'r.payment_id')
      .select(['r.status', 'r.amount_minor', 'r.currency', 'r.reason', 'r.provider', 'r.provider_ref', 'p.provider_ref as payment_ref'])
      .where('r.id', '=', refundId)
      .executeTakeFirst();
  const before = await read();
  if (before?.status !== 'pending') return before?.status ?? 'succeeded'; // gone: the provider has returned that money by itself

  // Keys are forgotten after about a day, so a refund that may have been made is looked for before it is made.
  const provider = providerOf(providers, before.provider);
  await learn(db, provider, before.payment_ref!);
  const row = await read();
  if (row?.status !== 'pending' || row.provider_ref) return row?.status ?? 'succeeded';

  const day = Math.floor(Date.now() / 86_400_000); // a new key a day: the provider stores some failures under it
  const told = await provider.refund({
    key: `refund/${refundId}/${row.amount_minor}/${day}`,
    ref: row.payment_ref!,
    amountMinor: row.amount_minor,
    currency: row.currency,
    refundId,
    reason: row.reason,
  });
  await db.transaction().execute((tx) => record(tx, provider.name, { ...told, refundId }, { announce: false }));
  return told.status;
}
