// The provider's ledger beside our rows: payments. Both directions, with memory for one page and 4,096 counters.
import { type Kysely, sql } from 'kysely';
import type { DB, OrderStatus, PaymentStatus } from '../../../db/tables.ts';
import { holdEnd } from '../../payments/attempts.ts';
import type { Ledger, ProviderPayment } from '../../payments/provider.ts';
import { isUuid } from '../../shared/ids.ts';
import { decimal } from '../../shared/money.ts';
import { type Check, collect, cut, type Look, readOnly } from './check.ts';
import { missing, tally } from './ledgerMissing.ts';

export const money = (minor: number, currency: string) => `${decimal(minor, currency)} ${currency}`;
export const uuidOrNull = (id: string | undefined): string | null => (id && isUuid(id) ? id : null);

/** The moment up to which rows are compared by count: what was captured since may still be on its way to us. */
export async function comparedUpTo(look: Look): Promise<string> {
  const { rows } = await sql<{ at: string }>`select ${cut(look.grace)}::text as at`.execute(look.db);
  return rows[0]!.at;
}

/** What we know of a captured payment of the provider's. All null: it names nothing of ours. */
type Known = {
  ref: string;
  order_id: string | null;
  event_id: string | null;
  order_status: OrderStatus | null;
  payment_id: string | null;
  payment_ref: string | null;
  status: PaymentStatus | null;
  amount_minor: number;
  currency: string;
  /** Its order's hold runs, or it has changed within the grace: the callback may be on its way, or the hold's end will ask. */
  under_way: boolean;
  /** Captured long enough ago to be counted. */
  counted: boolean;
};

/** Every captured payment that names one of ours is ours, once, with this amount; and every payment we call captured is there. */
export const ledgerPayments = (provider: string, ledger: Ledger): Check => ({
  name: `ledger/${provider}/payments`,
  async run(look) {
    const notes = collect(this.name, look);
    const upTo = await comparedUpTo(look);
    const there = tally();
    for await (const page of ledger.payments()) {
      const captured = new Map(page.filter((one) => one.receivedMinor > 0).map((one) => [one.ref, one]));
      notes.looked(page.length);
      for (const ours of await known(look, provider, [...captured.values()], upTo)) {
        const about = [ours.payment_id, ours.order_id, ours.event_id];
        if (ours.counted && ours.payment_ref === ours.ref && !notes.leftOut(about)) there.add(ours.payment_id!);
        const text = fault(captured.get(ours.ref)!, ours);
        if (text) notes.add(ours.ref, about, `${ours.ref} at ${provider}: ${text}`);
      }
    }
    await missing(notes, look, there, {
      ids: sql`select y.id, y.provider_ref as ref, o.id as order_id, o.event_id, array[y.id, o.id, o.event_id] as about
        from payments y join orders o on o.id = y.order_id
        where y.provider = ${provider} and y.status = 'succeeded' and y.succeeded_at < ${upTo}::timestamptz`,
      isThere: async (ref) => ((await ledger.payment(ref))?.receivedMinor ?? 0) > 0,
      says: (row) =>
        `payment ${row.id} of order ${row.order_id} is captured by our rows, but not at ${provider} (${row.ref ?? 'no reference'})`,
    });
    return notes.seen;
  },
});

function fault(told: ProviderPayment, ours: Known): string | undefined {
  const captured = `captured ${money(told.receivedMinor, told.currency)}`;
  if (!ours.order_id) return undefined; // somebody else's
  if (!ours.payment_id) return `${captured} for order ${ours.order_id}, of which we know no such payment`;
  if (ours.payment_ref !== null && ours.payment_ref !== told.ref)
    return `${captured} for payment ${ours.payment_id}, which is ${ours.payment_ref}: taken twice`;
  if (ours.status !== 'succeeded')
    return ours.under_way
      ? undefined
      : `${captured} for payment ${ours.payment_id}, which is ${ours.status} here (order ${ours.order_id} is ${ours.order_status})`;
  if (told.receivedMinor !== ours.amount_minor || told.currency !== ours.currency)
    return `${captured}, but payment ${ours.payment_id} of order ${ours.order_id} is ${money(ours.amount_minor, ours.currency)}`;
  return undefined;
}

/** One page's payments beside our rows: found by reference, else by the payment that the metadata names, else by its order. */
async function known({ db, seconds, grace }: Look, provider: string, told: ProviderPayment[], upTo: string): Promise<Known[]> {
  if (!told.length) return [];
  const before = cut(grace);
  const find = (tx: Kysely<DB>) =>
    sql<Known>`
    select t.ref, o.id as order_id, o.event_id, o.status as order_status, y.id as payment_id, y.provider_ref as payment_ref, y.status,
      y.amount_minor, y.currency, coalesce(y.status = 'succeeded' and y.succeeded_at < ${upTo}::timestamptz, false) as counted,
      coalesce(greatest(case when o.status = 'pending' then ${holdEnd} end, o.ended_at, y.updated_at) > ${before}, false) as under_way
    from unnest(${told.map((one) => one.ref)}::text[], ${told.map((one) => uuidOrNull(one.paymentId))}::uuid[],
        ${told.map((one) => uuidOrNull(one.orderId))}::uuid[]) as t (ref, payment_id, order_id)
      left join lateral (
        select * from payments where provider = ${provider} and (provider_ref = t.ref or id = t.payment_id)
        order by provider_ref = t.ref desc nulls last limit 1) y on true
      left join orders o on o.id = coalesce(y.order_id, t.order_id)`.execute(tx);
  return readOnly(db, seconds, async (tx) => (await find(tx)).rows);
}
