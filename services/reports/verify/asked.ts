// A provider that shows no list, beside our rows: it is asked about each payment of ours, with memory for one page.
import { type Kysely, sql } from 'kysely';
import type { DB, OrderStatus, PaymentStatus } from '../../../db/tables.ts';
import { holdEnd } from '../../payments/attempts.ts';
import type { PaymentProvider, ProviderPayment } from '../../payments/provider.ts';
import { isRefusal } from '../../shared/errors.ts';
import { type Check, collect, cut, type Look, readOnly } from './check.ts';
import { money } from './ledger.ts';

const PAGE = 200;
const AT_ONCE = 8;

type Ours = {
  id: string;
  order_id: string;
  event_id: string;
  order_status: OrderStatus;
  ref: string;
  status: PaymentStatus;
  amount_minor: number;
  currency: string;
  /** What went back by our rows, and what of it is only on its way. */
  returned: number;
  pending: number;
  /** Its order's hold runs, or it has changed within the grace. */
  under_way: boolean;
};

/** What we call captured or returned is so there, with our amounts; and nothing is captured, set aside or returned there that we do not know. */
export const askedPayments = (provider: PaymentProvider): Check => ({
  name: `ledger/${provider.name}/payments`,
  async run(look) {
    const notes = collect(this.name, look);
    for (let after = '00000000-0000-0000-0000-000000000000'; !notes.full(); ) {
      const rows = await page(look, provider.name, after);
      for (let i = 0; i < rows.length; i += AT_ONCE)
        await Promise.all(
          rows.slice(i, i + AT_ONCE).map(async (ours) => {
            const text = await fault(provider, ours);
            if (text) notes.add(ours.id, [ours.id, ours.order_id, ours.event_id], `payment ${ours.id} of order ${ours.order_id} ${text}`);
          }),
        );
      notes.looked(rows.length);
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.id;
    }
    return notes.seen;
  },
});

async function fault(provider: PaymentProvider, ours: Ours): Promise<string | undefined> {
  const told = await provider.read(ours.ref).catch((error) => {
    if (isRefusal(error, 'not_found')) return undefined;
    throw error;
  });
  const at = `at ${provider.name} (${ours.ref})`;
  const captured = told?.receivedMinor ?? 0;
  if (ours.status === 'succeeded' && !captured) return `is captured by our rows, but not ${at}`;
  if (!told || ours.under_way) return undefined;
  if (ours.status !== 'succeeded' && captured)
    return `is ${ours.status} here, but captured ${at}: ${money(captured, told.currency)}; its order is ${ours.order_status}`;
  if (ours.status !== 'succeeded' && told.status === 'authorized')
    return `is ${ours.status} here, but its money is set aside ${at}; its order is ${ours.order_status}`;
  if (captured && (captured !== ours.amount_minor || told.currency !== ours.currency))
    return `is ${money(ours.amount_minor, ours.currency)} here, but ${money(captured, told.currency)} ${at}`;
  return captured ? refundFault(ours, await returnedOf(provider, told), at) : undefined;
}

async function returnedOf(provider: PaymentProvider, told: ProviderPayment): Promise<number> {
  if (told.returnedMinor !== undefined) return told.returnedMinor;
  const made = (await provider.refunds(told.ref)).filter(({ status }) => status !== 'failed');
  return made.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

/** A refund that is pending here is asked about by its order's workflow, whatever the provider says meanwhile. */
function refundFault({ returned, pending, currency }: Ours, there: number, at: string): string | undefined {
  if (there >= returned && there <= returned + pending) return undefined;
  return `returned ${money(returned, currency)} by our rows, but ${money(there, currency)} ${at}`;
}

async function page({ db, seconds, grace }: Look, provider: string, after: string): Promise<Ours[]> {
  const before = cut(grace);
  const sum = (status: 'succeeded' | 'pending') =>
    sql`coalesce((select sum(r.amount_minor) from refunds r where r.payment_id = y.id and r.status = ${status}), 0)::bigint`;
  const find = (tx: Kysely<DB>) =>
    sql<Ours>`
    select y.id, y.order_id, o.event_id, o.status as order_status, y.provider_ref as ref, y.status, y.amount_minor, y.currency,
      ${sum('succeeded')} as returned, ${sum('pending')} as pending,
      coalesce(greatest(case when o.status = 'pending' then ${holdEnd} end, o.ended_at, y.updated_at,
        (select max(r.updated_at) from refunds r where r.payment_id = y.id)) > ${before}, false) as under_way
    from payments y join orders o on o.id = y.order_id
    where y.provider = ${provider} and y.provider_ref is not null and y.id > ${after}::uuid order by y.id limit ${PAGE}`.execute(tx);
  return readOnly(db, seconds, async (tx) => (await find(tx)).rows);
}
