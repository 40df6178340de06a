// The provider's ledger beside our rows: refunds, those made at the provider's own dashboard among them.
import { type Kysely, sql } from 'kysely';
import type { DB, RefundStatus } from '../../../db/tables.ts';
import type { Ledger, LedgerRefund } from '../../payments/provider.ts';
import { type Check, collect, type Look, readOnly } from './check.ts';
import { comparedUpTo, money, uuidOrNull } from './ledger.ts';
import { missing, tally } from './ledgerMissing.ts';

/** What we know of a refund of the provider's. No order: it returns money that is not ours. */
type Known = {
  ref: string;
  order_id: string | null;
  event_id: string | null;
  refund_id: string | null;
  refund_ref: string | null;
  payment_ref: string | null;
  status: RefundStatus | null;
  amount_minor: number;
  currency: string;
  counted: boolean;
};

/** Every refund of a payment of ours is on record here with its amount, once; and every refund we call made is there. */
export const ledgerRefunds = (provider: string, ledger: Ledger): Check => ({
  name: `ledger/${provider}/refunds`,
  async run(look) {
    const notes = collect(this.name, look);
    const upTo = await comparedUpTo(look);
    const there = tally();
    for await (const page of ledger.refunds()) {
      const told = new Map(page.map((one) => [one.ref, one]));
      notes.looked(page.length);
      for (const ours of await known(look, provider, page, upTo)) {
        const about = [ours.refund_id, ours.order_id, ours.event_id];
        if (ours.counted && ours.refund_ref === ours.ref && !notes.leftOut(about)) there.add(ours.refund_id!);
        const text = fault(told.get(ours.ref)!, ours);
        if (text) notes.add(ours.ref, about, `${ours.ref} at ${provider}: ${text}`);
      }
    }
    await missing(notes, look, there, {
      ids: sql`select r.id, r.provider_ref as ref, o.id as order_id, o.event_id, array[r.id, o.id, o.event_id] as about
        from refunds r join payments y on y.id = r.payment_id join orders o on o.id = r.order_id
        where y.provider = ${provider} and r.status = 'succeeded' and r.updated_at < ${upTo}::timestamptz`,
      isThere: async (ref) => (await ledger.refund(ref)) !== undefined,
      says: (row) => `refund ${row.id} of order ${row.order_id} is made by our rows, but not at ${provider} (${row.ref ?? 'no reference'})`,
    });
    return notes.seen;
  },
});

/** A refund that is pending here is asked about by its order's workflow, whatever the provider says meanwhile. */
function fault(told: LedgerRefund, ours: Known): string | undefined {
  const back = `${money(told.amountMinor, told.currency)} ${told.status === 'failed' ? 'did not go' : 'went'} back`;
  if (!ours.order_id) return undefined; // somebody else's
  const here = `refund ${ours.refund_id} of order ${ours.order_id}`;
  if (!ours.refund_id)
    return told.status === 'failed' ? undefined : `${back} to the buyer of order ${ours.order_id}, of which we know nothing`;
  if (ours.refund_ref !== told.ref) {
    if (told.status === 'failed' || (ours.refund_ref === null && ours.status === 'pending')) return undefined;
    return `${back} for ${here}, which is ${ours.refund_ref ?? 'without a reference'}: made twice`;
  }
  if (told.amountMinor !== ours.amount_minor || told.currency !== ours.currency)
    return `${back}, but ${here} is ${money(ours.amount_minor, ours.currency)}`;
  if (told.paymentRef !== ours.payment_ref) return `${back} of ${told.paymentRef}, but ${here} is of ${ours.payment_ref}`;
  const contrary = ours.status === 'succeeded' ? told.status === 'failed' : ours.status === 'failed' && told.status === 'succeeded';
  return contrary ? `${back}, but ${here} is ${ours.status}` : undefined;
}

/** One page's refunds beside our rows: found by reference, else by the refund that the metadata names, else by the payment's reference. */
async function known({ db, seconds }: Look, provider: string, told: LedgerRefund[], upTo: string): Promise<Known[]> {
  if (!told.length) return [];
  const find = (tx: Kysely<DB>) =>
    sql<Known>`
    select t.ref, o.id as order_id, o.event_id, r.id as refund_id, r.provider_ref as refund_ref, r.payment_ref, r.status, r.amount_minor, r.currency,
      coalesce(r.status = 'succeeded' and r.updated_at < ${upTo}::timestamptz, false) as counted
    from unnest(${told.map((one) => one.ref)}::text[], ${told.map((one) => uuidOrNull(one.refundId))}::uuid[],
        ${told.map((one) => one.paymentRef ?? null)}::text[]) as t (ref, refund_id, payment_ref)
      left join lateral (
        select f.*, p.provider_ref as payment_ref from refunds f join payments p on p.id = f.payment_id
        where p.provider = ${provider} and (f.provider_ref = t.ref or f.id = t.refund_id)
        order by f.provider_ref = t.ref desc nulls last limit 1) r on true
      left join payments y on r.id is null and y.provider = ${provider} and y.provider_ref = t.payment_ref
      left join orders o on o.id = coalesce(r.order_id, y.order_id)`.execute(tx);
  return readOnly(db, seconds, async (tx) => (await find(tx)).rows);
}
